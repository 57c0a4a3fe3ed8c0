package acceptance

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/consent/consenttest"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// decided is a copy of an example, and a store that knows decisions on it
// before it is run.
func decided(t *testing.T, decisions string) (folder, out string) {
	t.Helper()
	folder, out = filepath.Join(t.TempDir(), "bare"), t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(example(t, "bare"))); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(out, "recordings", "bare")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "consent.json"), []byte(decisions), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, out
}

func all(string) bool { return true }

// sounds lists the files that are no text and no picture.
func sounds(t *testing.T, dir string) (list []string) {
	t.Helper()
	for path := range tree(t, dir, all) {
		switch filepath.Ext(path) {
		case ".json", ".txt", ".vtt", ".md", ".html", ".png":
		default:
			list = append(list, path)
		}
	}
	return list
}

// ended tells how a step ended, from what run -o json printed.
func ended(t *testing.T, stdout, step string) (state, message string) {
	t.Helper()
	var answer struct {
		Steps []struct{ Step, State, Message, Reason, Error string }
	}
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		t.Fatal(err)
	}
	for _, s := range answer.Steps {
		if s.Step == step {
			return s.State, s.Message + s.Reason + s.Error
		}
	}
	return "", ""
}

func TestMalformedConsentDeletesNothing(t *testing.T) {
	t.Parallel()
	folder, out := decided(t, `{"decisions": [{"name": "Ann", "consent": "no"}]}`)
	before := tree(t, folder, all)
	o := succeed(t, "run", folder, "--out", out, "-o", "json")
	state, message := ended(t, o.stdout, "cleanup-consent")
	if state != "failed" || !strings.Contains(message+o.stderr, `consent.json in the store cannot be understood: decision 1: "consent" must not be of kind string`) {
		t.Errorf("cleanup-consent %s: %s\n%s", state, message, o.stderr)
	}
	if strings.Contains(o.stdout+o.stderr, "Ann") {
		t.Errorf("people are named:\n%s", o.stderr)
	}
	sameTree(t, "the raw tracks", tree(t, folder, all), before)
	if _, err := os.Stat(filepath.Join(result(t, out), "audio.webm")); err != nil {
		t.Error(err)
	}
}

func TestDenialDeletesTheAudio(t *testing.T) {
	t.Parallel()
	folder, out := decided(t, `{"decisions": [{"name": "Ann", "consent": true}, {"name": "Bob", "consent": false}]}`)
	if len(sounds(t, folder)) == 0 {
		t.Fatal("the example has no tracks")
	}
	o := succeed(t, "run", folder, "--out", out, "-o", "json")
	if state, message := ended(t, o.stdout, "cleanup-consent"); state != "succeeded" {
		t.Errorf("cleanup-consent %s: %s", state, message)
	}
	if left := append(sounds(t, folder), sounds(t, out)...); len(left) > 0 {
		t.Errorf("can still be heard: %q", left)
	}
	var index artifact.Result
	readJSON(t, filepath.Join(result(t, out), "result.json"), &index)
	if !index.AudioDeleted || index.WordCount == 0 {
		t.Errorf("index %+v", index)
	}
	for _, f := range index.Files {
		b, err := os.ReadFile(filepath.Join(result(t, out), f.Name))
		if err != nil || int64(len(b)) != f.Size {
			t.Errorf("%s: %v, %d bytes, want %d", f.Name, err, len(b), f.Size)
		}
		if f.Name == "report.html" && (strings.Contains(string(b), "<audio") || strings.Contains(string(b), "audio.webm") || !strings.Contains(string(b), "was deleted for want of consent")) {
			t.Error("the page still offers the audio")
		}
	}
	// Nobody can make the audio again, so nobody may start.
	o = trackscribe(t, "run", folder, "--out", out, "-q")
	if o.code != 1 || !strings.Contains(o.stderr, "its audio was deleted: somebody did not consent") || strings.Count(strings.TrimSpace(o.stderr), "\n") > 1 {
		t.Errorf("again: exit code %d\n%s", o.code, o.stderr)
	}
}

