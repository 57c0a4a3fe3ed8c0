package progress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/local"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

const recording = "rec"

// script does the tasks of a graph as package runner does, without their work:
// it leaves the same receipts and failures.
type script struct {
	t     testing.TB
	graph graph.Graph
	store store.Store
	width int            // how many tracks the recording has
	docs  map[string]any // what is written to "step.port"
	// act says how an attempt goes; nil: well. cached and skipped are of those
	// that go well.
	act     func(ctx context.Context, t run.Task, report func(float64)) error
	cached  map[string]bool
	skipped map[string]string

	mu    sync.Mutex
	clock time.Time
}

func newScript(t testing.TB, width int) *script {
	t.Helper()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &script{t: t, graph: pipeline.New(), store: st, width: width, clock: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)}
}

// now is a clock that never shows the same time twice.
func (s *script) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(time.Second)
	return s.clock
}

// scripted is the script as an engine's task runner.
type scripted struct {
	*script
	report func(run.Task, float64)
}

func (s scripted) Tracks(ctx context.Context, recording, id string, each graph.Ref) ([]int, error) {
	return runner.Tracks(ctx, s.store, recording, id, each)
}

func (s scripted) Run(ctx context.Context, t run.Task) (run.Receipt, error) {
	started := s.now()
	var err error
	if s.act != nil {
		err = s.act(ctx, t, func(f float64) { s.report(t, f) })
	}
	if err != nil {
		if !errors.Is(context.Cause(ctx), context.Canceled) {
			s.put(t.FailureKey(), run.Failure{
				Step: t.Step, Run: t.Run, Track: indexOf(t.Track), Attempt: t.Attempt, Class: steps.Classify(err).String(),
				Message: err.Error(), Hint: steps.Hint(err), Finished: s.now(),
			})
		}
		return run.Receipt{}, err
	}
	rec := run.Receipt{Step: t.Step, Version: "1", Run: t.Run, Track: indexOf(t.Track), CacheKey: "key", Attempt: t.Attempt, Started: started}
	if s.cached[t.Step] {
		rec.Cached = "earlier"
	}
	if rec.Skipped = s.skipped[t.Step]; rec.Skipped == "" {
		rec.Outputs = s.outputs(t)
	}
	rec.Finished = s.now()
	s.put(t.ReceiptKey(), rec)
	return rec, nil
}

func (s *script) outputs(t run.Task) []run.Output {
	n, _ := s.graph.Node(t.Step)
	list := []run.Output{}
	for _, p := range n.Step.Outputs {
		doc, ok := s.docs[t.Step+"."+p.Name]
		switch {
		case p.Each:
			for i := range s.width {
				list = append(list, s.output(t, p.Name, fmt.Sprintf("%d-%s", i, p.Name), &i, struct{}{}))
			}
		case ok:
			list = append(list, s.output(t, p.Name, p.Name+".json", nil, doc))
		}
	}
	return list
}

func (s *script) output(t run.Task, port, name string, index *int, doc any) run.Output {
	key := run.ArtifactKey(t.Recording, t.Step, "key", name)
	info := s.put(key, doc)
	return run.Output{Port: port, Index: index, Name: name, Key: key, Size: info.Size, SHA256: info.SHA256}
}

func (s *script) put(key string, v any) store.Info {
	info, err := store.PutJSON(context.Background(), s.store, key, v, store.PutOptions{})
	if err != nil {
		s.t.Error(err)
	}
	return info
}

func indexOf(track int) *int {
	if track < 0 {
		return nil
	}
	return &track
}

// engine returns an engine that does as the script says.
func (s *script) engine() *local.Engine {
	s.t.Helper()
	e := local.New(local.Options{
		Pools: map[graph.Pool]int{graph.IO: 4, graph.CPU: 2, graph.ASR: 4, graph.LLM: 2},
		Runner: func(_ graph.Graph, report func(run.Task, float64)) local.TaskRunner {
			return scripted{s, report}
		},
		Now:   s.now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err := e.Deploy(context.Background(), s.graph); err != nil {
		s.t.Fatal(err)
	}
	return e
}

// begin asks for a run and starts it.
func (s *script) begin(e *local.Engine, id string) {
	s.t.Helper()
	r := s.ask(id)
	if err := e.Start(context.Background(), r); err != nil {
		s.t.Fatal(err)
	}
}

func (s *script) ask(id string) run.Run {
	versions := map[string]string{}
	for _, n := range s.graph.Nodes {
		versions[n.Name()] = "1"
	}
	r := run.Run{
		ID: id, Recording: recording, Source: "test", Created: s.now(), Steps: versions,
		Graph: run.GraphRef{Name: s.graph.Name, Version: s.graph.Version, Digest: s.graph.Digest()},
	}
	s.put(run.RunKey(recording, id), r)
	return r
}

// finish follows a run to its end, and tells the store of that.
func (s *script) finish(e engine.Engine, id string) []engine.Event {
	s.t.Helper()
	var all []engine.Event
	for ev, err := range e.Events(context.Background(), recording, id) {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, ev)
	}
	s.put(run.EndKey(recording, id), all[len(all)-1].End(s.now()))
	return all
}

// do does a whole run and returns its events.
func (s *script) do(id string) []engine.Event {
	s.t.Helper()
	e := s.engine()
	s.begin(e, id)
	return s.finish(e, id)
}

// failing returns an act by which tasks fail: each as often as is told, by its
// name; how tells with what.
func failing(times map[string]int, how func() error) func(context.Context, run.Task, func(float64)) error {
	var mu sync.Mutex
	left := maps.Clone(times)
	return func(_ context.Context, t run.Task, _ func(float64)) error {
		mu.Lock()
		defer mu.Unlock()
		if left[t.String()] > 0 {
			left[t.String()]--
			return how()
		}
		return nil
	}
}

func transient() error { return errors.New("the service is away") }
func permanent() error { return steps.Bad("use another file", "the file is broken") }

// dagOf is how a run stands by events.
func dagOf(g graph.Graph, id string, events []engine.Event) DAG {
	t := NewTracker(g, id)
	for _, ev := range events {
		t.Apply(ev)
	}
	return t.DAG()
}
