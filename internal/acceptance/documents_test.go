package acceptance

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/schema"
	"github.com/trackscribe/trackscribe/internal/stepcmd"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// documents maps the names of JSON files in results and artifacts to their
// schemas.
var documents = map[string]string{
	"transcript.json": "transcript", "topics.json": "topics", "waveform.json": "waveform", "result.json": "result",
	"recording.json": "recording", "participants.json": "participants", "timeline.json": "timeline", "words.json": "words",
	"title.json": "title", "summary.json": "summary", "peaks.json": "peaks",
}

// TestDocumentsFollowTheirSchemas checks every document that whole runs write:
// of real speech, of silence, of nothing.
func TestDocumentsFollowTheirSchemas(t *testing.T) {
	t.Parallel()
	silence, nobody := t.TempDir(), t.TempDir()
	put(t, silence, "quiet.wav", wav(2, 1))
	put(t, nobody, "recording.json", []byte(`{"id":"nobody","tracks":[]}`))
	for name, dir := range map[string]string{"standup": example(t, "standup"), "bare": example(t, "bare"), "silence": silence, "nobody": nobody} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			succeed(t, "run", dir, "--out", out, "-q")
			seen := map[string]bool{}
			for p, b := range tree(t, out, work) {
				doc := documents[path.Base(p)]
				if doc == "" {
					if strings.HasSuffix(p, ".json") && !strings.HasPrefix(path.Base(p), "track.") {
						t.Errorf("%s has no schema", p)
					}
					continue
				}
				seen[doc] = true
				if err := schema.CheckOwn(doc, b); err != nil {
					t.Errorf("%s: %v", p, err)
				}
			}
			if len(seen) < len(documents)-2 {
				t.Errorf("only %d kinds of documents were seen", len(seen))
			}
		})
	}
}

// TestStepBinary does a whole run task by task through the step command, as an
// engine would, and wants the same result as a run in one process.
func TestStepBinary(t *testing.T) {
	t.Parallel()
	reference, out := t.TempDir(), t.TempDir()
	succeed(t, "run", example(t, "bare"), "--out", reference, "-q", "--run", "r1")
	want := tree(t, reference, work)

	// What the submitter would do: put run.json in the store.
	asked := run.RunKey("bare", "r1")
	b, err := os.ReadFile(filepath.Join(reference, filepath.FromSlash(asked)))
	if err != nil {
		t.Fatal(err)
	}
	put(t, out, asked, b)
	step := func(args ...string) (int, string) {
		var stderr bytes.Buffer
		code := stepcmd.Run(t.Context(), stepcmd.Env{
			Args: append(args, "--store", out, "--recording", "bare", "--run", "r1"), Stdout: &stderr, Stderr: &stderr,
			Getenv: func(name string) string {
				if name == "TRACKSCRIBE_MODEL_DIR" {
					return testenv.Model(t)
				}
				return ""
			},
		})
		return code, stderr.String()
	}
	if code, text := step("merge-transcripts"); code != 75 {
		t.Errorf("a step before its inputs exits %d, want 75: %s", code, text)
	}
	for _, n := range pipeline.New().Nodes {
		tracks := []string{""}
		if n.Each != "" {
			tracks = []string{"0", "1"}
		}
		for _, track := range tracks {
			args := []string{n.Name()}
			if track != "" {
				args = append(args, "--track", track)
			}
			for range 2 { // delivered twice
				if code, text := step(args...); code != 0 {
					t.Fatalf("%v: exit code %d: %s", args, code, text)
				}
			}
		}
	}
	sameTree(t, "task by task", tree(t, out, work), want)

	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"no-such-step"}, 64},
		{[]string{"pad-track"}, 64},
		{[]string{"pad-track", "--track", "7"}, 65},
	} {
		if code, text := step(c.args...); code != c.code {
			t.Errorf("%v exits %d, want %d: %s", c.args, code, c.code, text)
		}
	}
}
