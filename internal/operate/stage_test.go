package operate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func keys(t *testing.T, st store.Store) []string {
	t.Helper()
	var list []string
	for info, err := range st.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, info.Key)
	}
	return list
}

func TestStage(t *testing.T) {
	t.Parallel()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "standup")
	write(t, dir, map[string]string{"recording.json": "{}", "tracks/a": "aaaa", "deeper/still/b": "not of a recording"})
	var reported []int64
	report := func(done, total int64) { reported = append(reported, done, total) }
	stage := func() (string, error) {
		at, err := operate.StagedAt(t.Context(), dir, st, "rec")
		if err != nil {
			return "", err
		}
		return at, operate.Stage(t.Context(), dir, st, at, report)
	}
	at, err := stage()
	if err != nil {
		t.Fatal(err)
	}
	if last := reported[len(reported)-2:]; last[0] != 6 || last[1] != 6 {
		t.Errorf("progress ends at %v, want 6 of 6 bytes", last)
	}
	if !strings.HasSuffix(at, "/standup") || len(keys(t, st)) != 3 { // with the mark
		t.Errorf("staged at %q: %v", at, keys(t, st))
	}
	reported = nil
	again, err := stage()
	if err != nil || again != at || len(reported) > 0 {
		t.Errorf("staged again at %q (%v), %v sent; want %q and nothing", again, err, reported, at)
	}
	write(t, dir, map[string]string{"tracks/a": "other"})
	if other, err := operate.StagedAt(t.Context(), dir, st, "rec"); err != nil || other == at {
		t.Errorf("another content is staged at the same place %q, %v", other, err)
	}
	if err := os.Symlink("a", filepath.Join(dir, "tracks", "b")); err != nil {
		t.Fatal(err)
	}
	if _, err := stage(); err == nil || !strings.Contains(err.Error(), "is only a link") {
		t.Errorf("error %v, want one that tells of the link", err)
	}
}
