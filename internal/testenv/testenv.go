// Package testenv finds what tests need from outside the repository: shared
// recordings, the speech model, programs. A test that cannot find its part is
// skipped with the reason, unless TRACKSCRIBE_TEST_MUST_RUN is set (CI sets
// it): then the missing part is a failure, so that nothing is skipped in
// silence.
package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/trackscribe/trackscribe/internal/model"
)

// Root returns the repository's root folder.
func Root(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("no caller information: cannot find the repository root")
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// SharedData returns the folder of shared recordings beside the checkout.
func SharedData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TRACKSCRIBE_TESTDATA")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared", "testdata")
	}
	if _, err := os.Stat(filepath.Join(dir, "meeting4", "recording.json")); err != nil {
		Missing(t, "shared test recordings at "+dir)
	}
	return dir
}

// Model returns the folder of the speech model.
func Model(t testing.TB) string {
	t.Helper()
	cache, _ := os.UserCacheDir()
	dir := model.Dir(os.Getenv("TRACKSCRIBE_MODEL_DIR"), cache)
	if err := model.Check(dir); err != nil {
		Missing(t, err.Error()+" (run: make model)")
	}
	return dir
}

// Program returns the path of a program that a test compares with.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "program "+name)
	}
	return path
}

// Missing skips the test because what is not here, or fails it where skipping
// is forbidden.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("TRACKSCRIBE_TEST_MUST_RUN") != "" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("missing: %s", what)
}
