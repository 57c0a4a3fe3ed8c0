package shelf

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// load makes a recording's entry and its history, the newest run first, out of
// what the store has. Without runs, nobody ever asked for one of it.
func load(ctx context.Context, st store.Store, g graph.Graph, id string) (e Entry, runs []Run, err error) {
	past, err := operate.History(ctx, g, st, id)
	if err != nil {
		return e, nil, fmt.Errorf("recording %q: %w", id, err)
	}
	if len(past) == 0 {
		return e, nil, nil
	}
	newest := past[0]
	e = Entry{ID: id, Run: newest.Run.ID, Runs: len(past), Asked: newest.Run.Created, State: engine.State(newest.State)}
	if err := e.result(ctx, st); err != nil {
		return e, nil, fmt.Errorf("recording %q: %w", id, err)
	}
	// A run has everything that a result needs before it ends: side effects go on.
	if newest.End.State == run.Succeeded {
		e.State, e.Progress, e.Ended = engine.Succeeded, 1, &newest.End.Finished
	} else if err := e.unfinished(ctx, st, g); err != nil {
		return e, nil, fmt.Errorf("recording %q: %w", id, err)
	}
	if e.Name == "" {
		err = e.recording(ctx, st)
	}
	return e, e.runs(past), err
}

// result adds what the latest result says.
func (e *Entry) result(ctx context.Context, st store.Store) error {
	var r artifact.Result
	if _, err := store.GetJSON(ctx, st, run.ResultKey(e.ID, "result.json"), &r); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	e.HasResult, e.Title, e.Name, e.Duration, e.AudioDeleted = true, r.Title, r.Name, r.Duration, r.AudioDeleted
	e.Recorded = when(r.Started)
	return nil
}

func when(text string) *time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return &t
}

// unfinished adds how far a run is that has not succeeded, and why it failed.
func (e *Entry) unfinished(ctx context.Context, st store.Store, g graph.Graph) error {
	events, err := progress.History(ctx, st, g, e.ID, e.Run)
	if err != nil {
		return err
	}
	d := progress.After(g, e.Run, events)
	e.State, e.Progress, e.Error, e.Ended = d.Status, d.Progress, d.Error, d.FinishedAt
	if len(events) == 1 && !d.Status.Ended() {
		e.State = engine.Queued // nothing but its run.json is there
	}
	e.Step = step(d)
	return nil
}

// step names what failed, or else what is being done.
func step(d progress.DAG) string {
	for _, status := range []string{progress.NodeFailed, progress.NodeRunning} {
		for _, n := range d.Tasks {
			if n.Status == status && (status != progress.NodeFailed || !n.Optional) {
				return n.Name
			}
		}
	}
	for _, n := range d.Tasks { // between two steps: the next one
		if n.Status == progress.NodeQueued && len(n.Waiting) == 0 && !d.Status.Ended() {
			return n.Name
		}
	}
	return ""
}

// recording adds what is known before there is a result.
func (e *Entry) recording(ctx context.Context, st store.Store) error {
	rec, ok, err := runner.Receipt(ctx, st, run.Task{Recording: e.ID, Run: e.Run, Step: "get-recording", Track: -1})
	if err != nil || !ok {
		return err
	}
	for _, o := range rec.Outputs {
		if o.Port != "recording" {
			continue
		}
		var r artifact.Recording
		if _, err := store.GetJSON(ctx, st, o.Key, &r); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		e.Name, e.Recorded = r.Name, when(r.Started)
		if e.Duration == 0 {
			e.Duration = r.Duration
		}
	}
	return nil
}
