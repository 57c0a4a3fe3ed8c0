package progress

import (
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Tracker turns a run's events into its state. It is for one goroutine.
type Tracker struct {
	graph graph.Graph
	dag   DAG
	nodes map[string]*node
}

// node is what is known of a node beyond what is told of it.
type node struct {
	tracks int // how many there are; 0: not known, or none
	ended  bool
	at     moment         // of a node that does not fan out, or of a fan-out as a whole
	each   map[int]moment // by track
}

// moment is how far a task has come. What engines tell may be repeated, and come
// late: nothing goes back by it.
type moment struct{ attempt, phase int }

// final is the phase of what has been done: it stays.
const final = 4

func momentOf(ev engine.Event) moment {
	switch ev.State {
	case engine.Queued:
		return moment{ev.Attempt, 0}
	case engine.Running:
		return moment{ev.Attempt, 1}
	case engine.Retrying:
		return moment{ev.Attempt, 2}
	case engine.Succeeded, engine.Cached, engine.Skipped:
		return moment{ev.Attempt, final}
	default:
		return moment{ev.Attempt, 3}
	}
}

// follows reports whether m may come after what is known.
func (m moment) follows(known moment) bool {
	switch {
	case known.phase == final:
		return m.phase == final
	case m.phase >= 3: // an end that was not tried need not say which attempt it was
		return m.attempt >= known.attempt || m.attempt == 0 || m.phase == final
	default:
		return m.attempt > known.attempt || m.attempt == known.attempt && m.phase >= known.phase
	}
}

// After is how a run stands after all of these events.
func After(g graph.Graph, run string, events []engine.Event) DAG {
	t := NewTracker(g, run)
	for _, ev := range events {
		t.Apply(ev)
	}
	return t.DAG()
}

// NewTracker returns the tracker of a run of which nothing is known yet.
func NewTracker(g graph.Graph, run string) *Tracker {
	t := &Tracker{graph: g, dag: Empty(g, run), nodes: map[string]*node{}}
	for _, n := range g.Nodes {
		t.nodes[n.Name()] = &node{each: map[int]moment{}}
	}
	return t
}

// DAG returns how the run stands. What is returned is not changed any more.
func (t *Tracker) DAG() DAG {
	d := t.dag
	d.Tasks = slices.Clone(d.Tasks) // their tracks are replaced, never changed
	return d
}

// A Change is what an event did.
type Change struct {
	State bool   // something began, ended, failed or waits for another reason
	Node  string // of which; empty: the run itself
	Begun bool   // the node's first attempt
	Ended bool   // the node, with all its tracks; or the run
	// Percent says that the node's progress in whole percent is another.
	Percent bool
}

// Apply takes an event in.
func (t *Tracker) Apply(ev engine.Event) Change {
	if ev.Step == "" {
		return t.run(ev)
	}
	i := slices.IndexFunc(t.dag.Tasks, func(n Node) bool { return n.Name == ev.Step })
	if i < 0 {
		return Change{} // a graph of another version
	}
	n, known := &t.dag.Tasks[i], t.nodes[ev.Step]
	was, now := known.at, momentOf(ev)
	if ev.Track >= 0 {
		was = known.each[ev.Track]
	}
	if !now.follows(was) {
		return Change{Node: ev.Step}
	}
	c := Change{Node: ev.Step, State: ev.State != engine.Running || ev.Fraction == 0}
	before, percent := n.Status, whole(n.Percent)
	if ev.Tracks > 0 {
		known.tracks = ev.Tracks
	}
	if ev.Track < 0 {
		known.at = now
		t.single(n, ev)
		known.ended = ev.State.Ended()
	} else {
		known.each[ev.Track] = now
		t.track(n, known, ev)
	}
	c.Begun = before == NodeQueued && n.Status != NodeQueued
	c.Ended = before != n.Status && known.ended
	c.Percent = percent != whole(n.Percent)
	t.settle()
	return c
}

func whole(p *float64) int {
	if p == nil {
		return -1
	}
	return int(*p)
}

// run takes in an event of the run itself.
func (t *Tracker) run(ev engine.Event) Change {
	if t.dag.FinishedAt != nil && !ev.State.Ended() {
		if !ev.Time.After(*t.dag.FinishedAt) {
			return Change{}
		}
		t.again()
	}
	c := Change{State: true, Begun: t.dag.StartedAt == nil, Ended: ev.State.Ended()}
	t.dag.Status = ev.State
	if t.dag.StartedAt == nil {
		t.dag.StartedAt = &ev.Time
	}
	t.dag.FinishedAt, t.dag.Error, t.dag.Hint = nil, "", ""
	if c.Ended {
		t.dag.FinishedAt = &ev.Time
		if ev.State == engine.Failed {
			t.dag.Error, t.dag.Hint = ev.Message, ev.Hint
		}
		for i := range t.dag.Tasks {
			t.giveUp(&t.dag.Tasks[i], ev.Time)
		}
	}
	t.settle()
	return c
}

// giveUp ends a node in a run that has ended: what has not ended never will.
func (t *Tracker) giveUp(n *Node, at time.Time) {
	known := t.nodes[n.Name]
	if known.ended {
		return
	}
	tracks := slices.Clone(n.Tracks)
	for i := range tracks {
		if one := &tracks[i]; one.FinishedAt == nil {
			one.Status, one.Percent, one.Message, one.FinishedAt = NodeCancelled, nil, "", &at
		}
	}
	n.Tracks, n.Status, known.ended = tracks, NodeCancelled, true
	if n.Error != nil { // of a track
		n.Status = NodeFailed
	}
	n.Percent, n.Message = nil, ""
	if n.StartedAt != nil {
		n.FinishedAt = &at
		n.Seconds = seconds(n.StartedAt, n.FinishedAt)
	}
}

// again forgets what a run that is taken up again has yet to do.
func (t *Tracker) again() {
	for i, n := range Empty(t.graph, t.dag.Run).Tasks {
		if t.dag.Tasks[i].Status != NodeCompleted {
			t.dag.Tasks[i] = n
			t.nodes[n.Name] = &node{each: map[int]moment{}}
		}
	}
}

// status is a state in the peer's words.
func status(ev engine.Event) string {
	switch ev.State {
	case engine.Running, engine.Retrying:
		return NodeRunning
	case engine.Succeeded, engine.Cached:
		return NodeCompleted
	case engine.Skipped:
		if ev.Attempt == 0 && ev.Message != engine.NoTracks {
			return NodeCancelled // what it reads is missing
		}
		return NodeCompleted
	case engine.Failed:
		return NodeFailed
	case engine.Canceled:
		return NodeCancelled
	default:
		return NodeQueued
	}
}

// single takes in an event of a node that does not fan out, or of a fan-out as
// a whole.
func (t *Tracker) single(n *Node, ev engine.Event) {
	n.Status, n.Attempts = status(ev), max(n.Attempts, ev.Attempt)
	n.Cached, n.Error, n.Hint, n.Message, n.Skipped, n.Percent = ev.State == engine.Cached, nil, "", "", "", nil
	if ev.State == engine.Running && n.StartedAt == nil {
		n.StartedAt = &ev.Time
	}
	if ev.State == engine.Running && ev.Fraction > 0 {
		p := 100 * ev.Fraction
		n.Percent = &p
	}
	n.FinishedAt, n.Seconds = nil, nil
	if ev.State.Ended() {
		n.FinishedAt = &ev.Time
		n.Seconds = seconds(n.StartedAt, n.FinishedAt)
	}
	switch ev.State {
	case engine.Skipped:
		n.Skipped = ev.Message
	case engine.Failed:
		n.Error, n.Hint = &ev.Message, ev.Hint
	case engine.Retrying, engine.Queued:
		n.Message, n.Hint = ev.Message, ev.Hint
	}
}

func seconds(from, to *time.Time) *float64 {
	if from == nil || to == nil {
		return nil
	}
	s := max(0, to.Sub(*from).Seconds())
	return &s
}

// settle sets what follows from the states of several nodes.
func (t *Tracker) settle() {
	done, all := 0.0, 0.0
	for i, gn := range t.graph.Nodes {
		n := &t.dag.Tasks[i]
		waiting := []string{}
		if !t.nodes[n.Name].ended && n.Status == NodeQueued {
			for _, p := range n.Parents {
				if !t.nodes[p].ended {
					waiting = append(waiting, p)
				}
			}
		}
		if !slices.Equal(waiting, n.Waiting) {
			n.Waiting = waiting
		}
		w := weight(gn)
		all += w
		switch {
		case t.nodes[n.Name].ended:
			done += w
		case n.Percent != nil:
			done += w * *n.Percent / 100
		}
	}
	t.dag.Progress = done / max(all, 1)
	if t.dag.Status == engine.Succeeded {
		t.dag.Progress = 1
	}
}

// weight is a node's share of a run's time, roughly: recognising speech takes
// most of it.
func weight(n graph.Node) float64 {
	if n.Policy.Pool == graph.ASR {
		return 10
	}
	return 1
}
