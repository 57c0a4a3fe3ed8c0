package argo

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// namesOf returns the names of nodes, without the Workflow's.
func namesOf(wf *wfv1.Workflow, ids map[string]bool) []string {
	var list []string
	for id := range ids {
		list = append(list, strings.TrimPrefix(wf.Status.Nodes[id].Name, wf.Name+"."))
	}
	slices.Sort(list)
	return list
}

func TestForgotten(t *testing.T) {
	t.Parallel()
	wf := load(t, "track-fails")
	kept := map[string]bool{}
	forget := forgotten(wf)
	for id := range wf.Status.Nodes {
		kept[id] = !forget[id]
	}
	maps.DeleteFunc(kept, func(_ string, keep bool) bool { return !keep })
	want := []string{
		wf.Name, "get-participants", "get-participants(0)", "get-recording", "get-recording(0)",
		"pad-track", "pad-track(0:0)", "pad-track(0:0)(0)", "pad-track(1:1)",
	}
	slices.Sort(want)
	if got := namesOf(wf, kept); !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	for name, n := range map[string]int{"no-tracks": 1, "one-pod": 1} { // only what comes at the exit
		wf := load(t, name)
		for id := range forgotten(wf) {
			if !strings.HasPrefix(wf.Status.Nodes[id].Name, wf.Name+".onExit") {
				t.Errorf("%s: %s is forgotten", name, wf.Status.Nodes[id].Name)
			}
		}
		if len(forgotten(wf)) < n {
			t.Errorf("%s: the exit handler is kept", name)
		}
	}
}

// TestSurvivedFailureStays keeps what failed and the run went on without.
func TestSurvivedFailureStays(t *testing.T) {
	t.Parallel()
	nodes := wfv1.Nodes{
		"root":  {ID: "root", Name: "run", Type: wfv1.NodeTypeDAG, Phase: wfv1.NodeFailed, Children: []string{"wave"}},
		"wave":  {ID: "wave", Name: "run.wave", Type: wfv1.NodeTypeRetry, Phase: wfv1.NodeFailed, Children: []string{"wave0", "final"}},
		"wave0": {ID: "wave0", Name: "run.wave(0)", Type: wfv1.NodeTypePod, Phase: wfv1.NodeFailed, NodeFlag: &wfv1.NodeFlag{Retried: true}},
		"final": {ID: "final", Name: "run.final", Type: wfv1.NodeTypePod, Phase: wfv1.NodeSucceeded, Children: []string{"tell"}},
		"tell":  {ID: "tell", Name: "run.tell", Type: wfv1.NodeTypePod, Phase: wfv1.NodeFailed},
	}
	wf := &wfv1.Workflow{Status: wfv1.WorkflowStatus{Nodes: nodes}}
	wf.Name = "run"
	if got := slices.Sorted(maps.Keys(forgotten(wf))); !slices.Equal(got, []string{"tell"}) {
		t.Errorf("forgotten: %q", got)
	}
}

