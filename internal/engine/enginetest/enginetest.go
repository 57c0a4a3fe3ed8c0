// Package enginetest is the suite that every engine passes: the same graphs,
// made of scripted steps, must go the same way whatever drives them.
package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Start makes an engine that drives tasks of r. It is called anew for every
// engine process the suite wants.
type Start func(t *testing.T, newRunner func(g graph.Graph, progress func(run.Task, float64)) *runner.Runner) engine.Engine

// Run runs the suite. newStore makes an empty store.
func Run(t *testing.T, start Start, newStore func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"linear", linear},
		{"diamond", diamond},
		{"fan-out of 0", func(t *testing.T, f *fixture) { fanOut(t, f, 0) }},
		{"fan-out of 1", func(t *testing.T, f *fixture) { fanOut(t, f, 1) }},
		{"fan-out of 4", func(t *testing.T, f *fixture) { fanOut(t, f, 4) }},
		{"fan-out of 50", func(t *testing.T, f *fixture) { fanOut(t, f, 50) }},
		{"flaky", flaky},
		{"permanent failure", permanent},
		{"one track fails for good", oneTrackFails},
		{"timeout", timeout},
		{"optional", optional},
		{"side effect fails", sideEffect},
		{"panic", panics},
		{"cancel mid-fan-out", cancelFanOut},
		{"killed worker", killed},
		{"duplicate start", duplicateStart},
		{"duplicate delivery", duplicateDelivery},
		{"later run reuses work", reuse},
		{"refresh", refresh},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, newFixture(t, start, newStore(t)))
		})
	}
}

// fixture is one engine over one store with scripted steps.
type fixture struct {
	t      *testing.T
	start  Start
	store  store.Store
	engine engine.Engine
	runner *runner.Runner

	mu     sync.Mutex
	script map[string]func(ctx context.Context, job *steps.Job, call int) error // by step
	calls  map[string]int                                                       // by task
}

func newFixture(t *testing.T, start Start, s store.Store) *fixture {
	f := &fixture{t: t, start: start, store: s, script: map[string]func(context.Context, *steps.Job, int) error{}, calls: map[string]int{}}
	f.restart()
	return f
}

// restart makes a new engine process over the same store.
func (f *fixture) restart() {
	f.engine = f.start(f.t, func(g graph.Graph, progress func(run.Task, float64)) *runner.Runner {
		f.runner = &runner.Runner{Graph: g, Store: f.store, Steps: f.step, Scratch: f.t.TempDir(), Now: time.Now, Progress: progress}
		return f.runner
	})
}

// Documents of the scripted steps.
type (
	text struct {
		Text string `json:"text"`
	}
	none struct{}
	root struct {
		Tracks []text `out:"tracks,each" file:"track.json"`
		Doc    text   `out:"doc" file:"doc.json"`
	}
	one struct {
		In text `in:"in"`
	}
	two struct {
		A text  `in:"a"`
		B *text `in:"b"`
	}
	many struct {
		In []text `in:"in,each"`
	}
	doc struct {
		Doc text `out:"doc" file:"doc.json"`
	}
)

func spec[I, O any](name string, more ...func(*steps.Spec)) steps.Spec {
	s := steps.Spec{Name: name, Version: "1", Summary: "scripted"}
	for _, m := range more {
		m(&s)
	}
	return steps.Declare[I, O](s)
}

func effect(s *steps.Spec) { s.SideEffect = true }

var policy = graph.Policy{
	Timeout: time.Minute, Pool: graph.IO, CPU: 1, Memory: 1,
	Retry: graph.Retry{Limit: 2, First: time.Millisecond, Factor: 2, Max: 4 * time.Millisecond},
}

func node(s steps.Spec, from graph.From) graph.Node {
	return graph.Node{Step: s, From: from, Policy: policy}
}

