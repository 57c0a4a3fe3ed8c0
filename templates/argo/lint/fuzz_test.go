package lint

import (
	"bytes"
	"context"
	"os"
	"slices"
	"testing"
)

// FuzzCheck feeds any bytes: no panic, no half a finding, and the same
// findings twice, but for which of several mistakes Argo's validator names.
func FuzzCheck(f *testing.F) {
	base, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(base)
	for _, s := range seeds {
		f.Add(bytes.Replace(base, []byte(s.old), []byte(s.new), 1))
	}
	for _, text := range []string{
		"", "---", "a: [", "\ufeff{}", "&a [*a]", "a: &a {b: *a}", "kind: List\nitems: [{kind: List, items: [null]}]",
		"{apiVersion: argoproj.io/v1alpha1, kind: Workflow}",
		"{apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, spec: {when: '{{=', stopStrategy: {expression: ']'}}}",
		"{apiVersion: argoproj.io/v1alpha1, kind: Workflow, spec: {templates: [{steps: [[{inline: {dag: {tasks: [{depends: '-'}]}}}]]}]}}",
		"{apiVersion: argoproj.io/v1alpha1, kind: Workflow, spec: {synchronization: {semaphores: [null], mutexes: [null]}, metrics: {prometheus: [null]}}}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := []File{{Name: "f.yaml", Data: data}}
		ours := func() []Finding {
			return slices.DeleteFunc(Check(context.Background(), files, Options{Policy: true}), func(f Finding) bool {
				return f.Rule == argoInvalid.ID || f.Rule == argoSubmit.ID
			})
		}
		first := ours()
		if again := said(ours()); said(first) != again {
			t.Errorf("first:\n%s\nthen:\n%s", said(first), again)
		}
		for _, f := range first {
			if f.Line < 1 || f.Column < 1 || f.Message == "" || f.Fix == "" {
				t.Errorf("half a finding: %+v", f)
			}
		}
	})
}
