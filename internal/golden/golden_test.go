package golden_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/golden"
)

// spy stands in for a test, so that a failure can be looked at.
type spy struct {
	testing.TB
	said string
}

func (s *spy) Helper()                      {}
func (s *spy) Errorf(f string, args ...any) { s.said += fmt.Sprintf(f, args...) }
func (s *spy) Fatal(args ...any)            { s.said += fmt.Sprint(args...); runtime.Goexit() }
func (s *spy) Fatalf(f string, args ...any) { s.said += fmt.Sprintf(f, args...); runtime.Goexit() }
func watch(t *testing.T, f func(t testing.TB)) string {
	t.Helper()
	s := &spy{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(s)
	}()
	<-done
	return s.said
}

func manyLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, "line", i)
	}
	return b.String()
}

// The environment is set in each case, so these tests cannot run in parallel.
func TestEqual(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "page.txt")
	tests := []struct {
		name, update, ci string
		got              string
		says             string
	}{
		{"missing file", "", "", "a", "UPDATE_GOLDEN=1 writes it"},
		{"refused under CI", "1", "true", "a", "refused"},
		{"still missing", "", "", "a", "no such file"},
		{"written", "1", "", "a\n", ""},
		{"equal", "", "", "a\n", ""},
		{"equal under CI", "", "true", "a\n", ""},
		{"different", "", "", "b\n", "differs"},
		{"other values do not rewrite", "0", "", "b\n", "differs"},
		{"long differences are cut", "", "", manyLines(5000), "(cut)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("UPDATE_GOLDEN", tt.update)
			t.Setenv("CI", tt.ci)
			said := watch(t, func(t testing.TB) { golden.Equal(t, []byte(tt.got), path) })
			if (tt.says == "") != (said == "") || !strings.Contains(said, tt.says) {
				t.Errorf("said %q, want %q", said, tt.says)
			}
		})
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a\n" {
		t.Errorf("file holds %q (%v), want what UPDATE_GOLDEN wrote", b, err)
	}
}