// step makes the scripted step of that name: it tells its inputs, joined, as
// its output, after the script has had its say.
func (f *fixture) step(_ context.Context, r run.Run, name string) (steps.Step, error) {
	n, _ := f.runner.Graph.Node(name)
	act := func(ctx context.Context, job *steps.Job) error {
		f.mu.Lock()
		task := run.TaskName(name, job.Track)
		f.calls[task]++
		call, script := f.calls[task], f.script[name]
		f.mu.Unlock()
		if script == nil {
			return nil
		}
		return script(ctx, job, call)
	}
	switch len(n.Step.Inputs) {
	case 0:
		return steps.New(n.Step, func(ctx context.Context, job *steps.Job, _ none) (root, error) {
			out := root{Tracks: []text{}, Doc: text{name}}
			var width int
			if _, err := fmt.Sscan(r.Params["width"], &width); err != nil {
				return out, err
			}
			for i := range width {
				out.Tracks = append(out.Tracks, text{fmt.Sprint(i)})
			}
			return out, act(ctx, job)
		}), nil
	case 2:
		return steps.New(n.Step, func(ctx context.Context, job *steps.Job, in two) (doc, error) {
			b := "nothing"
			if in.B != nil {
				b = in.B.Text
			}
			return doc{text{name + "(" + in.A.Text + "," + b + ")"}}, act(ctx, job)
		}), nil
	}
	if n.Step.Inputs[0].Each {
		return steps.New(n.Step, func(ctx context.Context, job *steps.Job, in many) (doc, error) {
			all := name + "("
			for _, d := range in.In {
				all += d.Text + ";"
			}
			return doc{text{all + ")"}}, act(ctx, job)
		}), nil
	}
	return steps.New(n.Step, func(ctx context.Context, job *steps.Job, in one) (doc, error) {
		return doc{text{name + "(" + in.In.Text + ")"}}, act(ctx, job)
	}), nil
}

// on scripts a step.
func (f *fixture) on(step string, script func(ctx context.Context, job *steps.Job, call int) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script[step] = script
}

func (f *fixture) called(task string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[task]
}

// begin deploys the graph, writes run.json and starts the run.
func (f *fixture) begin(g graph.Graph, id string, width int, refresh ...string) run.Run {
	f.t.Helper()
	r := run.Run{
		ID: id, Recording: "rec", Source: "test", Params: map[string]string{"width": fmt.Sprint(width)}, Refresh: refresh,
		Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()},
	}
	ctx := f.t.Context()
	if err := f.engine.Deploy(ctx, g); err != nil {
		f.t.Fatal(err)
	}
	if _, err := store.PutJSON(ctx, f.store, run.RunKey(r.Recording, r.ID), r, store.PutOptions{}); err != nil {
		f.t.Fatal(err)
	}
	if err := f.engine.Start(ctx, r); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// wait follows the run to its end and returns its last event.
func (f *fixture) wait(r run.Run) (end engine.Event, all []engine.Event) {
	f.t.Helper()
	for ev, err := range f.engine.Events(f.t.Context(), r.Recording, r.ID) {
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, ev)
	}
	if len(all) == 0 {
		f.t.Fatal("no events")
	}
	end = all[len(all)-1]
	if end.Step != "" || !end.State.Ended() {
		f.t.Fatalf("last event is %+v, want the run's end", end)
	}
	return end, all
}

func (f *fixture) do(g graph.Graph, id string, width int) (engine.Event, []engine.Event) {
	f.t.Helper()
	return f.wait(f.begin(g, id, width))
}

// output reads the document that a task of a run wrote.
func (f *fixture) output(id, step string, track int) string {
	f.t.Helper()
	rec, ok, err := runner.Receipt(f.t.Context(), f.store, run.Task{Recording: "rec", Run: id, Step: step, Track: track})
	if err != nil || !ok {
		f.t.Fatalf("receipt of %s: %v, %v", run.TaskName(step, track), ok, err)
	}
	var d text
	for _, o := range rec.Outputs {
		if o.Port == "doc" {
			if _, err := store.GetJSON(f.t.Context(), f.store, o.Key, &d); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	return d.Text
}

// finished reports whether the task has its receipt.
func (f *fixture) finished(t run.Task) bool {
	f.t.Helper()
	_, ok, err := runner.Receipt(f.t.Context(), f.store, t)
	if err != nil {
		f.t.Fatal(err)
	}
	return ok
}

// ends returns how each task ended.
func ends(all []engine.Event) map[string]engine.State {
	m := map[string]engine.State{}
	for _, ev := range all {
		if ev.Step != "" && ev.State.Ended() {
			m[run.TaskName(ev.Step, ev.Track)] = ev.State
		}
	}
	return m
}

func (f *fixture) wantEnd(end engine.Event, state engine.State) {
	f.t.Helper()
	if end.State != state {
		b, _ := json.Marshal(end)
		f.t.Fatalf("run ended %s, want %s: %s", end.State, state, b)
	}
}

func (f *fixture) wantOutput(id, step, want string) {
	f.t.Helper()
	if got := f.output(id, step, -1); got != want {
		f.t.Errorf("%s of %s wrote %q, want %q", step, id, got, want)
	}
}

func (f *fixture) wantCalls(task string, want int) {
	f.t.Helper()
	if got := f.called(task); got != want {
		f.t.Errorf("%s ran %d times, want %d", task, got, want)
	}
}

var errTransient = errors.New("scripted trouble")

func index(all []engine.Event, step string, state engine.State) int {
	return slices.IndexFunc(all, func(ev engine.Event) bool { return ev.Step == step && ev.State == state })
}
