// Package command is the command line of trackscribe-simulate: it reads what is
// asked for, has it simulated, and prints how it went. The answer goes to
// stdout, the story to stderr.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/matrix"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/result"
	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// Exit codes, as the trackscribe command has them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitRunFailed   = 3
	exitUnreachable = 4
	exitInterrupted = 130
)

// An Env is what main hands over.
type Env struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	CacheDir       string
	Now            func() time.Time
}

// Main does what the arguments ask for and returns the exit code. An interrupt
// ends the simulation and all it started.
func Main(env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // back to the default: a second signal kills
	return Run(ctx, env)
}

// outcome is an answer that was printed and is no success.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit %d", int(o)) }

// usageError marks what is wrong with the arguments.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// Run does what the arguments ask for under ctx and returns the exit code.
func Run(ctx context.Context, env Env) int {
	err := do(ctx, env)
	var o outcome
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &o):
		return int(o)
	case ctx.Err() != nil:
		fmt.Fprintln(env.Stderr, "error: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(env.Stderr, "error: %v\n", err)
	if hint := steps.Hint(err); hint != "" {
		fmt.Fprintf(env.Stderr, "hint: %s\n", hint)
	}
	var u usageError
	switch {
	case errors.As(err, &u):
		return exitUsage
	case errors.Is(err, store.ErrDenied), errors.Is(err, store.ErrBucketNotFound), store.IsNetwork(err):
		return exitUnreachable
	default:
		return exitError
	}
}

func do(ctx context.Context, env Env) error {
	o := &options{}
	set := flags(o)
	set.SetOutput(io.Discard)
	if err := set.Parse(env.Args); errors.Is(err, pflag.ErrHelp) {
		return help(env.Stdout)
	} else if err != nil {
		return usageError{steps.Wrong("see: trackscribe simulate --help", "%w", err)}
	}
	o.args = set.Args()
	if err := o.check(set); err != nil {
		return usageError{err}
	}
	plan, err := o.plan(ctx, env)
	if err != nil {
		if steps.Classify(err) == steps.Misuse {
			return usageError{err}
		}
		return err
	}
	var log io.Writer
	if o.verbose > 1 {
		log = env.Stderr
	}
	c, err := cluster.Start(ctx, cluster.Options{Now: env.Now, Log: log})
	if err != nil {
		return err
	}
	defer c.Close()
	if o.matrix {
		return o.runMatrix(ctx, env, c)
	}
	return o.run(ctx, env, c, plan)
}

// help prints what the trackscribe command says of this one, so that there is
// one text.
func help(w io.Writer) error {
	c, _, err := cli.Root().Find([]string{"simulate"})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n\nExamples:\n%s\n", c.Long, c.Example)
	return err
}

func (o *options) runMatrix(ctx context.Context, env Env, c *cluster.Cluster) error {
	start := env.Now()
	rows, err := matrix.Run(ctx, c, pipeline.New(), matrix.Cases())
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = printJSON(env.Stdout, rows)
	} else {
		err = matrix.Print(env.Stdout, rows, env.Now().Sub(start))
	}
	if err == nil && matrix.Wrong(rows) > 0 {
		err = outcome(exitError)
	}
	return err
}

func (o *options) run(ctx context.Context, env Env, c *cluster.Cluster, p *plan) error {
	if err := c.Load(ctx, p.workflow.Namespace, p.objects); err != nil {
		return err
	}
	runtime, done, err := p.runtime(ctx, c)
	if err != nil {
		return err
	}
	out, err := c.Run(ctx, cluster.Job{Workflow: p.workflow, Runtime: runtime, Idle: o.hangAfter})
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	r := result.New(out)
	r.Problems = append(r.Problems, done()...)
	if o.output == "json" {
		err = printJSON(env.Stdout, r)
	} else {
		err = r.Print(env.Stdout)
	}
	switch {
	case err != nil:
		return err
	case r.Hangs || len(r.Problems) > 0:
		return outcome(exitError)
	case r.State != "Succeeded":
		return outcome(exitRunFailed)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
