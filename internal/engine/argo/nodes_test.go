package argo

import (
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nodeHash is the end of the name of the pod of a Workflow's node hello.
func nodeHash(workflow string) string {
	name := podName(&wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: workflow}}, wfv1.NodeStatus{Name: workflow + ".hello"})
	return name[strings.LastIndex(name, "-")+1:]
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		inner, outer string
		want         bool
	}{
		{"run.track(0:3)", "run.track", true},
		{"run.track(0:3).pad(0)", "run.track(0:3)", true},
		{"run[0].pad", "run", true},
		{"run.pad-track", "run.pad", false},
		{"run", "run", false},
		{"run", "run.pad", false},
	} {
		if got := within(c.inner, c.outer); got != c.want {
			t.Errorf("%q within %q: %v", c.inner, c.outer, got)
		}
	}
}

func TestHydrate(t *testing.T) {
	t.Parallel()
	packed, err := pack([]byte(`{"a":{"id":"a","name":"run.a","phase":"Succeeded"}}`))
	if err != nil {
		t.Fatal(err)
	}
	wf, err := hydrate(&wfv1.Workflow{Status: wfv1.WorkflowStatus{CompressedNodes: packed}})
	if err != nil || wf.Status.Nodes["a"].Phase != wfv1.NodeSucceeded {
		t.Errorf("got %+v, %v", wf.Status.Nodes, err)
	}
	for name, status := range map[string]wfv1.WorkflowStatus{
		"no base64": {CompressedNodes: "%%%"},
		"no gzip":   {CompressedNodes: "aGVsbG8="},
		"elsewhere": {OffloadNodeStatusVersion: "fnv:1"},
	} {
		if _, err := hydrate(&wfv1.Workflow{Status: status}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
