package lint

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

// TestUpstreamExamples lints what Argo's authors show as good: no rule may
// call a mistake what their validator accepts.
func TestUpstreamExamples(t *testing.T) {
	t.Parallel()
	files := upstreamExamples(t)
	together := read(files)
	accepted := map[string]bool{}
	for _, o := range together.objects {
		if together.validate(context.Background(), o) == nil {
			accepted[o.doc.file+" "+o.String()] = true
		}
	}
	t.Logf("%d files, %d objects, of which Argo accepts %d", len(files), len(together.objects), len(accepted))
	if len(accepted) < 150 {
		t.Errorf("Argo accepts %d of %d examples: not the folder that was expected", len(accepted), len(together.objects))
	}
	findings := Check(context.Background(), files, Options{})
	findings = slices.DeleteFunc(findings, func(f Finding) bool { return !accepted[f.File+" "+f.Object] })
	if len(findings) > 0 {
		t.Errorf("%d findings on valid examples:\n%s", len(findings), said(findings))
	}
}

// upstreamExamples reads the examples of the Argo module that is compiled in.
func upstreamExamples(t *testing.T) []File {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-workflows/v3").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "examples")
	if err != nil || strings.TrimSpace(string(out)) == "" {
		testenv.Missing(t, "the source of github.com/argoproj/argo-workflows/v3")
	}
	var files []File
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".yaml" {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name) // it is below dir
		files = append(files, File{Name: filepath.ToSlash(rel), Data: b})
		return err
	})
	if err != nil {
		testenv.Missing(t, "the examples of Argo Workflows: "+err.Error())
	}
	return files
}
