package argo_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/trackscribe/trackscribe/images"
	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/argo/lint"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// optionSets are the files in examples/argo, each with the golden of what it
// renders.
func optionSets(t *testing.T) map[string]argo.Options {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testenv.Root(t), "examples", "argo", "*.yaml"))
	if err != nil || len(paths) < 4 {
		t.Fatalf("option sets: %v, %v", paths, err)
	}
	sets := map[string]argo.Options{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var o argo.Options
		if err := yaml.UnmarshalStrict(b, &o); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if o, err = o.Complete("v0.0.0"); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		sets[strings.TrimSuffix(filepath.Base(path), ".yaml")] = o
	}
	return sets
}

func render(t *testing.T, g graph.Graph, o argo.Options) []argo.File {
	t.Helper()
	files, err := argo.Render(g, o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func stream(files []argo.File) []byte {
	var docs [][]byte
	for _, f := range files {
		docs = append(docs, append([]byte("# "+f.Name+"\n"), f.Data...))
	}
	return bytes.Join(docs, []byte("---\n"))
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for name, o := range optionSets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := render(t, pipeline.New(), o)
			// Argo's own validator and our rules first: a golden must not bless
			// what does not run.
			var in []lint.File
			for _, f := range files {
				if f.Name != "kustomization.yaml" {
					in = append(in, lint.File{Name: f.Name, Data: f.Data})
				}
			}
			for _, f := range lint.Check(t.Context(), in, lint.Options{Policy: true}) {
				t.Errorf("%v", f)
			}
			golden.Equal(t, stream(files), filepath.Join("testdata", name+".yaml"))
			if again := render(t, pipeline.New(), o); !bytes.Equal(stream(files), stream(again)) {
				t.Error("rendered twice, different bytes")
			}
		})
	}
}

// TestStrict reads back what was rendered, strictly, and compares it with what
// is read the lenient way after another round: nothing was lost to pruning.
func TestStrict(t *testing.T) {
	t.Parallel()
	for name, o := range optionSets(t) {
		for _, f := range render(t, pipeline.New(), o) {
			if !strings.HasPrefix(f.Name, "workflowtemplate") {
				continue
			}
			var a, b wfv1.WorkflowTemplate
			if err := yaml.UnmarshalStrict(f.Data, &a); err != nil {
				t.Fatalf("%s %s: %v", name, f.Name, err)
			}
			again, err := yaml.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.UnmarshalStrict(again, &b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a, b); diff != "" {
				t.Errorf("%s %s: does not survive a round (-first +second):\n%s", name, f.Name, diff)
			}
		}
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*argo.Options)
		say    string
	}{
		"no store":       {func(o *argo.Options) { o.Store.Location = "" }, "store"},
		"folder":         {func(o *argo.Options) { o.Store.Location = "/data" }, "not usable on a cluster"},
		"namespace":      {func(o *argo.Options) { o.Namespace = "Not_A_Label" }, "namespace"},
		"granularity":    {func(o *argo.Options) { o.Granularity = "pod" }, "granularity"},
		"argo":           {func(o *argo.Options) { o.ArgoVersion = "2" }, "Argo version"},
		"latest":         {func(o *argo.Options) { o.Images.Step = "x:latest" }, "which version"},
		"pool":           {func(o *argo.Options) { o.Pools = map[graph.Pool]argo.Pool{"gpu": {}} }, "pool"},
		"secret setting": {func(o *argo.Options) { o.Settings = map[string]string{"LLM_API_KEY": "x"} }, "looks like a secret"},
		"identity":       {func(o *argo.Options) { o.Store.Credentials = "identity" }, "annotations"},
		"pod gc":         {func(o *argo.Options) { o.PodGC.Strategy = "Always" }, "pod GC"},
		"concurrency":    {func(o *argo.Options) { o.Reprocess.Concurrency = "Never" }, "concurrency"},
		"long name":      {func(o *argo.Options) { o.Name = strings.Repeat("x", 21) }, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := argo.Options{Store: argo.Store{Location: "s3://b"}}
			c.change(&o)
			if _, err := o.Complete("v1"); err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("error %v, want one that tells of %q", err, c.say)
			}
		})
	}
}

func TestWorkflowName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ recording, run, want string }{
		{"standup", "r1", "standup-r1"},
		{"a.b", "r1", "a-b-r1-dcdb6d5b"},
		{"a_b", "r1", "a-b-r1-"},
		{strings.Repeat("x", 120), "20261126t011000z-a1b2c3", "xxx"},
	} {
		got := argo.WorkflowName(c.recording, c.run)
		if len(got) > 63 || !strings.HasPrefix(got, strings.TrimSuffix(c.want, "dcdb6d5b")) {
			t.Errorf("WorkflowName(%q, %q) = %q", c.recording, c.run, got)
		}
		if again := argo.WorkflowName(c.recording, c.run); again != got {
			t.Errorf("the name changes: %q, %q", got, again)
		}
	}
	if argo.WorkflowName("a.b", "r") == argo.WorkflowName("a_b", "r") {
		t.Error("two recordings share a name")
	}
}

// TestImagesAgree keeps what is rendered and what is in the images one.
func TestImagesAgree(t *testing.T) {
	t.Parallel()
	o := optionSets(t)["minimal"]
	text := string(stream(render(t, pipeline.New(), o)))
	for what, want := range map[string]string{
		"user":    fmt.Sprintf("runAsUser: %d", images.UID),
		"scratch": "mountPath: " + images.Scratch + "\n",
		"model":   "value: " + images.ModelDir + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: what is rendered has no %q", what, want)
		}
	}
	for _, image := range images.All() {
		if want := "- " + image.Program() + "\n"; !strings.Contains(text, want) {
			t.Errorf("no container runs %q", want)
		}
	}
}
