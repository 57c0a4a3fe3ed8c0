package progress

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// happening tells one event of a run from the others.
type happening struct {
	step    string
	track   int
	state   engine.State
	attempt int
}

// Watch yields a run's events from the store alone, to the run's end: for runs
// that no engine here knows. It looks again at every tick, unless known says that
// an engine does by now. A run that is not there yet is waited for.
func Watch(ctx context.Context, st store.Store, g graph.Graph, recording, id string, tick <-chan time.Time, known func() bool) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		var asked run.Run
		var records runner.Records // receipts never change: each is read once
		told := map[happening]bool{}
		for {
			var events []engine.Event
			var err error
			if asked.ID == "" {
				asked, err = runner.LoadRun(ctx, st, recording, id)
			}
			if err == nil {
				events, err = past(ctx, st, g, asked, &records)
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				yield(engine.Event{}, err)
				return
			}
			for _, ev := range events {
				key := happening{ev.Step, ev.Track, ev.State, ev.Attempt}
				if told[key] {
					continue
				}
				told[key] = true
				if !yield(ev, nil) || ev.Step == "" && ev.State.Ended() {
					return
				}
			}
			select {
			case <-ctx.Done():
				yield(engine.Event{}, context.Cause(ctx))
				return
			case <-tick:
			}
			if known() {
				return
			}
		}
	}
}
