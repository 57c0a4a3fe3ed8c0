package acceptance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/text/wer"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// TestExampleStandup holds the example to what its README says of it: three
// people on four tracks, one of whom joined late and one of whom came back.
func TestExampleStandup(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	dir := example(t, "standup")
	o := succeed(t, "run", dir, "--out", out)
	tr := transcript(t, out)

	tracks := map[string][]int{}
	id := map[string]string{}
	for _, p := range tr.Participants {
		tracks[p.Name], id[p.ID] = p.Tracks, p.Name
	}
	for name, want := range map[string][]int{"Laura Keller": {0}, "David Lind": {1, 3}, "Ben Amadi": {2}} {
		if !slices.Equal(tracks[name], want) {
			t.Errorf("%s has tracks %v, want %v", name, tracks[name], want)
		}
		if strings.Contains(o.stderr, name) || strings.Contains(o.stdout, name) {
			t.Errorf("the log tells the name of a participant: %s", name)
		}
	}

	var said []struct {
		Speaker string  `json:"speaker"`
		Start   float64 `json:"start"`
		Text    string  `json:"text"`
	}
	readJSON(t, filepath.Join(dir, "reference.json"), &said)
	ref, hyp := map[string]string{}, map[string]string{}
	for _, s := range said {
		ref[s.Speaker] += " " + s.Text
	}
	for _, w := range tr.Words {
		hyp[id[w.Speaker]] += " " + w.Text
	}
	by, total := wer.Speakers(ref, hyp)
	t.Logf("word error rate %.1f %%, by speaker %v", 100*total.Rate(), by)
	if total.Words < 150 || total.Rate() > 0.10 {
		t.Errorf("%d errors of %d words", total.Errors(), total.Words)
	}

	files, err := filepath.Glob(filepath.Join(out, "recordings", "*", "artifacts", "generate-summary", "*", "summary.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	var sum artifact.Summary
	readJSON(t, files[0], &sum)
	for task, want := range map[string]string{"password": "David Lind", "report": "Ben Amadi", "documentation": "David Lind", "customer": "Laura Keller"} {
		found := slices.ContainsFunc(sum.ActionItems, func(a artifact.ActionItem) bool {
			return strings.Contains(a.Task, task) && id[a.Owner] == want && a.Deadline != ""
		})
		if !found {
			t.Errorf("no task for %s about the %s, with a deadline, in %+v", want, task, sum.ActionItems)
		}
	}
	if len(sum.Decisions) != 1 || !strings.Contains(sum.Decisions[0].Decision, "Monday") {
		t.Errorf("decisions %+v, want the one for Monday", sum.Decisions)
	}
}
