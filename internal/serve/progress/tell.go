package progress

import (
	"context"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/store"
)

// teller turns a run's events into messages.
type teller struct {
	hub            *Hub
	log            *Log
	tracker        *Tracker
	recording, run string
	dirty, ended   bool
	owed           []string // nodes that ended well, whose works could not be read yet
}

// event takes an event in, and reports whether a snapshot is due.
func (t *teller) event(ctx context.Context, ev engine.Event) bool {
	c := t.tracker.Apply(ev)
	switch {
	case c.Node == "" && c.Ended:
		t.end(ctx, statusOf(ev.State))
		return false
	case c.Node == "" && c.State:
		t.log.add(StatusProcessing, false, told{EventStatus, statusData{StatusProcessing}})
	case c.Node != "":
		t.node(ctx, c)
	}
	t.dirty = t.dirty || c.State
	return t.dirty
}

func (t *teller) end(ctx context.Context, status string) {
	t.ended = true
	t.pay(ctx, true)
	for _, n := range t.tracker.DAG().Tasks { // some fail only by the run's end
		if n.Status == NodeFailed {
			t.log.add(n.Name+" "+stepFailed, false, t.log.progressOf(n.Name, stepFailed))
		}
	}
	t.log.add(status, false, told{EventStatus, statusData{status}})
	t.snapshot(true)
}

func (t *teller) node(ctx context.Context, c Change) {
	n := t.tracker.node(c.Node)
	if c.Begun && n.Status != NodeCancelled {
		t.log.add(c.Node+" "+stepInProgress, false, t.log.progressOf(c.Node, stepInProgress))
	}
	switch {
	case c.Ended && n.Status == NodeCompleted:
		t.owed = append(t.owed, c.Node)
		t.pay(ctx, false)
	case c.Ended && n.Status == NodeFailed:
		t.log.add(c.Node+" "+stepFailed, false, t.log.progressOf(c.Node, stepFailed))
	case c.Percent && !c.State:
		t.log.add("", false, told{EventTask, taskData{t.run, n.Name, n.Percent, n.Total, n.Completed}})
	}
}

// pay tells what nodes made that have ended well. What cannot be read is tried
// again, until the run ends or trying cannot help.
func (t *teller) pay(ctx context.Context, last bool) {
	owed := t.owed
	t.owed = nil
	for _, node := range owed {
		all, err := made(ctx, t.hub.opt.Store, t.recording, t.run, node)
		if err != nil && (ctx.Err() != nil || store.IsTransient(err) && !last) {
			t.owed = append(t.owed, node)
			continue
		}
		if err != nil {
			t.hub.opt.Log.Error("what a step made is not told", "recording", t.recording, "run", t.run, "step", node, "error", err)
		}
		t.log.add(node+" "+stepCompleted, false, append(all, t.log.progressOf(node, stepCompleted))...)
	}
}

// snapshot tells how all nodes stand.
func (t *teller) snapshot(last bool) {
	t.dirty = false
	t.log.add("", last, told{EventDAG, t.tracker.DAG()})
}

// node returns how a node stands.
func (t *Tracker) node(name string) Node {
	for _, n := range t.dag.Tasks {
		if n.Name == name {
			return n
		}
	}
	return Node{}
}