// A deletion that had to wait is what the next run goes on with, and it does
// nothing else.
func TestDeletionGoesOn(t *testing.T) {
	t.Parallel()
	folder, out := decided(t, `{"decisions": [{"consent": false}]}`)
	// Another run of the recording has begun.
	elsewhere := t.TempDir()
	succeed(t, "run", folder, "--out", elsewhere, "-q", "--run", "another")
	at := filepath.Join("recordings", "bare", "runs", "another")
	if err := os.MkdirAll(filepath.Join(out, at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(elsewhere, at, "run.json"), filepath.Join(out, at, "run.json")); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		Run     string
		Resumed bool
	}
	var first, second answer
	o := succeed(t, "run", folder, "--out", out, "-o", "json", "--run", "mine")
	if state, message := ended(t, o.stdout, "cleanup-consent"); state != "failed" || !strings.Contains(message, `run "another" still reads the audio`) {
		t.Errorf("cleanup-consent %s: %s", state, message)
	}
	if err := json.Unmarshal([]byte(o.stdout), &first); err != nil {
		t.Fatal(err)
	}
	if len(sounds(t, folder)) == 0 || len(sounds(t, out)) == 0 {
		t.Error("something was deleted under a run that reads it")
	}
	if err := os.WriteFile(filepath.Join(out, at, "end.json"), []byte(`{"run": "another", "state": "failed"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	o = succeed(t, "run", folder, "--out", out, "-o", "json")
	if err := json.Unmarshal([]byte(o.stdout), &second); err != nil {
		t.Fatal(err)
	}
	if state, message := ended(t, o.stdout, "cleanup-consent"); state != "succeeded" || second.Run != first.Run || !second.Resumed {
		t.Errorf("run %+v, cleanup-consent %s: %s; want it in run %q", second, state, message, first.Run)
	}
	if left := append(sounds(t, folder), sounds(t, out)...); len(left) > 0 {
		t.Errorf("can still be heard: %q", left)
	}
}

// The endpoint's word counts as well, and its token stays where it was set.
func TestConsentEndpoint(t *testing.T) {
	t.Parallel()
	known := consenttest.New()
	known.Set("bare", `{"decisions": [{"userId": "u", "consent_given": false}]}`)
	server := httptest.NewServer(known)
	t.Cleanup(server.Close)
	folder, out := decided(t, `{"decisions": []}`)
	run := func(token string) outcome {
		t.Helper()
		o := trackscribeWith(t, map[string]string{"CONSENT_URL": server.URL, "CONSENT_TOKEN": token, "CONSENT_TRANSCRIPT": "delete"},
			"run", folder, "--out", out, "-o", "json")
		if o.code != 0 {
			t.Fatalf("exit code %d\n%s", o.code, o.stderr)
		}
		for path, b := range tree(t, out, all) {
			if strings.Contains(string(b), token) {
				t.Errorf("%s has the token", path)
			}
		}
		if strings.Contains(o.stdout+o.stderr, token) {
			t.Errorf("the token is told:\n%s%s", o.stdout, o.stderr)
		}
		return o
	}
	o := run("not-the-token")
	if state, message := ended(t, o.stdout, "cleanup-consent"); state != "failed" || !strings.Contains(message, "the consent endpoint: ask for the decisions: 401") {
		t.Errorf("with a wrong token, cleanup-consent %s: %s", state, message)
	}
	if len(sounds(t, folder)) == 0 {
		t.Error("with a wrong token something was deleted")
	}
	o = run(consenttest.Token)
	if state, message := ended(t, o.stdout, "cleanup-consent"); state != "succeeded" {
		t.Errorf("cleanup-consent %s: %s", state, message)
	}
	if left := append(sounds(t, folder), sounds(t, out)...); len(left) > 0 {
		t.Errorf("can still be heard: %q", left)
	}
	for path := range tree(t, out, all) {
		if !strings.Contains(path, "/runs/") && !strings.Contains(path, "/effects/") && !strings.HasSuffix(path, "/consent.json") && !strings.HasSuffix(path, "/result/result.json") {
			t.Errorf("can still be read: %s", path)
		}
	}
	var index artifact.Result
	readJSON(t, filepath.Join(result(t, out), "result.json"), &index)
	if !index.AudioDeleted || index.Title != "" || len(index.Files) > 0 {
		t.Errorf("index %+v", index)
	}
}
