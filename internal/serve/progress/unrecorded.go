package progress

import (
	"fmt"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// final reports whether nobody tries a task again after that failure.
func (h *history) final(f run.Failure) bool {
	n, ok := h.graph.Node(f.Step)
	_, again := n.Policy.Retry.Wait(f.Attempt)
	return ok && !again || steps.ParseClass(f.Class) != steps.Transient
}

// unrecorded returns what engines tell and nobody writes down, because it follows
// from what is: how many tracks a fan-out has, that it has none, and that a node
// is skipped because what it reads is missing.
func (h *history) unrecorded(told []engine.Event, begun time.Time) []engine.Event {
	var list []engine.Event
	failed, skipped, tried := map[string]bool{}, map[string]bool{}, map[string]bool{}
	last := map[string]time.Time{} // when something was told of a node
	for _, ev := range told {
		tried[ev.Step] = true
		failed[ev.Step] = failed[ev.Step] || ev.State == engine.Failed
		if ev.Time.After(last[ev.Step]) {
			last[ev.Step] = ev.Time
		}
	}
	for _, n := range h.graph.Nodes {
		name, at, why := n.Name(), begun, ""
		ready := true
		for _, p := range h.graph.Parents(n) {
			if last[p].After(at) {
				at = last[p]
			}
			parent, _ := h.graph.Node(p)
			required := h.graph.Requires(n, p)
			if n.Each != "" && n.Each == parent.Each { // track by track: no wait for all
				skipped[name] = skipped[name] || required && (failed[p] || skipped[p])
			} else {
				ready = ready && (!required || h.ended(parent))
				if required && why == "" && failed[p] {
					why = fmt.Sprintf("%s failed", p)
				} else if required && why == "" && skipped[p] {
					why = fmt.Sprintf("%s is missing", p)
				}
			}
		}
		switch {
		case why != "" && !tried[name]:
			skipped[name], last[name] = true, at
			list = append(list, engine.Event{Step: name, Track: -1, State: engine.Skipped, Message: why, Time: at})
		case n.Each == "" || !ready:
		default:
			tracks := h.over(n)
			for _, track := range tracks {
				list = append(list, engine.Event{Step: name, Track: track, Tracks: len(tracks), State: engine.Queued, Time: at})
			}
			if len(tracks) == 0 {
				last[name] = at
				list = append(list, engine.Event{Step: name, Track: -1, State: engine.Skipped, Message: engine.NoTracks, Time: at})
			}
		}
	}
	return list
}

// ended reports whether all tasks of a node have their receipts.
func (h *history) ended(n graph.Node) bool {
	if n.Each == "" {
		_, ok := h.receipts[n.Name()]
		return ok
	}
	source, _ := n.Each.Split()
	if _, ok := h.receipts[source]; !ok {
		return false
	}
	for _, track := range h.over(n) {
		if _, ok := h.receipts[run.TaskName(n.Name(), track)]; !ok {
			return false
		}
	}
	return true
}

// over returns the tracks that a node runs over, in order.
func (h *history) over(n graph.Node) []int {
	source, port := n.Each.Split()
	var tracks []int
	for _, o := range h.receipts[source].Outputs {
		if o.Port == port && o.Index != nil {
			tracks = append(tracks, *o.Index)
		}
	}
	return tracks
}
