package argo

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	rendered "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// place is a cluster that the suite runs on. It has the WorkflowTemplate
// suiteTemplate, whose step does what the run's parameters say.
type place struct {
	cluster Cluster
	// mend lets the step of the broken run succeed from then on.
	mend func(t *testing.T)
	// tag makes names that no earlier suite has used.
	tag string
}

const suiteTemplate = "trackscribe-suite"

// What the runs of the suite do.
var (
	okay   = map[string]string{"command": "echo", "first": "good day"}
	slow   = map[string]string{"command": "sleep", "first": "600s"}
	broken = map[string]string{"command": "map", "first": "/mended/yes", "second": "/scratch/out", "third": "1"}
)

// conformance is what every cluster does, however it is reached.
func conformance(t *testing.T, p place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, place)
	}{
		{"unknown", unknownNames},
		{"dry run", dryRun},
		{"create, find, follow, delete", life},
		{"stop and retry", stopAndRetry},
		{"fail, mend, retry", failAndRetry},
		{"engine", driveEngine},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, p)
		})
	}
}

func (p place) submit(t *testing.T, name string, params map[string]string) *wfv1.Workflow {
	t.Helper()
	r := run.Run{ID: name + "-" + p.tag, Recording: "suite-" + p.tag, Source: "s3://nowhere/at-all", Params: params}
	r.Graph.Name = "suite"
	return NewWorkflow(r, Submission{Template: suiteTemplate, Store: "s3://bucket/prefix"})
}

func (p place) create(t *testing.T, name string, params map[string]string) *wfv1.Workflow {
	t.Helper()
	wf, err := p.cluster.Create(t.Context(), p.submit(t, name, params), false)
	if err != nil {
		t.Fatal(err)
	}
	return wf
}

// end follows a Workflow to its end.
func (p place) end(t *testing.T, name string) *wfv1.Workflow {
	t.Helper()
	var last *wfv1.Workflow
	for wf, err := range Watch(t.Context(), p.cluster, name) {
		if err != nil {
			t.Fatal(err)
		}
		last = wf
	}
	return last
}

// reaches follows a Workflow until a step is in the state.
func (p place) reaches(t *testing.T, name string, state engine.State) {
	t.Helper()
	sight := Sight{Cluster: p.cluster, Graph: pipeline.New()}
	for s, err := range sight.Follow(t.Context(), name) {
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range s.Tasks {
			if task.State == state {
				return
			}
		}
	}
	t.Fatalf("workflow %s ended before a step was %s", name, state)
}

func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	var e *Error
	if !errors.Is(err, kind) || !errors.As(err, &e) {
		t.Errorf("error %v, want %q", err, kind)
	}
}

func unknownNames(t *testing.T, p place) {
	ctx := t.Context()
	_, err := p.cluster.Get(ctx, "no-such-run")
	wantKind(t, err, ErrNotFound)
	_, err = p.cluster.Template(ctx, "no-such-template")
	wantKind(t, err, ErrNotFound)
	wantKind(t, p.cluster.Delete(ctx, "no-such-run"), ErrNotFound)
	wantKind(t, p.cluster.Shutdown(ctx, "no-such-run", false), ErrNotFound)
	for _, what := range []string{"no-such-run", "Not An Id"} {
		_, err = Find(ctx, p.cluster, what)
		wantKind(t, err, ErrNotFound)
	}
	for _, err := range Watch(ctx, p.cluster, "no-such-run") {
		wantKind(t, err, ErrNotFound)
	}
	if tmpl, err := p.cluster.Template(ctx, suiteTemplate); err != nil || tmpl.Spec.Entrypoint != "main" {
		t.Errorf("template: %+v, %v", tmpl, err)
	}
}

func dryRun(t *testing.T, p place) {
	wf, err := p.cluster.Create(t.Context(), p.submit(t, "dry", okay), true)
	if err != nil || !strings.HasPrefix(wf.Name, "suite-"+p.tag+"-dry") {
		t.Fatalf("dry run: %q, %v", wf.Name, err)
	}
	_, err = p.cluster.Get(t.Context(), wf.Name)
	wantKind(t, err, ErrNotFound)
}

