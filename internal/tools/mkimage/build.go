package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/trackscribe/trackscribe/images"
	"github.com/trackscribe/trackscribe/internal/model"
)

// gcflags keep the compiler from inlining in libraries that are large and not
// hot, which makes the command some 5 MB smaller. The Makefile reads the same
// file.
//
//go:embed gcflags.txt
var gcflags string

type options struct {
	images                       []images.Image
	archs                        []string
	repo, version, revision, out string
	created                      time.Time
}

// A builder makes the images that its options ask for.
type builder struct {
	options
	compile        func(ctx context.Context, im images.Image, arch string) ([]byte, error)
	model          func(ctx context.Context) (images.Layer, error)
	stdout, stderr io.Writer
}

// shared returns the layers of an image that are the same for every
// architecture. They come first, because they change least.
func (b *builder) shared(ctx context.Context, im images.Image) ([]images.Layer, error) {
	layers := []images.Layer{images.BaseLayer()}
	if im.Model {
		m, err := b.model(ctx)
		if err != nil {
			return nil, err
		}
		layers = append(layers, m)
	}
	return layers, nil
}

// build makes an image for each architecture.
func (b *builder) build(ctx context.Context, im images.Image) ([]v1.Image, error) {
	shared, err := b.shared(ctx, im)
	if err != nil {
		return nil, err
	}
	var under []mutate.Addendum
	for _, l := range shared {
		packed, err := b.pack(l)
		if err != nil {
			return nil, err
		}
		under = append(under, packed)
	}
	var built []v1.Image
	for _, arch := range b.archs {
		binary, err := b.program(ctx, im, arch)
		if err != nil {
			return nil, err
		}
		program, err := b.pack(im.ProgramLayer(binary))
		if err != nil {
			return nil, err
		}
		img, err := b.assemble(im, arch, append(under[:len(under):len(under)], program))
		if err != nil {
			return nil, fmt.Errorf("assemble image %s for %s: %w", im.Name, arch, err)
		}
		built = append(built, img)
	}
	return built, nil
}

func (b *builder) program(ctx context.Context, im images.Image, arch string) ([]byte, error) {
	fmt.Fprintf(b.stderr, "compile %s for %s\n", im.Program(), arch)
	return b.compile(ctx, im, arch)
}

// assemble puts a config on layers.
func (b *builder) assemble(im images.Image, arch string, layers []mutate.Addendum) (v1.Image, error) {
	base := mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1)
	base, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS: "linux", Architecture: arch,
		Created: v1.Time{Time: b.created},
		RootFS:  v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User: im.User(), Env: im.Env(), Entrypoint: []string{im.Program()},
			Labels: im.Labels(b.version, b.revision),
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(base, layers...)
}

// A compiler makes static Linux programs whose bytes depend on the sources and
// the Go release alone.
type compiler struct {
	goTool  string
	version string
}

func (c compiler) compile(ctx context.Context, im images.Image, arch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "mkimage-")
	if err != nil {
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	link := "-s -w"
	if im.VersionVar != "" {
		link += " -X " + im.VersionVar + "=" + c.version
	}
	out := filepath.Join(dir, "program")
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", link, "-o", out}
	for flag := range strings.FieldsSeq(gcflags) {
		args = append(args, "-gcflags="+flag)
	}
	cmd := exec.CommandContext(ctx, c.goTool, append(args, im.Main)...)
	// Whatever a user's settings would change in the program is set.
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off")
	if said, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("compile %s for %s: %w\n%s", im.Main, arch, err, said)
	}
	return os.ReadFile(out)
}

// fetchModel returns the layer of the speech model, which npm brings if it is
// not in the folder.
func fetchModel(ctx context.Context, dir string, stderr io.Writer) (images.Layer, error) {
	err := model.Fetch(ctx, dir, model.Exec, func(s string) { fmt.Fprintln(stderr, s) })
	if err != nil {
		return images.Layer{}, err
	}
	return images.ModelLayer(dir)
}
