package progress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// History returns what the store tells of a run, as events in order of time: all
// of a run that has ended, and of one that has not what its steps have left so
// far. The error is [engine.ErrUnknownRun] when there is no such run.
func History(ctx context.Context, st store.Store, g graph.Graph, recording, id string) ([]engine.Event, error) {
	return Read(ctx, st, g, recording, id, &runner.Records{})
}

// Read is History for whoever wants the records too, which it loads.
func Read(ctx context.Context, st store.Store, g graph.Graph, recording, id string, records *runner.Records) ([]engine.Event, error) {
	r, err := runner.LoadRun(ctx, st, recording, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("run %q: %w", id, engine.ErrUnknownRun)
	}
	if err != nil {
		return nil, err
	}
	return past(ctx, st, g, r, records)
}

// past is History for whoever has read run.json, and some of the records maybe.
func past(ctx context.Context, st store.Store, g graph.Graph, r run.Run, records *runner.Records) ([]engine.Event, error) {
	if err := records.Load(ctx, st, r.Recording, r.ID); err != nil {
		return nil, err
	}
	h := history{graph: g, optional: map[string]bool{}, receipts: records.Receipts(), failures: records.Failures()}
	h.end, _ = records.End()
	for _, n := range g.Nodes {
		h.optional[n.Name()] = n.Optional || n.Step.SideEffect
	}
	events := h.events(r)
	for i := range events {
		events[i].Recording, events[i].Run = r.Recording, r.ID
	}
	return events, nil
}

// history is what the store has of a run.
type history struct {
	graph    graph.Graph
	optional map[string]bool
	receipts map[string]run.Receipt // by the name of the task
	failures map[string]run.Failure
	end      run.End
}

// events puts what is known in order.
func (h *history) events(r run.Run) []engine.Event {
	begun := r.Created
	var list []engine.Event
	add := func(ev engine.Event) { list = append(list, ev) }
	for name, rec := range h.receipts {
		ev := engine.Event{Step: rec.Step, Track: track(rec.Track), Attempt: rec.Attempt, Optional: h.optional[rec.Step], Time: rec.Started}
		ev.Tracks, ev.State = h.tracks(ev), engine.Running
		add(ev)
		if f, ok := h.failures[name]; ok && f.Attempt < rec.Attempt {
			add(h.failed(f, engine.Retrying))
		}
		ev.Time, ev.Took, ev.State = rec.Finished, rec.Finished.Sub(rec.Started), engine.Succeeded
		switch {
		case rec.Skipped != "":
			ev.State, ev.Message = engine.Skipped, rec.Skipped
		case rec.Cached != "":
			ev.State = engine.Cached
		}
		add(ev)
	}
	ended := h.state()
	for name, f := range h.failures {
		if _, done := h.receipts[name]; done {
			continue
		}
		state := engine.Retrying
		if ended != "" || h.final(f) {
			state = engine.Failed
		}
		add(h.failed(f, state))
	}
	list = append(list, h.unrecorded(list, begun)...)
	slices.SortStableFunc(list, func(a, b engine.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(order(a.State), order(b.State)), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Track, b.Track))
	})
	list = slices.Insert(list, 0, engine.Event{Track: -1, State: engine.Running, Time: begun})
	if ended != "" {
		list = append(list, h.endOf(ended, list))
	}
	return list
}

// order puts the beginning of a task before its end where both were at once.
func order(s engine.State) int {
	switch s {
	case engine.Queued:
		return 0
	case engine.Running:
		return 1
	default:
		return 2
	}
}

func track(index *int) int {
	if index == nil {
		return -1
	}
	return *index
}

// tracks is how many tracks there are, told with each event of a fan-out.
func (h *history) tracks(ev engine.Event) int {
	n, ok := h.graph.Node(ev.Step)
	if !ok || ev.Track < 0 || n.Each == "" {
		return 0
	}
	return len(h.over(n))
}

func (h *history) failed(f run.Failure, state engine.State) engine.Event {
	ev := engine.Event{
		Step: f.Step, Track: track(f.Track), Attempt: f.Attempt, State: state, Time: f.Finished, Message: f.Message, Hint: f.Hint,
		Optional: h.optional[f.Step], Exit: int(steps.ParseClass(f.Class)),
	}
	ev.Tracks = h.tracks(ev)
	return ev
}

// state is how the run ended, or empty. Receipts are the truth about that: a
// run whose end says that it failed may have been tried again.
func (h *history) state() engine.State {
	done, leaves := true, true
	for _, n := range h.graph.Nodes {
		_, ok := h.receipts[n.Name()]
		if n.Each != "" {
			continue
		}
		leaves = leaves && ok
		if !n.Optional && !n.Step.SideEffect {
			done = done && ok
		}
	}
	switch {
	case leaves, done && h.end.State != "":
		return engine.Succeeded
	default:
		return engine.State(h.end.State)
	}
}

func (h *history) endOf(state engine.State, list []engine.Event) engine.Event {
	end := engine.Event{Track: -1, State: state, Time: h.end.Finished, Took: h.end.Finished.Sub(list[0].Time)}
	if last := list[len(list)-1].Time; end.Time.Before(last) {
		end.Time, end.Took = last, last.Sub(list[0].Time)
	}
	if state != engine.Failed {
		return end
	}
	end.Message = h.end.Message
	for _, ev := range list { // the first cause is told
		if ev.State == engine.Failed && !ev.Optional {
			end.Message, end.Hint, end.Exit = run.TaskName(ev.Step, ev.Track)+": "+ev.Message, ev.Hint, ev.Exit
			break
		}
	}
	return end
}
