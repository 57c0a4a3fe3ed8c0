package argo

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	rendered "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func TestNewWorkflow(t *testing.T) {
	t.Parallel()
	priority := int32(5)
	r := run.Run{
		ID: "r1", Recording: strings.Repeat("long-", 20) + "x", Source: "s3://in/put", Params: map[string]string{"b": "2", "a": "1"},
		Refresh: []string{"pad-track"}, Graph: run.GraphRef{Name: "multitrack", Version: "1", Digest: "abc"}, Program: "v1",
	}
	wf := NewWorkflow(r, Submission{Template: "trackscribe-multitrack", Store: "s3://out", Priority: &priority})
	b, err := json.Marshal(wf.Spec)
	if err != nil {
		t.Fatal(err)
	}
	var set map[string]any
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	// What a controller allows that only runs what templates say.
	if got := slices.Sorted(maps.Keys(set)); !slices.Equal(got, []string{"arguments", "priority", "workflowTemplateRef"}) {
		t.Errorf("sets %q", got)
	}
	var args []string
	for _, p := range wf.Spec.Arguments.Parameters {
		args = append(args, p.Name+"="+p.Value.String())
	}
	if want := []string{"recording=" + r.Recording, "run=r1", "source=s3://in/put", "a=1", "b=2"}; !slices.Equal(args, want) {
		t.Errorf("arguments %q, want %q", args, want)
	}
	for name, value := range wf.Labels {
		if len(value) > 63 {
			t.Errorf("label %s is too long", name)
		}
	}
	if len(wf.Name) > 63 || !IsRun(wf) {
		t.Errorf("name %q, a run: %v", wf.Name, IsRun(wf))
	}
	s := StatusOf(wf, pipeline.New())
	if s.Recording != r.Recording || s.Run != r.ID || s.Store != "s3://out" {
		t.Errorf("reads back as %+v", s)
	}
}

func TestCheckTemplate(t *testing.T) {
	t.Parallel()
	g := pipeline.New()
	for name, c := range map[string]struct {
		digest string
		ok     bool
	}{"same": {g.Digest(), true}, "other": {"0123456789abcdef", false}, "not ours": {"", false}} {
		tmpl := &wfv1.WorkflowTemplate{}
		tmpl.Annotations = map[string]string{rendered.AnnotationDigest: c.digest}
		err := CheckTemplate(tmpl, g)
		if (err == nil) != c.ok || err != nil && steps.Hint(err) == "" {
			t.Errorf("%s: %v, hint %q", name, err, steps.Hint(err))
		}
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`CreateContainerConfigError: secret "trackscribe-store" not found`:                                 "kubectl -n ns create secret generic trackscribe-store --from-literal=access-key=… --from-literal=secret-key=…",
		`Unschedulable: 0/3 nodes are available: 3 Insufficient memory.`:                                   "compare kubectl describe nodes",
		`ErrImagePull: rpc error: code = NotFound`:                                                         "check the image's name",
		`pods "x" is forbidden: error looking up service account ns/step: serviceaccount "step" not found`: "run: trackscribe install -n ns, then: trackscribe retry",
		`pods "x" is forbidden: exceeded quota: q`:                                                         "kubectl -n ns describe resourcequota",
		`OOMKilled (exit code 137)`:                                                                        "raise the memory",
		`Pod was active on the node longer than the specified deadline`:                                    "trackscribe retry tries it again",
		`pod deleted`:                           "trackscribe retry goes on",
		`put "a/b": access denied: no`:          "check the keys in the Secret",
		`get "a": bucket not found: meetings`:   "create the bucket",
		`something that nobody has seen before`: "",
		"":                                      "",
	} {
		got := advise("ns", message)
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	for _, trouble := range Troubles() {
		if trouble.Meaning == "" || trouble.Hint == "" {
			t.Errorf("%s says too little", trouble.Sign)
		}
	}
}

// FuzzWorkflow reads Workflows that make no sense.
func FuzzWorkflow(f *testing.F) {
	f.Add([]byte(`{"metadata":{"name":"run"},"status":{"nodes":{"a":{"id":"a","name":"run.a","type":"Retry","children":["a","b"]}}}}`))
	f.Add([]byte(`{"status":{"storedWorkflowTemplateSpec":{"entrypoint":"m","templates":[{"name":"m","dag":{"tasks":[{"name":"m","template":"m"}]}}]}}}`))
	g := pipeline.New()
	f.Fuzz(func(t *testing.T, data []byte) {
		var wf wfv1.Workflow
		if json.Unmarshal(data, &wf) != nil {
			return
		}
		if _, err := hydrate(&wf); err != nil {
			return
		}
		s := StatusOf(&wf, g)
		NewTeller().Tell(s, s.Created)
		nodeEdits(&wf, forgotten(&wf))
	})
}
