package argo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// recorded are Workflows of a real cluster, without what nothing here reads.
var recorded = []string{"track-fails", "track-fails-fused", "one-pod", "no-role", "no-tracks"}

func load(t *testing.T, name string) *wfv1.Workflow {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var wf wfv1.Workflow
	if err := json.Unmarshal(b, &wf); err != nil {
		t.Fatal(err)
	}
	return &wf
}

// describe writes all that a status tells.
func describe(s Status) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s: recording %q, run %q, template %q, store %q\n", s.Workflow, s.Namespace, s.Recording, s.Run, s.Template, s.Store)
	fmt.Fprintf(&b, "%s %.0f%% after %s, exit %d: %s\n", s.State, 100*s.Progress, s.Finished.Sub(s.Started), s.Exit, s.Message)
	if s.Hint != "" {
		fmt.Fprintf(&b, "hint: %s\n", s.Hint)
	}
	for _, t := range s.Tasks {
		fmt.Fprintf(&b, "  %-22s %-9s %d attempts, took %s, exit %d", t.Name(), t.State, len(t.Attempts), t.Took, t.Exit)
		if t.Tracks > 0 {
			fmt.Fprintf(&b, ", of %d tracks", t.Tracks)
		}
		if t.Unsure {
			fmt.Fprintf(&b, ", as its pod %s", t.Template)
		}
		if t.Message != "" {
			fmt.Fprintf(&b, ": %s", t.Message)
		}
		b.WriteByte('\n')
		if t.Hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", t.Hint)
		}
		for i, a := range t.Attempts {
			fmt.Fprintf(&b, "    attempt %d in %s: %s, failed %v, exit %d", i+1, a.Pod, a.Finished.Sub(a.Started), a.Failed, a.Exit)
			if a.wait > 0 {
				fmt.Fprintf(&b, ", then %s", a.wait)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestStatusOfRecordedRuns(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, name := range recorded {
		fmt.Fprintf(&b, "== %s\n%s", name, describe(StatusOf(load(t, name), pipeline.New())))
	}
	golden.Equal(t, b.Bytes(), filepath.Join("testdata", "statuses.txt"))
}

// TestStatusBeforeController looks at a Workflow that nobody has touched yet.
func TestStatusBeforeController(t *testing.T) {
	t.Parallel()
	g := pipeline.New()
	s := StatusOf(&wfv1.Workflow{}, g)
	if s.State != engine.Queued || len(s.Tasks) != len(g.Nodes) {
		t.Errorf("%s with %d tasks, want queued with %d", s.State, len(s.Tasks), len(g.Nodes))
	}
	for _, task := range s.Tasks {
		if task.State != Waiting {
			t.Errorf("%s is %s", task.Name(), task.State)
		}
	}
}

// moment is a Workflow as it was at a time: nodes that began later are not
// there, and what ended later has not ended.
func moment(t *testing.T, wf *wfv1.Workflow, at time.Time) *wfv1.Workflow {
	t.Helper()
	now := wf.DeepCopy()
	if wf.Status.FinishedAt.After(at) {
		now.Status.Phase, now.Status.Message = wfv1.WorkflowRunning, ""
	}
	gone := map[string]bool{}
	for id, n := range now.Status.Nodes {
		switch {
		case n.StartedAt.After(at):
			gone[id] = true
			delete(now.Status.Nodes, id)
		case n.FinishedAt.IsZero() || n.FinishedAt.After(at):
			n.Phase, n.Message, n.Outputs, n.Progress = wfv1.NodeRunning, "", nil, "0/100"
			n.FinishedAt.Reset()
			now.Status.Nodes[id] = n
		}
	}
	for id, n := range now.Status.Nodes {
		n.Children = slices.DeleteFunc(slices.Clone(n.Children), func(c string) bool { return gone[c] })
		now.Status.Nodes[id] = n
	}
	return now
}

// TestEventsGrow replays recorded runs second by second: what was told must
// stay true, be told once, and be the same as what is told of the finished run.
func TestEventsGrow(t *testing.T) {
	t.Parallel()
	for _, name := range recorded {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wf := load(t, name)
			g := pipeline.New()
			told := NewTeller()
			var live []engine.Event
			end := wf.Status.FinishedAt.Time
			if end.IsZero() {
				end = wf.Status.StartedAt.Add(10 * time.Minute)
			}
			for at := wf.Status.StartedAt.Time; !at.After(end); at = at.Add(time.Second) {
				live = append(live, told.Tell(StatusOf(moment(t, wf, at), g), at)...)
			}
			whole := NewTeller().Tell(StatusOf(wf, g), end)
			count := func(list []engine.Event) map[string]int {
				m := map[string]int{}
				for _, ev := range list {
					if ev.Fraction > 0 {
						continue // how far it was is only told while it goes
					}
					m[fmt.Sprintf("%s[%d] %s attempt %d: %s", ev.Step, ev.Track, ev.State, ev.Attempt, ev.Message)]++
				}
				return m
			}
			a, b := count(live), count(whole)
			for what, n := range b {
				if a[what] != n {
					t.Errorf("told %d times while it went, and %d times at its end: %s", a[what], n, what)
				}
			}
			for what := range a {
				if b[what] == 0 {
					t.Errorf("told while it went, but not at its end: %s", what)
				}
			}
			for i := range live[1:] {
				if live[i+1].Time.Before(live[i].Time) {
					t.Errorf("%+v is told after %+v", live[i+1], live[i])
				}
			}
		})
	}
}

