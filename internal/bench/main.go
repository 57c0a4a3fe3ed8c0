// Command bench measures what Trackscribe's steps cost beside ffmpeg doing the
// same work, on generated recordings, and prints both with their ratios and
// the bounds that the project promises.
//
// What is measured is the step binary itself, one process per step, as it runs
// in a container: reading its inputs from the store, checking them, the work,
// writing outputs and receipt. The other side is one ffmpeg process per
// command. Costs come from the kernel (wait4's rusage): processor seconds, user
// and system; seconds on the wall; peak resident memory. Both sides run in
// turn.
//
// The recordings are made anew each time, in seconds, and always the same: see
// package audiotest. The table goes to stdout, progress to stderr. A bound that
// is missed does not make the program fail unless -check is given.
//
// It will not measure on other than Unix systems, correct for what else the
// machine does, or judge how anything sounds.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := execute(ctx, os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errMissed):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "bench:", cmp.Or(context.Cause(ctx), err))
		os.Exit(2)
	}
}

// errMissed says that a bound was missed and -check given.
var errMissed = errors.New("a bound was missed")

// options are the command line.
type options struct {
	minutes, short float64
	rounds         int
	speech         string
	ffmpeg, step   string
	dir            string
	transcribe     bool
	check          bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Float64Var(&o.minutes, "minutes", 60, "length of the recording")
	f.Float64Var(&o.short, "short", 10, "length of the recording that memory is compared with")
	f.IntVar(&o.rounds, "rounds", 1, "how often both sides are measured; the minimum counts")
	f.StringVar(&o.speech, "speech", "examples/standup/tracks", "folder of tracks with real speech, for transcription")
	f.StringVar(&o.ffmpeg, "ffmpeg", "ffmpeg", "the ffmpeg to compare with")
	f.StringVar(&o.step, "step", "", "the step binary to measure (default: built from this module)")
	f.StringVar(&o.dir, "dir", "", "folder for files, about 10 MB a minute (default: the system's for temporary files)")
	f.BoolVar(&o.transcribe, "transcribe", true, "measure transcription, which needs the speech model")
	f.BoolVar(&o.check, "check", false, "exit with 1 when a bound is missed")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.minutes <= 0 || o.short <= 0 || o.rounds < 1 || f.NArg() > 0 {
		return o, errors.New("want positive -minutes, -short and -rounds, and nothing else")
	}
	o.short = min(o.short, o.minutes)
	return o, nil
}

func execute(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == generateCommand {
		return generate(args[1:])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp(o.dir, "trackscribe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	b := &bench{options: o, dir: root, machine: newMachine(), say: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}}
	if err := b.setUp(ctx); err != nil {
		return err
	}
	t, err := b.measure(ctx)
	if err != nil {
		return err
	}
	if err := t.write(os.Stdout); err != nil {
		return err
	}
	if o.check && t.missed > 0 {
		return errMissed
	}
	return nil
}

// A bench is one run of the program.
type bench struct {
	options
	dir     string // everything that is written lies here
	machine machine
	peer    *peer // nil without ffmpeg
	say     func(format string, args ...any)
}

// setUp builds what is measured and makes what it is measured on.
func (b *bench) setUp(ctx context.Context) error {
	if b.step == "" {
		b.say("building the step binary")
		b.step = filepath.Join(b.dir, "step")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.step, "github.com/trackscribe/trackscribe/cmd/step")
		build.Env = append(build.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build step binary: %w", err)
		}
	}
	if path, err := exec.LookPath(b.ffmpeg); err == nil {
		b.peer = &peer{path: path, machine: b.machine, dir: filepath.Join(b.dir, "ffmpeg")}
		if err := os.Mkdir(b.peer.dir, 0o755); err != nil {
			return err
		}
	} else {
		b.say("no %s on PATH: measuring trackscribe alone", b.ffmpeg)
	}
	b.say("generating recordings")
	for _, minutes := range []float64{b.minutes, b.short} {
		if err := b.generate(ctx, meetingKind, b.recording(minutes), minutes); err != nil {
			return err
		}
	}
	if b.transcribe {
		return b.generate(ctx, speechKind, b.speechRecording(), b.speechMinutes())
	}
	return nil
}

func (b *bench) recording(minutes float64) string {
	return filepath.Join(b.dir, fmt.Sprintf("meeting-%g", minutes))
}

func (b *bench) speechRecording() string { return filepath.Join(b.dir, "speech") }

// speechMinutes is how much dense speech is transcribed.
func (b *bench) speechMinutes() float64 { return min(b.minutes, 5) }
