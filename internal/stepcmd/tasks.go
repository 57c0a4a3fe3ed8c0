package stepcmd

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/local"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// limit bounds Go's heap to half of the memory that the tasks are given. The
// rest is room for what the limit does not count, so that a container is not
// killed.
func limit(mib int) { debug.SetMemoryLimit(int64(mib) << 20 / 2) }

// single does one task. Whoever started the process tries it again.
func single(ctx context.Context, env Env, r *runner.Runner, c command, bar *progress) error {
	n, _ := r.Graph.Node(c.names[0])
	limit(n.Policy.Memory)
	bar.begin(1)
	r.Progress = func(_ run.Task, f float64) { bar.set(n.Name(), f) }
	t := run.Task{Recording: c.recording, Run: c.run, Step: n.Name(), Track: c.track, Attempt: c.attempt}
	timed, stop := context.WithTimeout(ctx, n.Policy.Timeout)
	defer stop()
	rec, err := r.Run(timed, t)
	if err != nil && ctx.Err() == nil && timed.Err() != nil {
		return &steps.Error{Class: steps.Transient, Err: fmt.Errorf("not done after %s: %w", n.Policy.Timeout, context.DeadlineExceeded)}
	}
	if err != nil {
		return err
	}
	bar.set(n.Name(), 1)
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

// several does the tasks of a few steps, or of all, in this process: in the
// graph's order, under its retries and timeouts.
func several(ctx context.Context, env Env, r *runner.Runner, c command, bar *progress) error {
	asked, err := runner.LoadRun(ctx, r.Store, c.recording, c.run)
	if err != nil {
		return err
	}
	opt := local.Options{}
	unit := graph.Unit{Nodes: r.Graph.Nodes}
	if c.names[0] != wordRun {
		unit.Nodes = nil
		for _, name := range c.names {
			n, _ := r.Graph.Node(name)
			unit.Nodes = append(unit.Nodes, n)
		}
		opt.Only = c.names
		if c.track >= 0 {
			opt.Track = &c.track
		}
	}
	opt.Pools = graph.PoolSizes(runtime.GOMAXPROCS(0))
	limit(unit.Memory(opt.Pools))
	bar.begin(len(unit.Nodes))
	opt.Runner = func(_ graph.Graph, report func(run.Task, float64)) local.TaskRunner {
		r.Progress = report
		return r
	}
	eng := local.New(opt)
	if err := eng.Deploy(ctx, r.Graph); err != nil {
		return err
	}
	if err := eng.Start(ctx, asked); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = eng.Cancel(context.WithoutCancel(ctx), c.recording, c.run) })
	defer stop()
	var last engine.Event
	var failed *engine.Event
	for ev, err := range eng.Events(context.WithoutCancel(ctx), c.recording, c.run) {
		if err != nil {
			return err
		}
		bar.event(ev)
		last = ev
		if ev.Step == "" || ev.State == engine.Queued || ev.State == engine.Running && ev.Fraction > 0 {
			continue
		}
		fmt.Fprintf(env.Stderr, "%s: %s\n", run.TaskName(ev.Step, ev.Track), ev.Text())
		if ev.State == engine.Failed && failed == nil {
			failed = &ev
		}
	}
	if c.names[0] == wordRun && last.State != engine.Canceled {
		if err := operate.Finish(ctx, r.Store, c.recording, last.End(time.Now())); err != nil {
			return err
		}
	}
	switch {
	case last.State == engine.Succeeded && failed != nil && unit.Spares():
		// The run goes on without it, but whoever looks at the pods should see.
		return ended(*failed, failed.Step)
	case last.State == engine.Succeeded:
		return nil
	case last.State == engine.Canceled:
		return context.Cause(ctx)
	default:
		return ended(last, "")
	}
}

func ended(ev engine.Event, step string) error {
	message := ev.Message
	if step != "" {
		message = step + ": " + message
	}
	return &steps.Error{Class: steps.Class(ev.Exit), Err: fmt.Errorf("%s", message), Tip: ev.Hint}
}