// TestEventsOfAttempts tells one task's story step by step.
func TestEventsOfAttempts(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 0, 0, s, 0, time.UTC) }
	first := Attempt{Pod: "p0", Started: at(1), Finished: at(3), Failed: true, Message: "no answer", Exit: 75, wait: 2 * time.Second}
	stages := []Task{
		{State: engine.Queued, Attempts: []Attempt{{Pod: "p0", Started: at(1), Pending: true}}},
		{State: engine.Queued, Attempts: []Attempt{{Pod: "p0", Started: at(1), Pending: true}}, Message: "no node has room", Hint: "make room"},
		{State: engine.Queued, Attempts: []Attempt{{Pod: "p0", Started: at(1), Pending: true}}, Message: "still none has", Hint: "make room"},
		{State: engine.Running, Attempts: []Attempt{{Pod: "p0", Started: at(1)}}},
		{State: engine.Running, Attempts: []Attempt{{Pod: "p0", Started: at(1)}}, Fraction: 0.5},
		{State: engine.Running, Attempts: []Attempt{{Pod: "p0", Started: at(1)}}, Fraction: 0.5},
		{State: engine.Retrying, Attempts: []Attempt{first}, Message: "no answer", Exit: 75},
		{State: engine.Running, Attempts: []Attempt{first, {Pod: "p1", Started: at(5)}}},
		{State: engine.Succeeded, Attempts: []Attempt{first, {Pod: "p1", Started: at(5), Finished: at(9)}}, Took: 8 * time.Second},
	}
	told := NewTeller()
	var got []string
	for i, task := range stages {
		task.Step, task.Track = "detect-topics", -1
		for _, ev := range told.Tell(Status{State: engine.Running, Started: at(0), Tasks: []Task{task}}, at(20)) {
			if ev.Step != "" {
				got = append(got, fmt.Sprintf("%d: %s attempt %d, %.0f%%, wait %s, took %s, exit %d: %s", i, ev.State, ev.Attempt, 100*ev.Fraction, ev.Wait, ev.Took, ev.Exit, ev.Message))
			}
		}
	}
	want := []string{
		"1: queued attempt 1, 0%, wait 0s, took 0s, exit 0: no node has room",
		"3: running attempt 1, 0%, wait 0s, took 0s, exit 0: ",
		"4: running attempt 1, 50%, wait 0s, took 0s, exit 0: ",
		"6: retrying attempt 1, 0%, wait 2s, took 0s, exit 75: no answer",
		"7: running attempt 2, 0%, wait 0s, took 0s, exit 0: ",
		"8: succeeded attempt 2, 0%, wait 0s, took 8s, exit 0: ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ message, text, hint string }{
		{"main: Error (exit code 65)", "Error (exit code 65)", ""},
		{"main: Error (exit code 65): error: the file is no audio\nhint: send audio\n", "the file is no audio", "send audio"},
		{"main: Error (exit code 1): some other words", "some other words", ""},
		{"wait: Error (exit code 64): forbidden", "wait: Error (exit code 64): forbidden", ""},
		{"pod deleted", "pod deleted", ""},
	} {
		if text, hint := said(c.message); text != c.text || hint != c.hint {
			t.Errorf("%q says %q, %q", c.message, text, hint)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	limit, factor := intstr.FromInt32(3), intstr.FromInt32(3)
	r := &reader{templates: map[string]wfv1.Template{"pad": {RetryStrategy: &wfv1.RetryStrategy{
		Limit: &limit, Expression: "lastRetry.status == 'Error' || lastRetry.exitCode in ['75', '137']",
		Backoff: &wfv1.Backoff{Duration: "2s", Factor: &factor, Cap: "10s"},
	}}}}
	for n, want := range map[int]time.Duration{1: 2 * time.Second, 2: 6 * time.Second, 3: 10 * time.Second} {
		if got := r.backoff("pad", n); got != want {
			t.Errorf("after attempt %d: wait %s, want %s", n, got, want)
		}
	}
	for _, c := range []struct {
		name    string
		count   int
		attempt Attempt
		want    bool
	}{
		{"transient", 1, Attempt{Exit: 75}, true},
		{"bad data", 1, Attempt{Exit: 65}, false},
		{"lost", 3, Attempt{lost: true}, true},
		{"too often", 4, Attempt{Exit: 75}, false},
	} {
		if got := r.again(wfv1.NodeStatus{TemplateName: "pad"}, c.count, c.attempt); got != c.want {
			t.Errorf("%s: tried again %v, want %v", c.name, got, c.want)
		}
	}
}
