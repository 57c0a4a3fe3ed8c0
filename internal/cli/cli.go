// Package cli is the trackscribe command: one file per verb, each of which
// parses its flags, calls the operation and prints the answer. It is the only
// package that knows cobra. The answer goes to stdout, the story to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
)

// Exit codes of the command.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitUsage       = 2
	ExitRunFailed   = 3
	ExitUnreachable = 4
	ExitInterrupted = 130
)

// An Env is everything around the command: what main gives it, and what tests
// replace.
type Env struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv reads one environment variable; empty when it is not set.
	Getenv func(string) string
	// CacheDir and ConfigDir are the user's folders for caches and settings, or
	// "" when there is none.
	CacheDir, ConfigDir string
	// Config is the settings file that a flag names.
	Config string
	// Terminal reports whether stderr is a terminal, and its width.
	Terminal bool
	Width    int

	warned bool // of who may read the settings file
}

// Main runs the command and returns its exit code. The first interrupt ends
// the work and keeps what is finished; the second ends the process.
func Main(env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // back to the default: a second signal kills
	return Run(ctx, env)
}

// Run runs the command under ctx and returns its exit code.
func Run(ctx context.Context, env Env) int {
	root := newRoot(&env)
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && !isExit(err) {
		err = &exitError{code: ExitInterrupted, err: errors.New("interrupted")}
	}
	return report(&env, err)
}

// Root returns the command tree, for the generated reference.
func Root() *cobra.Command { return newRoot(&Env{Getenv: func(string) string { return "" }}) }

// report prints an error and the hint that goes with it, and returns the exit
// code.
func report(env *Env, err error) int {
	if err == nil {
		return ExitOK
	}
	var e *exitError
	if errors.As(err, &e) && e.err == nil {
		return e.code
	}
	fmt.Fprintf(env.Stderr, "error: %v\n", err)
	if hint := steps.Hint(err); hint != "" {
		fmt.Fprintf(env.Stderr, "hint: %s\n", hint)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var e *exitError
	switch {
	case errors.As(err, &e):
		return e.code
	case errors.Is(err, store.ErrDenied), errors.Is(err, store.ErrBucketNotFound), store.IsNetwork(err):
		return ExitUnreachable
	default:
		return ExitError
	}
}

// exitError carries an exit code to the end. Without an error nothing more is
// printed.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }
func (e *exitError) Hint() string  { return e.hint }

func isExit(err error) bool {
	var e *exitError
	return errors.As(err, &e)
}

// usage returns an error for a command line that makes no sense.
func usage(hint, format string, args ...any) error {
	return &exitError{code: ExitUsage, err: fmt.Errorf(format, args...), hint: hint}
}
