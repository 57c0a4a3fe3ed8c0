// Package stepcmd is the step binary: it does one task of one run and exits
// with what came of it. It knows no engine; whatever starts it passes ids.
package stepcmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/internal/world"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// Exit codes, beside the classes of [steps.Class].
const (
	ExitDone       = 0
	ExitInterrupt  = 130
	ExitTerminated = 143
)

// An Env is what main hands over.
type Env struct {
	Args           []string
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	CacheDir       string
}

// Main does the task and returns the exit code.
func Main(env Env) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		signal.Stop(signals) // a second one kills
		cancel(interrupted{s})
	}()
	return Run(ctx, env)
}

// interrupted is the cause of a context that a signal ended. It counts as
// canceled, so that the runner does not take it for a failure.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string     { return "interrupted by " + i.signal.String() }
func (i interrupted) Is(err error) bool { return err == context.Canceled }

// Run does the task under ctx and returns the exit code.
func Run(ctx context.Context, env Env) int {
	err := do(ctx, env)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return ExitDone
	}
	var sig interrupted
	if errors.As(context.Cause(ctx), &sig) {
		fmt.Fprintf(env.Stderr, "error: %v\n", sig)
		if sig.signal == os.Interrupt {
			return ExitInterrupt
		}
		return ExitTerminated
	}
	fmt.Fprintf(env.Stderr, "error: %v\n", err)
	if hint := steps.Hint(err); hint != "" {
		fmt.Fprintf(env.Stderr, "hint: %s\n", hint)
	}
	return int(steps.Classify(err))
}

func do(ctx context.Context, env Env) error {
	g := pipeline.New()
	var names []string
	for _, n := range g.Nodes {
		names = append(names, n.Name())
	}
	if len(env.Args) == 0 || strings.HasPrefix(env.Args[0], "-") {
		return steps.Wrong("steps: "+strings.Join(names, ", "), "usage: step NAME --store LOCATION --recording ID --run ID [--track N]")
	}
	t := run.Task{Step: env.Args[0]}
	f := flag.NewFlagSet("step "+t.Step, flag.ContinueOnError)
	f.SetOutput(env.Stderr)
	location := f.String("store", "", "folder or s3:// prefix for artifacts and results")
	f.StringVar(&t.Recording, "recording", "", "recording id")
	f.StringVar(&t.Run, "run", "", "run id; its run.json must be in the store")
	f.IntVar(&t.Track, "track", -1, "index of the track, for a step that fans out")
	f.IntVar(&t.Attempt, "attempt", 1, "number of the attempt, from 1")
	if err := f.Parse(env.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return steps.Wrong("", "%w", err)
	}
	if f.NArg() > 0 || *location == "" || t.Recording == "" || t.Run == "" {
		return steps.Wrong("see: step "+t.Step+" --help", "--store, --recording and --run are needed, and nothing else")
	}
	set, err := settings.Load(env.Getenv)
	if err != nil {
		return err
	}
	s3 := open.Options{Region: set.S3Region, Endpoint: set.S3Endpoint, PathStyle: set.S3PathStyle}
	st, err := open.Open(ctx, *location, s3)
	if err != nil {
		return steps.Wrong("", "%w", err)
	}
	if n, ok := g.Node(t.Step); ok {
		// Half of what the step is given is for Go's heap. The rest is room for
		// what the limit does not count, so that a container is not killed.
		debug.SetMemoryLimit(int64(n.Policy.Memory) << 20 / 2)
	}
	w := world.New(world.Options{Store: st, S3: s3, ModelDir: model.Dir(set.ModelDir, env.CacheDir)})
	r := &runner.Runner{Graph: g, Store: st, Steps: w.Step, Scratch: set.Scratch, Now: time.Now}
	rec, err := r.Run(ctx, t)
	if err != nil {
		return err
	}
	switch {
	case rec.Skipped != "":
		fmt.Fprintf(env.Stderr, "%s: skipped: %s\n", t, rec.Skipped)
	case rec.Cached != "":
		fmt.Fprintf(env.Stderr, "%s: done before, taken over\n", t)
	default:
		fmt.Fprintf(env.Stderr, "%s: done, %d files\n", t, len(rec.Outputs))
	}
	return nil
}
