package local

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// nodeRun is one node of a run in progress. Its results are read only after
// ended is closed.
type nodeRun struct {
	x     *execution
	node  graph.Node
	ended chan struct{}

	absent string // why it did not run and never will
	err    error  // why it failed
	hint   string
	exit   int

	// A fan-out's tracks, known once listed is closed, so that the next step of
	// a track need not wait for the other tracks.
	listed   chan struct{}
	listOnce sync.Once
	tracks   map[int]*trackRun
}

// trackRun is one track's task of a fan-out; err is read after ended is closed.
type trackRun struct {
	ended chan struct{}
	err   error
}

func (n *nodeRun) run(ctx context.Context, nodes map[string]*nodeRun) {
	defer close(n.ended)
	defer n.list(nil) // whoever waits for tracks must not wait for ever
	if !n.wait(ctx, nodes) {
		return
	}
	if n.node.Each == "" {
		if err := n.task(ctx, -1); err != nil {
			n.fail(-1, err)
		}
		return
	}
	tracks, err := n.x.tasks.Tracks(ctx, n.x.run.Recording, n.x.run.ID, n.node.Each)
	if err != nil {
		n.fail(-1, err)
		return
	}
	if one := n.x.engine.opt.Track; one != nil {
		tracks = []int{*one}
	}
	if len(tracks) == 0 {
		n.x.emit(engine.Event{Step: n.node.Name(), Track: -1, State: engine.Skipped, Message: engine.NoTracks})
		return
	}
	n.list(tracks)
	n.fanOut(ctx, tracks, nodes)
}

func (n *nodeRun) list(tracks []int) {
	n.listOnce.Do(func() {
		n.tracks = map[int]*trackRun{}
		for _, t := range tracks {
			n.tracks[t] = &trackRun{ended: make(chan struct{})}
		}
		close(n.listed)
	})
}

// alike reports whether p fans out as n does, so that each track of n only
// waits for its own track of p.
func (n *nodeRun) alike(p *nodeRun) bool { return n.node.Each != "" && n.node.Each == p.node.Each }

// fanOut runs the node's task for every track. One that fails for good ends
// the others: the run cannot succeed any more.
func (n *nodeRun) fanOut(ctx context.Context, tracks []int, nodes map[string]*nodeRun) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, track := range tracks {
		n.x.emit(engine.Event{Step: n.node.Name(), Track: track, Tracks: len(tracks), State: engine.Queued})
		all.Go(func() {
			tr := n.tracks[track]
			defer close(tr.ended)
			if tr.err = n.chain(track, nodes); tr.err == nil {
				tr.err = n.task(ctx, track)
			}
			if tr.err != nil && !n.node.Optional {
				cancel(errGivenUp)
			}
		})
	}
	all.Wait()
	for _, track := range tracks {
		if err := n.tracks[track].err; err != nil && !errors.Is(err, errGivenUp) {
			n.fail(track, err)
			return
		}
	}
	for _, tr := range n.tracks {
		if tr.err != nil {
			n.absent = "a track failed before it"
		}
	}
}

// chain waits for the same track in the nodes before this one.
func (n *nodeRun) chain(track int, nodes map[string]*nodeRun) error {
	for _, name := range n.x.graph.Parents(n.node) {
		if p := nodes[name]; p != nil && n.alike(p) {
			tr := p.tracks[track]
			if tr == nil {
				return errGivenUp
			}
			if <-tr.ended; tr.err != nil && n.x.graph.Requires(n.node, name) {
				return errGivenUp
			}
		}
	}
	return nil
}

// errGivenUp ends the siblings of a task that failed for good. It counts as
// canceled, so that they are not taken for failures of their own.
var errGivenUp = fmt.Errorf("given up: another track failed: %w", context.Canceled)

// wait returns whether the node can run, once all its parents have ended.
func (n *nodeRun) wait(ctx context.Context, nodes map[string]*nodeRun) bool {
	for _, name := range n.x.graph.Parents(n.node) {
		p := nodes[name]
		if p == nil {
			continue
		}
		if n.alike(p) {
			<-p.listed
			continue
		}
		<-p.ended // parents end soon after ctx does
		if p.err == nil && p.absent == "" || !n.x.graph.Requires(n.node, name) {
			continue
		}
		if n.absent == "" {
			n.absent = fmt.Sprintf("%s is missing", name)
			if p.err != nil {
				n.absent = fmt.Sprintf("%s failed", name)
			}
		}
	}
	if err := context.Cause(ctx); err != nil {
		n.err = err
		n.x.emit(engine.Event{Step: n.node.Name(), Track: -1, State: engine.Canceled})
		return false
	}
	if n.absent != "" {
		n.x.emit(engine.Event{Step: n.node.Name(), Track: -1, State: engine.Skipped, Message: n.absent})
		return false
	}
	return true
}

func (n *nodeRun) fail(track int, err error) {
	n.err, n.hint, n.exit = fmt.Errorf("%s: %w", run.TaskName(n.node.Name(), track), err), steps.Hint(err), int(steps.Classify(err))
}

// task runs one task to its end: attempts under the node's policy, in its pool.
func (n *nodeRun) task(ctx context.Context, track int) error {
	t := run.Task{Recording: n.x.run.Recording, Run: n.x.run.ID, Step: n.node.Name(), Track: track}
	ev := engine.Event{Step: t.Step, Track: track, Optional: n.node.Optional || n.node.Step.SideEffect}
	start := n.x.engine.opt.Now()
	for t.Attempt = 1; ; t.Attempt++ {
		rec, err := n.attempt(ctx, t, ev)
		ev.Attempt, ev.Took = t.Attempt, n.x.engine.opt.Now().Sub(start)
		if err == nil {
			ev.State, ev.Message = engine.Succeeded, rec.Skipped
			switch {
			case rec.Skipped != "":
				ev.State = engine.Skipped
			case rec.Cached != "":
				ev.State = engine.Cached
			}
			n.x.emit(ev)
			return nil
		}
		if cause := context.Cause(ctx); cause != nil {
			ev.State, ev.Message = engine.Canceled, cause.Error()
			n.x.emit(ev)
			return cause
		}
		ev.Message, ev.Hint, ev.Exit = err.Error(), steps.Hint(err), int(steps.Classify(err))
		wait, again := n.node.Policy.Retry.Wait(t.Attempt)
		if !again || steps.Classify(err) != steps.Transient {
			ev.State = engine.Failed
			n.x.emit(ev)
			return err
		}
		ev.State, ev.Wait = engine.Retrying, wait
		n.x.emit(ev)
		ev.Message, ev.Hint, ev.Exit, ev.Wait = "", "", 0, 0
		if err := n.x.engine.opt.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// attempt runs one attempt inside the pool and the node's timeout.
func (n *nodeRun) attempt(ctx context.Context, t run.Task, ev engine.Event) (run.Receipt, error) {
	pool := n.x.engine.pools[n.node.Policy.Pool]
	select {
	case pool <- struct{}{}:
		defer func() { <-pool }()
	case <-ctx.Done():
		return run.Receipt{}, context.Cause(ctx)
	}
	ev.State, ev.Attempt = engine.Running, t.Attempt
	n.x.emit(ev)
	timed, cancel := context.WithTimeout(ctx, n.node.Policy.Timeout)
	defer cancel()
	rec, err := n.x.tasks.Run(timed, t)
	if err != nil && errors.Is(timed.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		err = &steps.Error{Class: steps.Transient, Err: fmt.Errorf("not done after %s: %w", n.node.Policy.Timeout, context.DeadlineExceeded)}
	}
	return rec, err
}
