package argo

import (
	"context"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// records reads what the steps of one run left in the store: it knows more than
// the cluster, which sees pods and not what happens inside them.
type records struct {
	runner.Records
	store store.Store
	graph graph.Graph
}

func newRecords(st store.Store, g graph.Graph) *records { return &records{store: st, graph: g} }

// enrich adds what the store knows to what the cluster told.
func (r *records) enrich(ctx context.Context, s *Status) error {
	if err := r.Load(ctx, r.store, s.Recording, s.Run); err != nil {
		return err
	}
	all, order := tasks{}, []string{}
	for _, t := range s.Tasks {
		if all[t.Step] == nil {
			all[t.Step] = map[int]*Task{}
			order = append(order, t.Step)
		}
		all[t.Step][t.Track] = &t
	}
	if err := r.spread(ctx, s, all); err != nil {
		return err
	}
	for _, n := range r.graph.Nodes {
		for _, t := range all[n.Name()] {
			r.task(s, all, n, t)
		}
	}
	all.absent(r.graph, s.State)
	s.fill(r.graph, all, order)
	return nil
}

// spread makes a task per track of steps that fan out inside a pod, where the
// cluster sees no tracks.
func (r *records) spread(ctx context.Context, s *Status, all tasks) error {
	for _, n := range r.graph.Nodes {
		whole := all[n.Name()][-1]
		if n.Each == "" || whole == nil || !whole.Shared {
			continue
		}
		source, _ := n.Each.Split()
		if _, ok := r.Receipt(run.Task{Step: source, Track: -1}); !ok {
			continue
		}
		tracks, err := runner.Tracks(ctx, r.store, s.Recording, s.Run, n.Each)
		if err != nil {
			return err
		}
		if len(tracks) == 0 {
			whole.State, whole.Message = engine.Skipped, engine.NoTracks
			continue
		}
		delete(all[n.Name()], -1)
		for _, track := range tracks {
			t := *whole
			t.Track, t.Tracks = track, len(tracks)
			all[n.Name()][track] = &t
		}
	}
	return nil
}

// task adds to one task what its receipt or its failure says.
func (r *records) task(s *Status, all tasks, n graph.Node, t *Task) {
	if len(t.Attempts) == 0 || t.State == engine.Queued {
		return
	}
	t.Unsure = false
	name := run.Task{Step: t.Step, Track: t.Track}
	rec, done := r.Receipt(name)
	failure, failed := r.Failure(name)
	failed = failed && !failure.Finished.Before(t.Begun())
	switch {
	case done && (t.Shared || t.State == engine.Succeeded):
		r.done(t, rec)
	case failed && t.State == engine.Failed:
		tell(t, failure)
	case failed && t.Shared && !t.State.Ended():
		tell(t, failure)
		t.State = engine.Retrying
		if _, again := n.Policy.Retry.Wait(failure.Attempt); !again || t.Exit != int(steps.Transient) {
			t.State = engine.Failed
		}
	case failed && t.Shared && t.Optional: // the pod went on without it
		tell(t, failure)
		t.State = engine.Failed
	case !t.Shared:
	case !t.State.Ended():
		t.State = Waiting
		if ready, since := all.ready(r.graph, n, t.Track); ready {
			t.State = engine.Running
			t.beginAt(since)
		}
	case t.State != engine.Canceled: // the pod ended without having done it
		if missing := all.missing(r.graph, n, t.Track); missing != notReached {
			t.State, t.Message, t.Hint, t.Exit = engine.Skipped, missing, "", 0
		}
	}
}

// done takes over what the receipt says.
func (r *records) done(t *Task, rec run.Receipt) {
	t.State, t.Message, t.Hint, t.Exit = engine.Succeeded, rec.Skipped, "", 0
	switch {
	case rec.Skipped != "":
		t.State = engine.Skipped
	case rec.Cached != "":
		t.State = engine.Cached
	}
	if t.Shared {
		t.beginAt(rec.Started)
		last := &t.Attempts[len(t.Attempts)-1]
		last.Finished, last.Failed = rec.Finished, false
		t.Took = rec.Finished.Sub(rec.Started)
	}
}

// beginAt says when a task began that shares its pod, whose attempts it shares
// too until then.
func (t *Task) beginAt(at time.Time) {
	t.Attempts = slices.Clone(t.Attempts)
	if last := &t.Attempts[len(t.Attempts)-1]; at.After(last.Started) {
		last.Started = at
	}
}

// tell takes over what is known of a failure.
func tell(t *Task, f run.Failure) {
	t.Message, t.Hint, t.Exit = f.Message, f.Hint, int(steps.ParseClass(f.Class))
}
