// Command cluster measures what running the pipeline on a cluster costs beside
// the work itself: the makespan of a recording of four silent tracks of two
// seconds with one pod per step, with one per group of steps, and with one for
// the whole run. Beside each stands the floor: the same rendered template with
// pods that do nothing, in the same run of this program, one after the other.
//
// The overhead is the makespan without the critical path of the steps' own
// time, which their receipts tell. The table goes to stdout, progress to stderr.
//
// The figures mean something only where nothing else runs; the load average is
// printed with them. internal/e2e/run.sh prepares the cluster and the images.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
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
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(2)
	}
}

// errMissed says that a bound was missed and -check given.
var errMissed = errors.New("a bound was missed")

// options are the command line.
type options struct {
	cli, image, floor, bucket string
	endpoint, endpointInPods  string
	rounds                    int
	check                     bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("cluster", flag.ContinueOnError)
	f.StringVar(&o.cli, "cli", "", "path of the trackscribe command")
	f.StringVar(&o.image, "image", "", "step image on the nodes")
	f.StringVar(&o.floor, "floor", "", "image whose steps do nothing with STANDIN_NOOP=4")
	f.StringVar(&o.bucket, "bucket", "", "bucket to work in")
	f.StringVar(&o.endpoint, "endpoint", "", "URL of the S3 server, from here")
	f.StringVar(&o.endpointInPods, "endpoint-in-pods", "", "URL of the S3 server, from pods")
	f.IntVar(&o.rounds, "rounds", 1, "how often each is measured; the mean counts, because Argo's clock has whole seconds")
	f.BoolVar(&o.check, "check", false, "exit with 1 when a makespan is more than 15 % over its floor")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || f.NArg() > 0 {
		return o, errors.New("want positive -rounds, and nothing but flags")
	}
	return o, nil
}

// bound is how far over the floor a makespan may be.
const bound = 1.15

func execute(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	p, err := newPlace(ctx, o)
	if err != nil {
		return err
	}
	defer p.remove(context.WithoutCancel(ctx))
	fmt.Printf("load average before: %s\n", load())
	missed := false
	var table [][]string
	for _, g := range []string{"step", "fused", "run"} {
		m, err := p.measure(ctx, g)
		if err != nil {
			return err
		}
		ratio := m.makespan / m.floor
		missed = missed || ratio > bound
		table = append(table, []string{
			g, seconds(m.makespan), seconds(m.floor), fmt.Sprintf("%.2f", ratio), seconds(m.critical), seconds(m.makespan - m.critical),
		})
	}
	fmt.Printf("load average after:  %s\n\n", load())
	write(os.Stdout, []string{"granularity", "makespan", "floor", "ratio", "critical path", "overhead"}, table)
	fmt.Printf("\nbound on the ratio: %.2f\n", bound)
	if o.check && missed {
		return errMissed
	}
	return nil
}
