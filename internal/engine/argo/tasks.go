package argo

import (
	"maps"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// tasks are the tasks of a run, by step and track.
type tasks map[string]map[int]*Task

// at returns a task, made when it is first asked for.
func (all tasks) at(g graph.Graph, step string, track int) *Task {
	if all[step] == nil {
		all[step] = map[int]*Task{}
	}
	t := all[step][track]
	if t == nil {
		n, _ := g.Node(step)
		t = &Task{Step: step, Track: track, State: Waiting, Optional: n.Optional || n.Step.SideEffect}
		all[step][track] = t
	}
	return t
}

// absent says why tasks did not run: what they read is missing, or the run
// ended before it was their turn.
func (all tasks) absent(g graph.Graph, state engine.State) {
	for _, n := range g.Nodes { // in dependency order: one follows from the other
		for track, t := range all[n.Name()] {
			switch {
			case t.State == Waiting && state == engine.Canceled:
				t.State = engine.Canceled
			case t.State == Waiting && state.Ended(), t.State == engine.Skipped && t.Message == "":
				t.State, t.Message = engine.Skipped, all.missing(g, n, track)
			}
		}
	}
}

// notReached is why a task did not run whose turn did not come.
const notReached = "the run ended before it"

// missing says which of the tasks before a task did not do its work.
func (all tasks) missing(g graph.Graph, n graph.Node, track int) string {
	for _, parent := range g.Parents(n) {
		if !g.Requires(n, parent) {
			continue
		}
		before := all[parent]
		if own, ok := before[track]; ok {
			before = map[int]*Task{track: own}
		}
		for _, i := range slices.Sorted(maps.Keys(before)) {
			switch before[i].State {
			case engine.Failed:
				return before[i].Name() + " failed"
			case engine.Skipped, engine.Canceled:
				return before[i].Name() + " is missing"
			}
		}
	}
	return notReached
}

// ready reports whether everything that a task waits for has ended, and when
// the last of it did.
func (all tasks) ready(g graph.Graph, n graph.Node, track int) (ready bool, since time.Time) {
	for _, parent := range g.Parents(n) {
		before := all[parent]
		if own, ok := before[track]; ok {
			before = map[int]*Task{track: own}
		}
		for _, t := range before {
			if !t.State.Ended() {
				return false, since
			}
			since = latest(since, t.Ended())
		}
	}
	return true, since
}