func life(t *testing.T, p place) {
	ctx := t.Context()
	wf := p.create(t, "life", okay)
	_, err := p.cluster.Create(ctx, p.submit(t, "life", okay), false)
	wantKind(t, err, ErrExists)
	for _, what := range []string{wf.Name, "life-" + p.tag} {
		found, err := Find(ctx, p.cluster, what)
		if err != nil || found.Name != wf.Name {
			t.Errorf("find %q: %v", what, err)
		}
	}
	list, err := Runs(ctx, p.cluster, "suite-"+p.tag)
	if err != nil || len(list) == 0 || argument(&list[0], rendered.ParamRecording) != "suite-"+p.tag {
		t.Errorf("list: %d runs, %v", len(list), err)
	}
	last := p.end(t, wf.Name)
	if last.Status.Phase != wfv1.WorkflowSucceeded || len(last.Status.Nodes) == 0 {
		t.Fatalf("ended %s with %d nodes: %s", last.Status.Phase, len(last.Status.Nodes), last.Status.Message)
	}
	wantKind(t, p.cluster.Retry(ctx, last), ErrInvalid)
	var lines []string
	err = Sight{Cluster: p.cluster, Graph: pipeline.New()}.Logs(ctx, wf.Name, LogOptions{}, nil, func(l LogLine) { lines = append(lines, l.Task+": "+l.Text) }, func(Pod) {})
	if err != nil || !strings.Contains(strings.Join(lines, "\n"), "get-recording: good day") {
		t.Errorf("logs: %q, %v", lines, err)
	}
	if err := p.cluster.Delete(ctx, wf.Name); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ { // an Argo Server may still show it for a moment
		_, err := p.cluster.Get(ctx, wf.Name)
		if errors.Is(err, ErrNotFound) {
			break
		}
		if i == 100 {
			t.Fatalf("after it was deleted: %v", err)
		}
		<-time.After(100 * time.Millisecond)
	}
}

func stopAndRetry(t *testing.T, p place) {
	ctx := t.Context()
	wf := p.create(t, "stop", slow)
	p.reaches(t, wf.Name, engine.Running)
	running, err := p.cluster.Get(ctx, wf.Name)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, p.cluster.Retry(ctx, running), ErrInvalid)
	if err := p.cluster.Shutdown(ctx, wf.Name, true); err != nil {
		t.Fatal(err)
	}
	last := p.end(t, wf.Name)
	s := StatusOf(last, pipeline.New())
	if s.State != engine.Canceled || s.Tasks[0].State != engine.Canceled {
		t.Fatalf("ended %s (%s), its step %s (%s)", s.State, s.Message, s.Tasks[0].State, s.Tasks[0].Message)
	}
	if err := p.cluster.Retry(ctx, last); err != nil {
		t.Fatal(err)
	}
	p.reaches(t, wf.Name, engine.Running)
	// A deletion ends whoever watches.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	deleted := false
	for _, err := range Watch(ctx, p.cluster, wf.Name) {
		if err != nil {
			wantKind(t, err, ErrNotFound)
			return
		}
		if !deleted {
			deleted = true
			if err := p.cluster.Delete(ctx, wf.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func failAndRetry(t *testing.T, p place) {
	wf := p.create(t, "fail", broken)
	last := p.end(t, wf.Name)
	s := StatusOf(last, pipeline.New())
	if s.State != engine.Failed || s.Tasks[0].State != engine.Failed || s.Tasks[0].Exit != 1 {
		t.Fatalf("ended %s: %s; step %+v", s.State, s.Message, s.Tasks[0])
	}
	p.mend(t)
	if err := p.cluster.Retry(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	again := p.end(t, wf.Name)
	s = StatusOf(again, pipeline.New())
	if s.State != engine.Succeeded || s.Tasks[0].State != engine.Succeeded {
		t.Fatalf("after the retry: %s: %s; %+v", s.State, s.Message, s.Tasks)
	}
}

// driveEngine starts a run twice, follows its events, and cancels another.
func driveEngine(t *testing.T, p place) {
	ctx := t.Context()
	eng := New(Options{Sight: Sight{Cluster: p.cluster, Graph: pipeline.New()}, Submission: Submission{Template: suiteTemplate}})
	r := run.Run{ID: "engine-" + p.tag, Recording: "suite-" + p.tag, Source: "s3://nowhere/at-all", Params: okay}
	r.Graph.Name = "suite"
	for range 2 {
		if err := eng.Start(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	var all []engine.Event
	for ev, err := range eng.Events(ctx, r.Recording, r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ev)
	}
	if len(all) < 4 || all[0].State != engine.Running || all[0].Step != "" {
		t.Fatalf("events: %+v", all)
	}
	if end := all[len(all)-1]; end.Step != "" || end.State != engine.Succeeded || end.Took <= 0 {
		t.Errorf("last event: %+v", end)
	}
	for i, ev := range all[1:] {
		if ev.Time.Before(all[i].Time) && ev.Message == "" {
			t.Errorf("event %+v comes after %+v", ev, all[i])
		}
	}
	if err := eng.Cancel(ctx, r.Recording, "gone"); !errors.Is(err, engine.ErrUnknownRun) {
		t.Errorf("cancel of an unknown run: %v", err)
	}
	r.ID, r.Params = "cancel-"+p.tag, slow
	if err := eng.Start(ctx, r); err != nil {
		t.Fatal(err)
	}
	if err := eng.Cancel(ctx, r.Recording, r.ID); err != nil {
		t.Fatal(err)
	}
	for ev, err := range eng.Events(ctx, r.Recording, r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Step == "" && ev.State.Ended() && ev.State != engine.Canceled {
			t.Errorf("the canceled run ended: %+v", ev)
		}
	}
}
