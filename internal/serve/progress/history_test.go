package progress

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
)

// comparable is a DAG without what only the engine knows: when things were
// begun that nobody wrote down, and attempts that were canceled.
func comparable(d DAG) DAG {
	d.StartedAt, d.FinishedAt = nil, nil
	d.Tasks = slices.Clone(d.Tasks)
	for i := range d.Tasks {
		n := &d.Tasks[i]
		n.StartedAt, n.FinishedAt, n.Seconds, n.Percent = nil, nil, nil, nil
		n.Tracks = slices.Clone(n.Tracks)
		for j := range n.Tracks {
			one := &n.Tracks[j]
			one.StartedAt, one.FinishedAt, one.Percent = nil, nil, nil
			if one.Status == NodeCancelled {
				one.Attempts = 0
			}
		}
		if n.Status == NodeCancelled {
			n.Attempts = 0
		}
	}
	return d
}

// What the store tells of a run that has ended is what its engine told.
func TestHistoryIsWhatTheEngineTold(t *testing.T) {
	t.Parallel()
	everywhere := map[string]int{"pad-track[1]": 1, "transcribe-track[0]": 2, "detect-topics": 1, "finalize": 3}
	for name, c := range map[string]struct {
		width int
		set   func(*script)
		want  engine.State
	}{
		"all goes well":         {width: 3, want: engine.Succeeded},
		"one track":             {width: 1, want: engine.Succeeded},
		"no tracks":             {width: 0, want: engine.Succeeded},
		"fifty tracks":          {width: 50, want: engine.Succeeded},
		"tried again":           {width: 2, set: func(s *script) { s.act = failing(everywhere, transient) }, want: engine.Succeeded},
		"optional fails":        {width: 2, set: func(s *script) { s.act = failing(map[string]int{"mixdown-tracks": 1}, permanent) }, want: engine.Succeeded},
		"optional gives up":     {width: 2, set: func(s *script) { s.act = failing(map[string]int{"detect-topics": 99}, transient) }, want: engine.Succeeded},
		"a side effect fails":   {width: 2, set: func(s *script) { s.act = failing(map[string]int{"cleanup-consent": 99}, permanent) }, want: engine.Succeeded},
		"a required step fails": {width: 2, set: func(s *script) { s.act = failing(map[string]int{"merge-transcripts": 99}, transient) }, want: engine.Failed},
		"the first step fails":  {width: 2, set: func(s *script) { s.act = failing(map[string]int{"get-recording": 1}, permanent) }, want: engine.Failed},
		"the only track fails":  {width: 1, set: func(s *script) { s.act = failing(map[string]int{"pad-track[0]": 1}, permanent) }, want: engine.Failed},
		"cached": {width: 2, set: func(s *script) {
			s.cached = map[string]bool{"pad-track": true, "transcribe-track": true, "detect-topics": true}
		}, want: engine.Succeeded},
		"skipped": {width: 2, set: func(s *script) {
			s.skipped = map[string]string{"post-zulip": "no stream is set", "send-webhook": "no receiver is set"}
		}, want: engine.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, c.width)
			if c.set != nil {
				c.set(s)
			}
			told := s.do("r1")
			events, err := History(t.Context(), s.store, s.graph, recording, "r1")
			if err != nil {
				t.Fatal(err)
			}
			want, got := dagOf(s.graph, "r1", told), dagOf(s.graph, "r1", events)
			if got.Status != c.want {
				t.Errorf("the run is %s, want %s", got.Status, c.want)
			}
			if d := cmp.Diff(comparable(want), comparable(got)); d != "" {
				t.Errorf("engine (-) and store (+) differ:\n%s", d)
			}
		})
	}
}

// One track fails for good while the other is being worked on: the node failed,
// whatever became of the other.
func TestHistoryOfOneTrackThatFails(t *testing.T) {
	t.Parallel()
	s := newScript(t, 2)
	other := make(chan struct{})
	s.act = func(ctx context.Context, task run.Task, _ func(float64)) error {
		switch task.String() {
		case "transcribe-track[0]":
			close(other)
			<-ctx.Done()
			return context.Cause(ctx)
		case "transcribe-track[1]":
			<-other
			return permanent()
		}
		return nil
	}
	told := s.do("r1")
	events, err := History(t.Context(), s.store, s.graph, recording, "r1")
	if err != nil {
		t.Fatal(err)
	}
	want, got := dagOf(s.graph, "r1", told), dagOf(s.graph, "r1", events)
	if d := cmp.Diff(comparable(want), comparable(got)); d != "" {
		t.Errorf("engine (-) and store (+) differ:\n%s", d)
	}
	n := node1(t, got, "transcribe-track")
	if n.Status != NodeFailed || n.Error == nil || *n.Error != "the file is broken" || n.Hint != "use another file" || *n.Total != 2 || *n.Completed != 0 {
		t.Errorf("the node is %+v", n)
	}
	if got.Error != "transcribe-track[1]: the file is broken" || got.Hint != "use another file" {
		t.Errorf("the run failed by %q, hint %q", got.Error, got.Hint)
	}
}

