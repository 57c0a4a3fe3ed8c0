// Command mkimage builds the container images that package images describes,
// without a container engine.
//
//	mkimage archive   write each image, for each architecture, as an OCI archive
//	mkimage push      push each image with all its architectures to a registry
//	mkimage files     write the files of one image into a folder per layer
//
// It promises the same bytes, and so the same digests, for the same sources,
// Go release, version, revision and time, on any machine. The time comes from
// SOURCE_DATE_EPOCH and is the epoch without it. What it made goes to standard
// output, what it is doing to standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/trackscribe/trackscribe/images"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/steps"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cache, _ := os.UserCacheDir() // without one the model's folder must be given
	os.Exit(run(ctx, env{
		args: os.Args[1:], stdout: os.Stdout, stderr: os.Stderr,
		epoch: os.Getenv("SOURCE_DATE_EPOCH"), modelDir: model.Dir(os.Getenv("TRACKSCRIBE_MODEL_DIR"), cache),
	}))
}

// env is what main takes from outside.
type env struct {
	args           []string
	stdout, stderr io.Writer
	epoch          string
	modelDir       string
}

// errUsage marks an error of whoever called.
var errUsage = errors.New("see: mkimage -help")

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, e env) int {
	err := do(ctx, e)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(e.stderr, "mkimage:", err)
		return 2
	}
	fmt.Fprintln(e.stderr, "mkimage:", err)
	if hint := steps.Hint(err); hint != "" {
		fmt.Fprintln(e.stderr, "hint:", hint)
	}
	return 1
}

func do(ctx context.Context, e env) error {
	verb := ""
	if len(e.args) > 0 && !strings.HasPrefix(e.args[0], "-") {
		verb, e.args = e.args[0], e.args[1:]
	}
	f := flag.NewFlagSet("mkimage archive|push|files", flag.ContinueOnError)
	f.SetOutput(e.stderr)
	var (
		which    = f.String("image", "step,cli", "which images")
		arch     = f.String("arch", "amd64,arm64", "for which architectures")
		repo     = f.String("repo", "", "registry and name that -step:VERSION and -cli:VERSION are put behind")
		version  = f.String("version", "dev", "version that the images are tagged with and the CLI prints")
		revision = f.String("revision", "", "commit that is built")
		out      = f.String("out", "out", "folder to write to")
		goTool   = f.String("go", "go", "Go command")
	)
	if err := f.Parse(e.args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	o := options{repo: *repo, version: *version, revision: *revision, out: *out}
	var err error
	if o.images, err = pick(*which, images.All(), func(i images.Image) string { return i.Name }); err != nil {
		return err
	}
	if o.archs, err = pick(*arch, []string{"amd64", "arm64"}, func(a string) string { return a }); err != nil {
		return err
	}
	if o.created, err = parseEpoch(e.epoch); err != nil {
		return err
	}
	b := &builder{
		options: o,
		compile: compiler{goTool: *goTool, version: *version}.compile,
		model:   func(ctx context.Context) (images.Layer, error) { return fetchModel(ctx, e.modelDir, e.stderr) },
		stdout:  e.stdout,
		stderr:  e.stderr,
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; %w", f.Arg(0), errUsage)
	case verb == "files":
		return b.files(ctx)
	case verb == "archive":
		if b.repo == "" {
			b.repo = "trackscribe"
		}
		return b.archives(ctx)
	case verb == "push" && b.repo == "":
		return fmt.Errorf("push needs -repo REGISTRY/NAME (make push IMAGE_REPO=…); %w", errUsage)
	case verb == "push":
		return b.push(ctx)
	default:
		return fmt.Errorf("unknown verb %q: archive, push or files; %w", verb, errUsage)
	}
}

// pick returns the members of all that list names, separated by commas, in
// the order of all.
func pick[T any](list string, all []T, called func(T) string) ([]T, error) {
	var names []string
	for _, t := range all {
		names = append(names, called(t))
	}
	asked := strings.Split(list, ",")
	for _, a := range asked {
		if !slices.Contains(names, a) {
			return nil, fmt.Errorf("unknown %q: one of %s; %w", a, strings.Join(names, ", "), errUsage)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !slices.Contains(asked, called(t)) }), nil
}

// parseEpoch reads the time of everything that is built.
//
// Convention: https://reproducible-builds.org/specs/source-date-epoch/
func parseEpoch(s string) (time.Time, error) {
	if s == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds; %w", s, errUsage)
	}
	return time.Unix(n, 0).UTC(), nil
}

// reference is what an image is called.
func (o *options) reference(im images.Image) (name.Tag, error) {
	if o.version == "latest" {
		return name.Tag{}, fmt.Errorf("the version %q says nothing; %w", o.version, errUsage)
	}
	ref, err := name.NewTag(o.repo + "-" + im.Name + ":" + o.version)
	if err != nil {
		return name.Tag{}, fmt.Errorf("name image %s: %w; %w", im.Name, err, errUsage)
	}
	return ref, nil
}
