package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

// TestSchema lets the API server check what is rendered from each options file
// in examples. Where the cluster is ours it gets the full schemas first.
func TestSchema(t *testing.T) {
	p := newPlace(t)
	if tool := os.Getenv("TRACKSCRIBE_E2E_CLUSTER"); tool != "" {
		if o := execute(t, exec.CommandContext(t.Context(), tool, "full-crds")); o.code != 0 {
			t.Fatal(o.stderr)
		}
	}
	// A server that does not look into templates would take anything.
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	text := "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: bad}\nspec: {templates: [{name: a, inputs: 7}]}\n"
	if err := os.WriteFile(bad, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if o := execute(t, exec.CommandContext(t.Context(), "kubectl", "-n", p.ns, "apply", "--dry-run=server", "-f", bad)); o.code == 0 {
		t.Log("the cluster has no full schemas: what follows says little")
	}
	files, err := filepath.Glob(filepath.Join(testenv.Root(t), "examples", "argo", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		dir := t.TempDir()
		p.ok(p.cli("render", "-f", file, "-n", p.ns, "-o", dir))
		// A kustomization is for kustomize.
		if err := os.Remove(filepath.Join(dir, "kustomization.yaml")); err != nil {
			t.Fatal(err)
		}
		told := p.in("apply", "--dry-run=server", "--validate=strict", "-f", dir)
		if strings.Count(told, "server dry run") < 10 {
			t.Errorf("%s:\n%s", file, told)
		}
	}
}
