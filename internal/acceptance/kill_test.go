package acceptance

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

// TestKilledAndResumed ends the process with SIGKILL at random moments and runs
// the same command again: the result must be the same bytes, and no step that
// had its receipt may have run again.
func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	model := testenv.Model(t)
	binary := filepath.Join(t.TempDir(), "trackscribe")
	build := exec.Command("go", "build", "-o", binary, "./cmd/trackscribe")
	build.Dir = testenv.Root(t)
	if b, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, b)
	}
	command := func(out string) *exec.Cmd {
		cmd := exec.Command(binary, "run", example(t, "bare"), "--out", out, "-q")
		cmd.Env = append(os.Environ(), "TRACKSCRIBE_MODEL_DIR="+model, "TRACKSCRIBE_SCRATCH="+t.TempDir())
		return cmd
	}
	reference := t.TempDir()
	start := time.Now()
	if b, err := command(reference).CombinedOutput(); err != nil {
		t.Fatalf("run: %v\n%s", err, b)
	}
	took := time.Since(start)
	want := tree(t, reference, work)

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, an undisturbed run takes %s", seed, took)
	random := rand.New(rand.NewPCG(seed, 1))
	resumed := 0
	for i := range 20 {
		out := t.TempDir()
		cmd := command(out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.Int64N(int64(took))), func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // it was killed, or was faster
		kill.Stop()

		receipt := func(path string) bool { return strings.Contains(path, "/receipts/") }
		before := tree(t, out, receipt)
		if len(before) > 0 {
			resumed++
		}
		if b, err := command(out).CombinedOutput(); err != nil {
			t.Fatalf("kill %d: go on: %v\n%s", i, err, b)
		}
		after := tree(t, out, receipt)
		for path, b := range before {
			if !bytes.Equal(after[path], b) {
				t.Errorf("kill %d: %s was written again", i, path)
			}
		}
		// Fan-out over two tracks: 14 steps, two of them per track.
		if runs, _ := filepath.Glob(filepath.Join(out, "recordings", "*", "runs", "*")); len(runs) != 1 && len(after) != 16*len(runs) {
			t.Errorf("kill %d: %d runs with %d receipts", i, len(runs), len(after))
		}
		sameTree(t, "after the kill", tree(t, out, work), want)
	}
	if resumed < 5 {
		t.Errorf("only %d of 20 kills left something to go on with", resumed)
	}
}