func node1(t testing.TB, d DAG, name string) Node {
	t.Helper()
	i := slices.IndexFunc(d.Tasks, func(n Node) bool { return n.Name == name })
	if i < 0 {
		t.Fatalf("no node %q", name)
	}
	return d.Tasks[i]
}

func TestHistoryOfACanceledRun(t *testing.T) {
	t.Parallel()
	s := newScript(t, 2)
	begun := make(chan struct{}, 2)
	s.act = func(ctx context.Context, task run.Task, _ func(float64)) error {
		if task.Step != "transcribe-track" {
			return nil
		}
		begun <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	}
	e := s.engine()
	s.begin(e, "r1")
	<-begun
	<-begun
	if err := e.Cancel(t.Context(), recording, "r1"); err != nil {
		t.Fatal(err)
	}
	told := s.finish(e, "r1")
	events, err := History(t.Context(), s.store, s.graph, recording, "r1")
	if err != nil {
		t.Fatal(err)
	}
	want, got := comparable(dagOf(s.graph, "r1", told)), comparable(dagOf(s.graph, "r1", events))
	if got.Status != engine.Canceled || got.Error != "" {
		t.Errorf("the run is %s, error %q", got.Status, got.Error)
	}
	for i := range got.Tasks { // the store knows only that they were not done
		for _, n := range []*Node{&want.Tasks[i], &got.Tasks[i]} {
			for j := range n.Tracks {
				n.Tracks[j].Message = ""
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("engine (-) and store (+) differ:\n%s", d)
	}
}

func TestHistoryOfNothing(t *testing.T) {
	t.Parallel()
	s := newScript(t, 2)
	if _, err := History(t.Context(), s.store, s.graph, recording, "r1"); !errors.Is(err, engine.ErrUnknownRun) {
		t.Errorf("a run that nobody asked for: %v", err)
	}
	s.ask("r1")
	events, err := History(t.Context(), s.store, s.graph, recording, "r1")
	if err != nil || len(events) != 1 || events[0].State != engine.Running || events[0].Run != "r1" || events[0].Recording != recording {
		t.Errorf("a run that was only asked for: %+v, %v", events, err)
	}
}

// Watch yields what comes, once, while a run goes on elsewhere, and also when
// the run is not there yet.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := newScript(t, 2)
	gate := make(chan struct{})
	reached := make(chan struct{})
	s.act = func(_ context.Context, task run.Task, _ func(float64)) error {
		if task.Step == "merge-transcripts" {
			close(reached)
			<-gate
		}
		return nil
	}
	tick := make(chan time.Time)
	got := make(chan engine.Event, 1000)
	go func() {
		defer close(got)
		for ev, err := range Watch(t.Context(), s.store, s.graph, recording, "r1", tick, func() bool { return false }) {
			if err != nil {
				t.Error(err)
				return
			}
			got <- ev
		}
	}()
	tick <- time.Time{} // the run is not there, and was looked for
	e := s.engine()
	s.begin(e, "r1")
	<-reached
	tick <- time.Time{}
	tick <- time.Time{} // what was there has been yielded
	half := dagOf(s.graph, "r1", slices.Clone(drain(got)))
	if n := node1(t, half, "transcribe-track"); n.Status != NodeCompleted || *n.Total != 2 {
		t.Errorf("half way the transcription is %+v", n)
	}
	if n := node1(t, half, "merge-transcripts"); n.Status != NodeQueued || half.Status != engine.Running {
		t.Errorf("half way the run is %s and the merge %+v", half.Status, n)
	}
	close(gate)
	told := s.finish(e, "r1")
	close(tick) // it looks as often as it must; it may have seen the end already
	var rest []engine.Event
	for ev := range got {
		rest = append(rest, ev)
	}
	if last := rest[len(rest)-1]; last.Step != "" || last.State != engine.Succeeded {
		t.Errorf("the last event is %+v", last)
	}
	for _, ev := range rest {
		if ev.Step == "pad-track" {
			t.Errorf("told twice: %+v", ev)
		}
	}
	whole, err := History(t.Context(), s.store, s.graph, recording, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(comparable(dagOf(s.graph, "r1", told)), comparable(dagOf(s.graph, "r1", whole))); d != "" {
		t.Error(d)
	}
}

// drain takes what lies in a channel.
func drain(c <-chan engine.Event) (all []engine.Event) {
	for {
		select {
		case ev := <-c:
			all = append(all, ev)
		default:
			return all
		}
	}
}

// Watch ends when an engine knows the run, and with the context's error.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	s := newScript(t, 1)
	s.ask("r1")
	tick := make(chan time.Time, 1)
	tick <- time.Time{}
	n := 0
	for _, err := range Watch(t.Context(), s.store, s.graph, recording, "r1", tick, func() bool { return true }) {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d events, want the run's beginning", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range Watch(ctx, s.store, s.graph, recording, "r1", tick, func() bool { return true }) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
}
