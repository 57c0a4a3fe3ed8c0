package acceptance

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// made reads the document that a step made, the only one below out.
func made(t *testing.T, out, step, file string, v any) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(out, "recordings", "*", "artifacts", step, "*", file))
	if err != nil || len(files) != 1 {
		t.Fatal(step, files, err)
	}
	readJSON(t, files[0], v)
}

// TestLanguageModel runs the example with a language model, again, and with
// other prompts.
func TestLanguageModel(t *testing.T) {
	t.Parallel()
	const key = "llm-key-planted-1234"
	server := llmtest.New()
	server.Key, server.Thinking = key, "Who said what?"
	srv := httptest.NewServer(server)
	defer srv.Close()
	out := t.TempDir()
	env := map[string]string{"LLM_URL": srv.URL + "/v1", "LLM_MODEL": "test-model", "LLM_API_KEY": key}
	run := func() map[string]string {
		t.Helper()
		o := trackscribeWith(t, env, "run", example(t, "standup"), "--out", out, "-q", "-o", "json")
		if o.code != 0 {
			t.Fatalf("exit code %d\n%s", o.code, o.stderr)
		}
		var answer struct {
			Steps []struct{ Step, State string }
		}
		if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil {
			t.Fatal(err)
		}
		states := map[string]string{}
		for _, s := range answer.Steps {
			states[s.Step] = s.State
		}
		return states
	}
	run()
	tr := transcript(t, out)
	inside := func(moments ...artifact.Moment) {
		t.Helper()
		if len(moments) == 0 {
			t.Error("a claim without a moment")
		}
		for _, m := range moments {
			if !slices.ContainsFunc(tr.Segments, func(s artifact.Segment) bool { return s.Text == m.Text && s.Start == m.Start && s.Speaker == m.Speaker }) {
				t.Errorf("nobody said %+v", m)
			}
		}
	}
	var index artifact.Result
	readJSON(t, filepath.Join(result(t, out), "result.json"), &index)
	for _, step := range []string{"detect-topics", "generate-title", "generate-summary"} {
		if index.Engines[step] != "test-model" {
			t.Errorf("%s was done by %q", step, index.Engines[step])
		}
	}
	var title artifact.Title
	made(t, out, "generate-title", "title.json", &title)
	if title.Title == "" || title.Title != index.Title {
		t.Errorf("title %q, in the result %q", title.Title, index.Title)
	}
	inside(title.Basis...)
	var sum artifact.Summary
	made(t, out, "generate-summary", "summary.json", &sum)
	if sum.Kind != "summary" || len(sum.Subjects) == 0 || len(sum.ActionItems) == 0 || sum.Recap == "" {
		t.Errorf("summary %+v", sum)
	}
	for _, s := range sum.Subjects {
		inside(s.Moments...)
	}
	for _, a := range sum.ActionItems {
		inside(a.Moment)
	}
	page, err := os.ReadFile(filepath.Join(result(t, out), "report.html"))
	if err != nil || !strings.Contains(string(page), `<h2 id="subjects">`) {
		t.Errorf("the report tells no subjects (%v)", err)
	}
	for path, b := range tree(t, out, func(string) bool { return true }) {
		if strings.Contains(string(b), key) {
			t.Errorf("%s holds the key", path)
		}
	}

	calls := len(server.Asked())
	if states := run(); states["detect-topics"] != "cached" || states["generate-summary"] != "cached" || len(server.Asked()) != calls {
		t.Errorf("the second run asked %d times: %v", len(server.Asked())-calls, states)
	}
	env["TRACKSCRIBE_PROMPTS"] = t.TempDir()
	put(t, env["TRACKSCRIBE_PROMPTS"], "title.txt", []byte("Name it.\n---\n{{topics}}"))
	if states := run(); states["detect-topics"] != "cached" || states["generate-title"] != "succeeded" || len(server.Asked()) != calls+1 {
		t.Errorf("with another prompt for the title asked %d times: %v", len(server.Asked())-calls, states)
	}
	server.Models = append(server.Models, "another")
	env["LLM_MODEL"] = "another"
	if states := run(); states["detect-topics"] != "succeeded" || states["generate-summary"] != "succeeded" {
		t.Errorf("with another model: %v", states)
	}
}

func TestLanguageModelMisuse(t *testing.T) {
	t.Parallel()
	server := llmtest.New()
	srv := httptest.NewServer(server)
	defer srv.Close()
	for name, c := range map[string]struct {
		env        map[string]string
		args       []string
		says, hint string
	}{
		"no server":    {nil, []string{"-p", "llm-model=x"}, `"x" is asked for, and no server is set`, "LLM_URL"},
		"no model":     {map[string]string{"LLM_URL": srv.URL}, nil, "LLM_MODEL is not", "LLM_MODEL"},
		"no prompts":   {map[string]string{"LLM_URL": srv.URL, "LLM_MODEL": "m", "TRACKSCRIBE_PROMPTS": "/nowhere"}, nil, `"/nowhere" of prompts does not exist`, "TRACKSCRIBE_PROMPTS"},
		"small window": {map[string]string{"LLM_URL": srv.URL, "LLM_MODEL": "m", "LLM_CONTEXT_WINDOW": "100"}, nil, "LLM_CONTEXT_WINDOW", "tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := trackscribeWith(t, c.env, append([]string{"run", example(t, "standup"), "--out", t.TempDir()}, c.args...)...)
			lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
			if o.code == 0 || len(lines) != 2 || !strings.Contains(lines[0], c.says) || !strings.Contains(lines[1], c.hint) {
				t.Errorf("exit code %d\n%s", o.code, o.stderr)
			}
		})
	}
	if n := len(server.Asked()); n > 0 {
		t.Errorf("asked %d times", n)
	}
}

// What a model that is not there costs is told in the result; the transcript
// is there all the same.
func TestUnknownLanguageModel(t *testing.T) {
	t.Parallel()
	server := llmtest.New()
	srv := httptest.NewServer(server)
	defer srv.Close()
	out := t.TempDir()
	o := trackscribeWith(t, map[string]string{"LLM_URL": srv.URL + "/v1", "LLM_MODEL": "no-such"}, "run", example(t, "bare"), "--out", out, "-q")
	if o.code != 0 || len(transcript(t, out).Words) == 0 {
		t.Fatalf("exit code %d\n%s", o.code, o.stderr)
	}
	var index artifact.Result
	readJSON(t, filepath.Join(result(t, out), "result.json"), &index)
	if !slices.ContainsFunc(index.Skipped, func(s artifact.Skipped) bool {
		return s.Step == "detect-topics" && strings.Contains(s.Reason, `does not have the model "no-such"`)
	}) {
		t.Errorf("skipped %+v", index.Skipped)
	}
	if n := len(server.Asked()); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}
