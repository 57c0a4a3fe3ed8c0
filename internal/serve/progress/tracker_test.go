package progress

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// at returns an event of a step, n seconds after noon.
func at(n int, step string, track int, state engine.State, attempt int) engine.Event {
	return engine.Event{Time: noon.Add(time.Duration(n) * time.Second), Step: step, Track: track, State: state, Attempt: attempt}
}

func with(ev engine.Event, set func(*engine.Event)) engine.Event {
	set(&ev)
	return ev
}

func TestTrackerOfOneNode(t *testing.T) {
	t.Parallel()
	const step = "get-recording"
	retrying := with(at(2, step, -1, engine.Retrying, 1), func(ev *engine.Event) { ev.Message, ev.Hint = "the service is away", "wait" })
	failed := with(at(4, step, -1, engine.Failed, 2), func(ev *engine.Event) { ev.Message, ev.Hint = "broken", "mend it" })
	half := with(at(1, step, -1, engine.Running, 1), func(ev *engine.Event) { ev.Fraction = 0.5 })
	running, again := at(1, step, -1, engine.Running, 1), at(3, step, -1, engine.Running, 2)
	done := at(5, step, -1, engine.Succeeded, 2)
	for name, c := range map[string]struct {
		events   []engine.Event
		status   string
		attempts int
		message  string
		err      string
		percent  float64 // -1: null
		seconds  float64 // -1: null
	}{
		"nothing":          {nil, NodeQueued, 0, "", "", -1, -1},
		"queued":           {[]engine.Event{at(0, step, -1, engine.Queued, 0)}, NodeQueued, 0, "", "", -1, -1},
		"running":          {[]engine.Event{running}, NodeRunning, 1, "", "", -1, -1},
		"half":             {[]engine.Event{running, half}, NodeRunning, 1, "", "", 50, -1},
		"retrying":         {[]engine.Event{running, half, retrying}, NodeRunning, 1, "the service is away", "", -1, -1},
		"again":            {[]engine.Event{running, retrying, again}, NodeRunning, 2, "", "", -1, -1},
		"done":             {[]engine.Event{running, retrying, again, done}, NodeCompleted, 2, "", "", -1, 4},
		"failed":           {[]engine.Event{running, retrying, again, failed}, NodeFailed, 2, "", "broken", -1, 3},
		"repeated":         {[]engine.Event{running, running, retrying, retrying, running, again, done, done, again}, NodeCompleted, 2, "", "", -1, 4},
		"late":             {[]engine.Event{running, again, retrying, half}, NodeRunning, 2, "", "", -1, -1},
		"late after done":  {[]engine.Event{running, done, again, retrying, failed}, NodeCompleted, 2, "", "", -1, 4},
		"done after fail":  {[]engine.Event{running, failed, at(5, step, -1, engine.Succeeded, 3)}, NodeCompleted, 3, "", "", -1, 4},
		"end before begin": {[]engine.Event{done, running}, NodeCompleted, 2, "", "", -1, -1},
		"another step":     {[]engine.Event{at(1, "no-such-step", -1, engine.Failed, 1)}, NodeQueued, 0, "", "", -1, -1},
		"canceled":         {[]engine.Event{running, at(2, step, -1, engine.Canceled, 1)}, NodeCancelled, 1, "", "", -1, 1},
		"missing input":    {[]engine.Event{with(at(2, step, -1, engine.Skipped, 0), func(ev *engine.Event) { ev.Message = "x failed" })}, NodeCancelled, 0, "", "", -1, -1},
		"nothing to do":    {[]engine.Event{running, with(at(2, step, -1, engine.Skipped, 1), func(ev *engine.Event) { ev.Message = "no stream" })}, NodeCompleted, 1, "", "", -1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := node1(t, dagOf(pipeline.New(), "r", c.events), step)
			null := func(p *float64) float64 {
				if p == nil {
					return -1
				}
				return *p
			}
			err := ""
			if n.Error != nil {
				err = *n.Error
			}
			if n.Status != c.status || n.Attempts != c.attempts || n.Message != c.message || err != c.err || null(n.Percent) != c.percent || null(n.Seconds) != c.seconds {
				t.Errorf("got %s, attempts %d, message %q, error %q, percent %v, seconds %v; want %+v", n.Status, n.Attempts, n.Message, err, null(n.Percent), null(n.Seconds), c)
			}
		})
	}
}

func TestTrackerOfAFanOut(t *testing.T) {
	t.Parallel()
	tr := NewTracker(pipeline.New(), "r")
	const step = "pad-track"
	queued := func(track int) engine.Event {
		return with(at(0, step, track, engine.Queued, 0), func(ev *engine.Event) { ev.Tracks = 3 })
	}
	for _, c := range []struct {
		ev        engine.Event
		status    string
		completed int
		attempts  int
		ended     bool
		cached    bool
	}{
		{queued(0), NodeQueued, 0, 0, false, false},
		{queued(2), NodeQueued, 0, 0, false, false},
		{queued(1), NodeQueued, 0, 0, false, false},
		{at(1, step, 2, engine.Running, 1), NodeRunning, 0, 1, false, false},
		{at(2, step, 2, engine.Cached, 1), NodeRunning, 1, 1, false, false},
		{at(3, step, 0, engine.Running, 2), NodeRunning, 1, 2, false, false},
		{at(4, step, 0, engine.Cached, 2), NodeRunning, 2, 2, false, false},
		{at(4, step, 0, engine.Running, 2), NodeRunning, 2, 2, false, false}, // late
		{at(5, step, 1, engine.Cached, 1), NodeCompleted, 3, 2, true, true},
		{at(5, step, 1, engine.Cached, 1), NodeCompleted, 3, 2, false, true}, // repeated
	} {
		change := tr.Apply(c.ev)
		n := node1(t, tr.DAG(), step)
		if n.Status != c.status || *n.Completed != c.completed || *n.Total != 3 || n.Attempts != c.attempts || change.Ended != c.ended || n.Cached != c.cached {
			t.Errorf("after %+v: %+v, change %+v; want %+v", c.ev, n, change, c)
		}
	}
	n := node1(t, tr.DAG(), step)
	if *n.Seconds != 4 || len(n.Tracks) != 3 || n.Tracks[0].Track != 0 || n.Tracks[2].Track != 2 {
		t.Errorf("at the end: %v seconds, tracks %+v", *n.Seconds, n.Tracks)
	}
}

