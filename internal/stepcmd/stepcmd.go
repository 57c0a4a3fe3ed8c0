// Package stepcmd is the step binary: it does one task of one run, or the tasks
// of a few steps that share a pod, or a whole run, and exits with what came of
// it. It knows no engine but the one in this process; whatever starts it passes
// ids.
package stepcmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/internal/world"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
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

// Words that are no step, in place of the steps' names.
const (
	wordRun      = "run"      // the whole graph
	wordConclude = "conclude" // tell the store that the run failed
)

// command is what the arguments say.
type command struct {
	names     []string // of steps, or one of the words
	store     string
	recording string
	run       string
	track     int
	attempt   int
	outputs   string            // folder for what the engine reads and people see
	source    string            // with params: makes run.json where there is none
	params    map[string]string // by name
	status    string            // conclude: what the engine calls the end
}

func do(ctx context.Context, env Env) error {
	g := pipeline.New()
	set, err := settings.Load(env.Getenv)
	if err != nil {
		return err
	}
	c, err := parse(env, g, set)
	if err != nil {
		return err
	}
	s3 := open.FromSettings(set)
	st, err := open.Open(ctx, c.store, s3)
	if err != nil {
		return steps.Wrong("", "%w", err)
	}
	if c.names[0] == wordConclude {
		return conclude(ctx, env, g, st, c)
	}
	if c.source != "" {
		if err := operate.Ensure(ctx, g, st, c.recording, c.run, c.source, c.params, time.Now()); err != nil {
			return err
		}
	}
	w := world.New(world.Options{Store: st, ModelDir: model.Dir(set.ModelDir, env.CacheDir), Settings: set, Now: time.Now})
	r := &runner.Runner{Graph: g, Store: st, Steps: w.Step, Scratch: set.Scratch, Now: time.Now}
	bar := &progress{path: env.Getenv("ARGO_PROGRESS_FILE")}
	if len(c.names) == 1 && c.names[0] != wordRun {
		err = single(ctx, env, r, c, bar)
	} else {
		err = several(ctx, env, r, c, bar)
	}
	if c.outputs == "" {
		return err
	}
	// What was made is shown although something else failed.
	return errors.Join(err, export(ctx, g, st, c))
}

func parse(env Env, g graph.Graph, set settings.Settings) (command, error) {
	c := command{params: map[string]string{}}
	args := env.Args
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		c.names, args = append(c.names, args[0]), args[1:]
	}
	if len(c.names) == 0 {
		var names []string
		for _, n := range g.Nodes {
			names = append(names, n.Name())
		}
		return c, steps.Wrong("steps: "+strings.Join(names, ", ")+"; run: all of them", "usage: step NAME... --store LOCATION --recording ID --run ID [--track N]")
	}
	f := flag.NewFlagSet("step "+strings.Join(c.names, " "), flag.ContinueOnError)
	f.SetOutput(env.Stderr)
	f.StringVar(&c.store, "store", set.Store, "folder or s3:// prefix for artifacts and results (default: TRACKSCRIBE_STORE)")
	f.StringVar(&c.recording, "recording", "", "recording id")
	f.StringVar(&c.run, "run", "", "run id")
	f.IntVar(&c.track, "track", -1, "index of the track, for a step that fans out")
	f.IntVar(&c.attempt, "attempt", 0, "number of the attempt (default: one more than the last that failed)")
	f.StringVar(&c.outputs, "outputs", "", "folder for the list of tracks and for what people may look at")
	f.StringVar(&c.source, "source", "", "folder or s3:// prefix of the raw tracks: makes the run's run.json unless it is there")
	f.StringVar(&c.status, "status", "", "conclude: how the engine says the run ended")
	f.Func("param", "a parameter as name=value, with --source", func(v string) error {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return fmt.Errorf("%q is not name=value", v)
		}
		c.params[name] = value
		return nil
	})
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, steps.Wrong("", "%w", err)
	}
	if f.NArg() > 0 || c.store == "" || c.recording == "" || c.run == "" {
		return c, steps.Wrong("see: step "+c.names[0]+" --help", "--store, --recording and --run are needed, and nothing else")
	}
	return c, check(g, c)
}

// check refuses names that are no steps, or cannot go together.
func check(g graph.Graph, c command) error {
	if len(c.names) == 1 && (c.names[0] == wordRun || c.names[0] == wordConclude) {
		return nil
	}
	for _, name := range c.names {
		if _, err := runner.Node(g, name, c.track); err != nil {
			return err
		}
	}
	return nil
}

// conclude writes how the run ended, for an engine that only knows the end.
func conclude(ctx context.Context, env Env, g graph.Graph, st store.Store, c command) error {
	state, ok := map[string]string{"Failed": run.Failed, "Error": run.Failed, "Succeeded": run.Succeeded}[c.status]
	if !ok {
		return steps.Wrong("use Succeeded, Failed or Error", "status %q is not known", c.status)
	}
	end, err := operate.Conclude(ctx, g, st, c.recording, c.run, state, time.Now())
	if err == nil {
		fmt.Fprintf(env.Stderr, "run %s: %s\n", end.State, end.Message)
	}
	return err
}