// TestRetryThroughKubernetes retries a recorded run, with its nodes packed and
// not, and looks at what is left.
func TestRetryThroughKubernetes(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{false, true} {
		api := argotest.New(t)
		k := kubeOf(t, api)
		wf := load(t, "track-fails")
		wf.Spec.Shutdown = wfv1.ShutdownStrategyStop
		path := argotest.Workflow(testNamespace, wf.Name)
		lost := podName(wf, wf.Status.Nodes[idOf(t, wf, "pad-track(1:1)(0)")])
		done := podName(wf, wf.Status.Nodes[idOf(t, wf, "get-recording(0)")])
		for _, pod := range []string{lost, done} {
			api.Put("/api/v1/namespaces/"+testNamespace+"/pods/"+pod, argotest.Object{
				"metadata": argotest.Object{"labels": argotest.Object{labelWorkflow: wf.Name}},
			})
		}
		if packed {
			b, err := json.Marshal(wf.Status.Nodes)
			if err != nil {
				t.Fatal(err)
			}
			if wf.Status.CompressedNodes, err = pack(b); err != nil {
				t.Fatal(err)
			}
			wf.Status.Nodes = nil
		}
		api.Put(path, wf)
		api.Edit(path, func(o argotest.Object) { o["status"].(argotest.Object)["fromTheFuture"] = "kept" })
		before, err := k.Get(t.Context(), wf.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Retry(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		after, err := k.Get(t.Context(), wf.Name)
		if err != nil {
			t.Fatal(err)
		}
		checkRetried(t, after)
		if api.Get(path)["status"].(argotest.Object)["fromTheFuture"] != "kept" {
			t.Error("a field that is not known here was lost")
		}
		if api.Get("/api/v1/namespaces/"+testNamespace+"/pods/"+lost) != nil || api.Get("/api/v1/namespaces/"+testNamespace+"/pods/"+done) == nil {
			t.Errorf("pods left: %q", api.Paths("/api/v1/namespaces/"))
		}
		// Who has seen an older state must not write over a newer one.
		before.Status.Phase = wfv1.WorkflowFailed
		wantKind(t, k.Retry(t.Context(), before), ErrConflict)
	}
}

func idOf(t *testing.T, wf *wfv1.Workflow, name string) string {
	t.Helper()
	for id, n := range wf.Status.Nodes {
		if n.Name == wf.Name+"."+name {
			return id
		}
	}
	t.Fatalf("no node %s", name)
	return ""
}

func checkRetried(t *testing.T, wf *wfv1.Workflow) {
	t.Helper()
	if wf.Status.Phase != wfv1.WorkflowRunning || !wf.Status.FinishedAt.IsZero() || wf.Spec.Shutdown != "" {
		t.Errorf("phase %s, finished %s, shutdown %q", wf.Status.Phase, wf.Status.FinishedAt, wf.Spec.Shutdown)
	}
	if _, ok := wf.Labels[labelCompleted]; ok || wf.Labels[labelPhase] != "Running" {
		t.Errorf("labels %v", wf.Labels)
	}
	for id, n := range wf.Status.Nodes {
		for _, child := range append(slices.Clone(n.Children), n.OutboundNodes...) {
			if _, ok := wf.Status.Nodes[child]; !ok {
				t.Errorf("%s refers to a node that is gone", n.Name)
			}
		}
		if n.ID != id || n.FailedOrError() {
			t.Errorf("%s is %s", n.Name, n.Phase)
		}
	}
	for _, name := range []string{"pad-track", "pad-track(1:1)"} {
		if n := wf.Status.Nodes[idOf(t, wf, name)]; n.Phase != wfv1.NodeRunning || !n.FinishedAt.IsZero() {
			t.Errorf("%s is %s", name, n.Phase)
		}
	}
	s := StatusOf(wf, pipeline.New())
	if s.State != engine.Running || s.Tasks[0].State != engine.Succeeded {
		t.Errorf("run %s, first step %s", s.State, s.Tasks[0].State)
	}
}

func TestRetryIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, api *argotest.API, c Cluster) {
		for _, phase := range []wfv1.WorkflowPhase{"", wfv1.WorkflowPending, wfv1.WorkflowRunning, wfv1.WorkflowSucceeded} {
			wf := &wfv1.Workflow{Status: wfv1.WorkflowStatus{Phase: phase}}
			wantKind(t, c.Retry(t.Context(), wf), ErrInvalid)
		}
		if asked := api.Asked(); len(asked) > 0 {
			t.Errorf("asked %q", asked)
		}
	})
}

// TestRetryForbidden says what is not allowed, before anything is changed.
func TestRetryForbidden(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	k := kubeOf(t, api)
	wf := load(t, "track-fails")
	api.Put(argotest.Workflow(testNamespace, wf.Name), wf)
	api.Refuse(func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/pods") {
			return http.StatusForbidden, "pods is forbidden"
		}
		return 0, ""
	})
	err := k.Retry(t.Context(), wf)
	wantKind(t, err, ErrForbidden)
	var e *Error
	if errors.As(err, &e) && !strings.Contains(e.Hint(), "pods") {
		t.Errorf("hint %q", e.Hint())
	}
}