func TestTrackerTellsWhatWaits(t *testing.T) {
	t.Parallel()
	d := dagOf(pipeline.New(), "r", []engine.Event{
		at(0, "", -1, engine.Running, 0), at(1, "get-recording", -1, engine.Running, 1), at(2, "get-recording", -1, engine.Succeeded, 1),
		at(3, "get-participants", -1, engine.Running, 1),
	})
	for step, want := range map[string][]string{
		"get-recording": {}, "get-participants": {}, "pad-track": {}, "merge-transcripts": {"get-participants", "pad-track", "transcribe-track"},
	} {
		if diff := cmp.Diff(want, node1(t, d, step).Waiting); diff != "" {
			t.Errorf("%s waits: %s", step, diff)
		}
	}
	if d.Progress <= 0 || d.Progress >= 1 {
		t.Errorf("progress is %v", d.Progress)
	}
	b, err := json.Marshal(d)
	if err != nil || strings.Contains(string(b), `"waiting_for":null`) || strings.Contains(string(b), `"parents":null`) {
		t.Errorf("lists are null: %s, %v", b, err)
	}
}

// The run's end ends everything, and a run that is taken up again goes on.
func TestTrackerOfTheRun(t *testing.T) {
	t.Parallel()
	tr := NewTracker(pipeline.New(), "r")
	for _, ev := range []engine.Event{
		at(0, "", -1, engine.Running, 0), at(1, "get-recording", -1, engine.Running, 1), at(2, "get-recording", -1, engine.Succeeded, 1),
		with(at(2, "pad-track", 0, engine.Queued, 0), func(ev *engine.Event) { ev.Tracks = 2 }),
		at(3, "pad-track", 0, engine.Running, 1), with(at(4, "pad-track", 0, engine.Failed, 1), func(ev *engine.Event) { ev.Message = "broken" }),
		with(at(5, "", -1, engine.Failed, 0), func(ev *engine.Event) { ev.Message, ev.Hint = "pad-track[0]: broken", "mend it" }),
	} {
		tr.Apply(ev)
	}
	d := tr.DAG()
	if d.Status != engine.Failed || d.Error != "pad-track[0]: broken" || d.Hint != "mend it" || d.FinishedAt == nil {
		t.Errorf("the run is %+v", d)
	}
	if n := node1(t, d, "pad-track"); n.Status != NodeFailed || *n.Total != 2 || n.FinishedAt == nil {
		t.Errorf("the node with a failed track, and one that never began, is %+v", n)
	}
	if n := node1(t, d, "finalize"); n.Status != NodeCancelled || len(n.Waiting) != 0 {
		t.Errorf("what never began is %+v", n)
	}
	if c := tr.Apply(at(1, "", -1, engine.Running, 0)); c.State || tr.DAG().Status != engine.Failed {
		t.Error("a late event brings the run back")
	}
	tr.Apply(at(9, "", -1, engine.Running, 0))
	again := tr.DAG()
	if n := node1(t, again, "pad-track"); again.Status != engine.Running || again.Error != "" || n.Status != NodeQueued || n.Error != nil {
		t.Errorf("taken up again: run %s, node %+v", again.Status, n)
	}
	if n := node1(t, again, "get-recording"); n.Status != NodeCompleted {
		t.Errorf("what was done is %s", n.Status)
	}
	if n := node1(t, d, "pad-track"); n.Status != NodeFailed {
		t.Error("a DAG that was handed out has changed")
	}
}

// Events that come twice, in any order within a step, end in the same state.
func TestTrackerInAnyOrder(t *testing.T) {
	t.Parallel()
	s := newScript(t, 3)
	s.act = failing(map[string]int{"pad-track[1]": 2, "generate-title": 99, "detect-topics": 1}, transient)
	all := s.do("r1")
	want := comparable(dagOf(s.graph, "r1", all))
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		mixed := append([]engine.Event(nil), all...)
		for range 30 { // the run's own first and last event stay where they are
			i, j := 1+r.IntN(len(mixed)-2), 1+r.IntN(len(mixed)-2)
			mixed = append(mixed[:i:i], append([]engine.Event{mixed[j]}, mixed[i:]...)...)
		}
		got := comparable(dagOf(s.graph, "r1", mixed))
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// A graph without nodes is no division by nothing.
func TestTrackerOfAnEmptyGraph(t *testing.T) {
	t.Parallel()
	if d := dagOf(graph.Graph{}, "r", []engine.Event{at(0, "", -1, engine.Running, 0)}); d.Progress != 0 || d.Tasks == nil {
		t.Errorf("got %+v", d)
	}
}
