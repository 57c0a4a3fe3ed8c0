// Package golden compares what a test made with a file that was checked in.
//
// It reads and writes only the path it is given, relative to the test's
// package folder. UPDATE_GOLDEN=1 rewrites the file instead of comparing;
// where CI is set this is refused, so that a pipeline cannot bless its own
// change.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// maxDiff bounds the difference that is printed, in bytes.
const maxDiff = 8000

// Equal fails t unless got equals the bytes of the file at path.
func Equal(t testing.TB, got []byte, path string) {
	t.Helper()
	if Updating(t) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatalf("make folder of golden file: %v", err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatalf("write golden file: %v", err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read golden file (UPDATE_GOLDEN=1 writes it): %v", err)
	}
	if bytes.Equal(got, want) {
		return
	}
	diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n"))
	if len(diff) > maxDiff {
		diff = diff[:maxDiff] + "\n… (cut)"
	}
	t.Errorf("%s differs (-want +got); UPDATE_GOLDEN=1 rewrites it:\n%s", path, diff)
}

// Updating says whether golden files are rewritten in this test run. It fails
// t where that is asked for under CI.
func Updating(t testing.TB) bool {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "1" {
		return false
	}
	if os.Getenv("CI") != "" {
		t.Fatal("UPDATE_GOLDEN is refused where CI is set")
	}
	return true
}
