package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/stepcmd"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// step runs the step binary in this process, as a pod would.
func step(t *testing.T, progress string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := stepcmd.Run(context.Background(), stepcmd.Env{
		Args: args, Stdout: &stdout, Stderr: &stderr, CacheDir: t.TempDir(),
		Getenv: func(name string) string {
			switch name {
			case "TRACKSCRIBE_MODEL_DIR":
				return testenv.Model(t)
			case "ARGO_PROGRESS_FILE":
				return progress
			default:
				return ""
			}
		},
	})
	return outcome{code, stdout.String(), stderr.String()}
}

// TestGranularity runs the example as one process, as one process per group of
// steps, and as one per step, each way as pods do it: the results are the same
// bytes, every step has its receipt, and progress ends at all of it.
func TestGranularity(t *testing.T) {
	t.Parallel()
	source := example(t, "bare")
	reference := t.TempDir()
	succeed(t, "run", source, "--out", reference, "--recording", "bare")
	want := tree(t, reference, work)
	g := pipeline.New()
	for name, units := range map[string][]graph.Unit{
		"step": g.Alone(), "fused": g.Grouped(), "run": {{Name: "run", Nodes: g.Nodes}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, outputs := t.TempDir(), t.TempDir()
			for i, u := range units {
				words := u.Names()
				if name == "run" {
					words = []string{"run"}
				}
				args := append(words, "--store", out, "--recording", "bare", "--run", "r1", "--outputs", outputs)
				if i == 0 {
					args = append(args, "--source", source, "--param", "language=en")
				}
				for _, track := range tracksOf(t, u, outputs) {
					progress := filepath.Join(t.TempDir(), "progress")
					all := args
					if track >= 0 {
						all = append(slices.Clone(args), fmt.Sprintf("--track=%d", track))
					}
					if o := step(t, progress, all...); o.code != 0 {
						t.Fatalf("step %v: exit code %d\n%s", all, o.code, o.stderr)
					}
					b, err := os.ReadFile(progress)
					if err != nil {
						t.Fatal(err)
					}
					lines := strings.Fields(string(b))
					if end := fmt.Sprintf("%[1]d/%[1]d", 100*len(u.Nodes)); lines[len(lines)-1] != end {
						t.Errorf("%v: progress ends at %s, want %s", words, lines[len(lines)-1], end)
					}
				}
			}
			sameTree(t, name, tree(t, out, work), want)
			for _, shown := range []string{"report.html", "summary.md", "transcript.txt", "waveform.png", "tracks.json"} {
				if _, err := os.Stat(filepath.Join(outputs, shown)); err != nil {
					t.Error(err)
				}
			}
			receipts, err := filepath.Glob(filepath.Join(out, "recordings", "bare", "runs", "r1", "receipts", "*.json"))
			if err != nil || len(receipts) != len(g.Nodes)+2 { // two fan-outs over two tracks
				t.Errorf("%d receipts, want %d", len(receipts), len(g.Nodes)+2)
			}
		})
	}
}

// tracksOf is what an engine would fan out over: -1 for a unit that runs once.
func tracksOf(t *testing.T, u graph.Unit, outputs string) []int {
	t.Helper()
	if u.Each == "" {
		return []int{-1}
	}
	var tracks []int
	readJSON(t, filepath.Join(outputs, "tracks.json"), &tracks)
	if len(tracks) != 2 {
		t.Fatalf("tracks %v, want two", tracks)
	}
	return tracks
}

// TestStepMisuse holds the step binary to its exit codes.
func TestStepMisuse(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	ids := []string{"--store", out, "--recording", "r", "--run", "x"}
	for _, c := range []struct {
		name string
		args []string
		code int
		say  string
	}{
		{"nothing", nil, 64, "usage: step NAME"},
		{"no step", append([]string{"sing"}, ids...), 64, `no step "sing"`},
		{"no ids", []string{"pad-track", "--track", "0"}, 64, "--store, --recording and --run are needed"},
		{"no track", append([]string{"pad-track"}, ids...), 64, "a track index is needed"},
		{"a track too many", append([]string{"finalize", "--track", "1"}, ids...), 64, "a track index is needed"},
		{"no run", append([]string{"get-recording"}, ids...), 64, "was not asked for"},
		{"unknown parameter", append([]string{"get-recording", "--source", example(t, "bare"), "--param", "tempo=1"}, ids...), 64, `no parameter "tempo"`},
		{"unknown status", append([]string{"conclude", "--status", "Fine"}, ids...), 64, `status "Fine"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := step(t, "", c.args...)
			if o.code != c.code || !strings.Contains(o.stderr, c.say) {
				t.Errorf("exit code %d, want %d and %q:\n%s", o.code, c.code, c.say, o.stderr)
			}
		})
	}
}

// TestConclude tells the store of a run that failed, by name, and keeps quiet
// about one that has what it needs.
func TestConclude(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	source := t.TempDir()
	if err := os.WriteFile(filepath.Join(source, "anna.webm"), []byte("no audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	ids := []string{"--store", out, "--recording", "r", "--run", "x"}
	if o := step(t, "", append([]string{"get-recording", "get-participants", "--source", source}, ids...)...); o.code != 0 {
		t.Fatal(o.stderr)
	}
	if o := step(t, "", append([]string{"pad-track", "transcribe-track", "--track", "0"}, ids...)...); o.code != 65 {
		t.Fatalf("exit code %d, want 65\n%s", o.code, o.stderr)
	}
	if o := step(t, "", append([]string{"conclude", "--status", "Failed"}, ids...)...); o.code != 0 {
		t.Fatal(o.stderr)
	}
	var end struct{ State, Message string }
	readJSON(t, filepath.Join(out, "recordings", "r", "runs", "x", "end.json"), &end)
	if end.State != "failed" || !strings.Contains(end.Message, "pad-track[0]") {
		t.Errorf("the end says %+v, want failed, naming pad-track[0]", end)
	}
}
