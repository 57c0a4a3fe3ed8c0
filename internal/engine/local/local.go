// Package local is the engine that runs graphs in its own process. It needs
// nothing beside a store: no cluster, no database. A run that died with its
// process goes on where it was when it is started again, because receipts say
// what is done.
package local

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// TaskRunner does one task; package runner has the real one.
type TaskRunner interface {
	// Run does the task and returns its receipt. It is idempotent.
	Run(ctx context.Context, t run.Task) (run.Receipt, error)
	// Tracks returns what a fan-out runs over, once its source has ended.
	Tracks(ctx context.Context, recording, id string, each graph.Ref) ([]int, error)
}

// Options set up an engine.
type Options struct {
	// Runner makes the task runner of a graph. progress may be called from any
	// goroutine.
	Runner func(g graph.Graph, progress func(t run.Task, fraction float64)) TaskRunner
	// Pools bounds how many tasks run at once, by pool. A pool that is not
	// listed runs one at a time.
	Pools map[graph.Pool]int
	// Only restricts a run to these nodes; those before them have ended
	// elsewhere. Empty: all nodes.
	Only []string
	// Track restricts fan-outs to one track. Nil: all tracks.
	Track *int
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Sleep waits between attempts; it returns early with the context's
	// error. Nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Engine runs graphs in-process.
type Engine struct {
	opt   Options
	pools map[graph.Pool]chan struct{}

	mu     sync.Mutex
	graphs map[string]graph.Graph // by digest
	runs   map[string]*execution  // by recording/run
}

var _ engine.Engine = (*Engine)(nil)

// New returns an engine.
func New(opt Options) *Engine {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Sleep == nil {
		opt.Sleep = sleep
	}
	e := &Engine{opt: opt, pools: map[graph.Pool]chan struct{}{}, graphs: map[string]graph.Graph{}, runs: map[string]*execution{}}
	for _, p := range []graph.Pool{graph.IO, graph.CPU, graph.ASR, graph.LLM} {
		e.pools[p] = make(chan struct{}, max(1, opt.Pools[p]))
	}
	return e
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Deploy implements [engine.Engine].
func (e *Engine) Deploy(_ context.Context, g graph.Graph) error {
	if err := g.Validate(); err != nil {
		return fmt.Errorf("graph %q: %w", g.Name, err)
	}
	for _, n := range g.Nodes {
		if e.pools[n.Policy.Pool] == nil {
			return fmt.Errorf("graph %q: node %q: no pool %q", g.Name, n.Name(), n.Policy.Pool)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.graphs[g.Digest()] = g
	return nil
}

// Start implements [engine.Engine]. The run lives until it ends or is
// canceled; ctx only bounds the call.
func (e *Engine) Start(ctx context.Context, r run.Run) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	g, ok := e.graphs[r.Graph.Digest]
	if !ok {
		return fmt.Errorf("start run %q: graph %q is not deployed", r.ID, r.Graph.Digest)
	}
	id := r.Recording + "/" + r.ID
	if x := e.runs[id]; x != nil && !x.failed() {
		return nil
	}
	runCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	x := &execution{engine: e, graph: g, run: r, cancel: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	x.tasks = e.opt.Runner(g, x.progress)
	e.runs[id] = x
	go x.drive(runCtx)
	return nil
}

// Events implements [engine.Engine].
func (e *Engine) Events(ctx context.Context, recording, id string) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		x, err := e.find(recording, id)
		if err != nil {
			yield(engine.Event{}, err)
			return
		}
		for next := 0; ; {
			events, changed, ended := x.since(next)
			for _, ev := range events {
				if !yield(ev, nil) {
					return
				}
			}
			next += len(events)
			if ended {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(engine.Event{}, context.Cause(ctx))
				return
			}
		}
	}
}

// Cancel implements [engine.Engine].
func (e *Engine) Cancel(ctx context.Context, recording, id string) error {
	x, err := e.find(recording, id)
	if err != nil {
		return err
	}
	x.cancel(context.Canceled)
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Forget drops a run that has ended: the store has what there is to know of it.
func (e *Engine) Forget(recording, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x := e.runs[recording+"/"+id]; x != nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.ended {
			delete(e.runs, recording+"/"+id)
		}
	}
}

func (e *Engine) find(recording, id string) (*execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x := e.runs[recording+"/"+id]; x != nil {
		return x, nil
	}
	return nil, fmt.Errorf("run %q: %w", id, engine.ErrUnknownRun)
}

// execution is one run in progress.
type execution struct {
	engine *Engine
	graph  graph.Graph
	run    run.Run
	tasks  TaskRunner
	cancel context.CancelCauseFunc
	done   chan struct{}

	mu      sync.Mutex
	events  []engine.Event
	ended   bool
	state   engine.State
	changed chan struct{}  // closed and replaced at every event
	percent map[string]int // last reported progress, by task
}

func (x *execution) failed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ended && x.state != engine.Succeeded
}

func (x *execution) since(n int) ([]engine.Event, <-chan struct{}, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.events[n:]), x.changed, x.ended
}

func (x *execution) emit(ev engine.Event) {
	ev.Time, ev.Recording, ev.Run = x.engine.opt.Now().UTC(), x.run.Recording, x.run.ID
	x.mu.Lock()
	defer x.mu.Unlock()
	x.events = append(x.events, ev)
	if ev.Step == "" && ev.State.Ended() {
		x.ended, x.state = true, ev.State
	}
	close(x.changed)
	x.changed = make(chan struct{})
}

// progress turns a task's reports into at most one event per percent, so that
// the list of events stays short however often a step reports.
func (x *execution) progress(t run.Task, fraction float64) {
	p := int(fraction * 100)
	name := t.String()
	x.mu.Lock()
	if x.percent == nil {
		x.percent = map[string]int{}
	}
	last, seen := x.percent[name]
	if seen && p <= last || p <= 0 || p > 100 {
		x.mu.Unlock()
		return
	}
	x.percent[name] = p
	x.mu.Unlock()
	x.emit(engine.Event{Step: t.Step, Track: t.Track, State: engine.Running, Attempt: t.Attempt, Fraction: fraction})
}

// drive runs the whole graph: one goroutine per node, each waiting for its
// parents.
func (x *execution) drive(ctx context.Context) {
	defer close(x.done)
	defer x.cancel(nil)
	start := x.engine.opt.Now()
	x.emit(engine.Event{Track: -1, State: engine.Running})
	nodes := map[string]*nodeRun{}
	for _, n := range x.graph.Nodes {
		if only := x.engine.opt.Only; len(only) > 0 && !slices.Contains(only, n.Name()) {
			continue
		}
		nodes[n.Name()] = &nodeRun{x: x, node: n, ended: make(chan struct{}), listed: make(chan struct{})}
	}
	var all sync.WaitGroup
	for _, n := range nodes {
		all.Go(func() { n.run(ctx, nodes) })
	}
	all.Wait()

	end := engine.Event{Track: -1, State: engine.Succeeded, Took: x.engine.opt.Now().Sub(start)}
	for _, n := range x.graph.Nodes { // graph order: the first cause is told
		if nr := nodes[n.Name()]; nr != nil && nr.err != nil && !n.Optional && !n.Step.SideEffect {
			end.State, end.Message, end.Hint, end.Exit = engine.Failed, nr.err.Error(), nr.hint, nr.exit
			break
		}
	}
	if errors.Is(context.Cause(ctx), context.Canceled) && end.State == engine.Failed {
		end.State, end.Message, end.Hint, end.Exit = engine.Canceled, "canceled", "", 0
	}
	x.emit(end)
}
