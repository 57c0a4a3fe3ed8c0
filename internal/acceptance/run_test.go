// Package acceptance holds what the project promises about whole runs, as
// tests on real recordings: the command from its arguments to its exit code
// and the files it leaves.
package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// outcome is what a command left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// trackscribe runs the command in this process.
func trackscribe(t *testing.T, args ...string) outcome {
	t.Helper()
	return trackscribeWith(t, nil, args...)
}

func trackscribeWith(t *testing.T, env map[string]string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	getenv := func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		if name == "TRACKSCRIBE_MODEL_DIR" {
			return testenv.Model(t)
		}
		return ""
	}
	code := cli.Run(context.Background(), cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: getenv, CacheDir: t.TempDir(),
	})
	return outcome{code, stdout.String(), stderr.String()}
}

// succeed runs the command and wants it to end well.
func succeed(t *testing.T, args ...string) outcome {
	t.Helper()
	o := trackscribe(t, args...)
	if o.code != 0 {
		t.Fatalf("trackscribe %s: exit code %d\n%s", strings.Join(args, " "), o.code, o.stderr)
	}
	return o
}

// result finds the one result folder below out.
func result(t *testing.T, out string) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(out, "recordings", "*", "result"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("results below %s: %v, %v; want one", out, dirs, err)
	}
	return dirs[0]
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func transcript(t *testing.T, out string) artifact.Transcript {
	t.Helper()
	var tr artifact.Transcript
	readJSON(t, filepath.Join(result(t, out), "transcript.json"), &tr)
	return tr
}

// tree reads every file below dir that keep wants.
func tree(t *testing.T, dir string, keep func(path string) bool) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || !keep(filepath.ToSlash(rel)) {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// work keeps what a run makes: artifacts and results, but not the receipts,
// which tell times.
func work(path string) bool {
	return (strings.Contains(path, "/artifacts/") || strings.Contains(path, "/result/")) && !strings.HasSuffix(path, "/receipt.json")
}

func sameTree(t *testing.T, what string, got, want map[string][]byte) {
	t.Helper()
	for path, b := range want {
		if g, ok := got[path]; !ok {
			t.Errorf("%s: %s is missing", what, path)
		} else if !bytes.Equal(g, b) {
			t.Errorf("%s: %s differs", what, path)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%s: %s is there as well", what, path)
		}
	}
}

func example(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(testenv.Root(t), "examples", name)
}

func TestTwoRunsAreIdentical(t *testing.T) {
	t.Parallel()
	var trees []map[string][]byte
	for range 2 {
		out := t.TempDir()
		succeed(t, "run", example(t, "standup"), "--out", out, "-q")
		trees = append(trees, tree(t, out, work))
	}
	if len(trees[0]) < 20 {
		t.Fatalf("only %d files", len(trees[0]))
	}
	sameTree(t, "second run", trees[1], trees[0])
}

func TestSecondRunReusesWork(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	succeed(t, "run", example(t, "bare"), "--out", out, "-q")
	o := succeed(t, "run", example(t, "bare"), "--out", out, "-q", "-o", "json")
	var answer struct {
		Steps []struct{ Step, State string }
	}
	if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil {
		t.Fatal(err)
	}
	for _, s := range answer.Steps {
		want := "cached"
		switch s.Step {
		case "get-recording", "get-participants", "finalize":
			want = "succeeded" // they read or write the outside
		case "cleanup-consent", "post-zulip", "send-webhook":
			want = "skipped"
		}
		if s.State != want {
			t.Errorf("%s ended %s, want %s", s.Step, s.State, want)
		}
	}
}

func TestRefreshRunsAStepAndItsFollowersAgain(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	succeed(t, "run", example(t, "bare"), "--out", out, "-q")
	o := succeed(t, "run", example(t, "bare"), "--out", out, "-q", "-o", "json", "--refresh", "detect-topics")
	for step, want := range map[string]string{"detect-topics": "succeeded", "generate-title": "succeeded", "transcribe-track": "cached"} {
		if !strings.Contains(o.stdout, `"step": "`+step+`"`) {
			t.Errorf("no step %s in the answer", step)
		}
		var answer struct {
			Steps []struct{ Step, State string }
		}
		if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil {
			t.Fatal(err)
		}
		for _, s := range answer.Steps {
			if s.Step == step && s.State != want {
				t.Errorf("%s ended %s, want %s", step, s.State, want)
			}
		}
	}
}
