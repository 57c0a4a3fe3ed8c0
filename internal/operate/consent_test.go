package operate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func TestPlanAfterADenial(t *testing.T) {
	t.Parallel()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	plan := func(id string, fresh bool) (run.Run, bool, error) {
		return operate.Plan(t.Context(), pipeline.New(), st, operate.Request{
			Recording: "s3://raw/weekly", ID: "weekly", RunID: id, Fresh: fresh, Now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		})
	}
	old, _, err := plan("old", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := operate.Save(t.Context(), st, old); err != nil {
		t.Fatal(err)
	}
	note := func(doc artifact.Cleanup) {
		t.Helper()
		if _, err := store.PutJSON(t.Context(), st, run.EffectKey("weekly", "cleanup-consent"), doc, store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what, says string, id string, fresh bool) {
		t.Helper()
		_, _, err := plan(id, fresh)
		if steps.Classify(err) != steps.Misuse || !strings.Contains(err.Error(), says) || steps.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused: %s", what, err, says)
		}
	}

	note(artifact.Cleanup{Run: "old", Reason: "denied"})
	if r, resumed, err := plan("", false); err != nil || !resumed || r.ID != "old" {
		t.Errorf("with a deletion to end: run %q, resumed %t, %v", r.ID, resumed, err)
	}
	refused("a fresh run with a deletion to end", "its audio is to be deleted: somebody did not consent", "", true)
	refused("another run with a deletion to end", "its audio is to be deleted", "new", false)

	note(artifact.Cleanup{Run: "old", Reason: "denied", AudioGone: true})
	for _, fresh := range []bool{false, true} {
		refused("a new run", "its audio was deleted: somebody did not consent", "", fresh)
		refused("a named run", "its audio was deleted", "new", fresh)
	}
	if r, _, err := plan("old", true); err != nil || r.ID != "old" {
		t.Errorf("the run that there was: %q, %v", r.ID, err)
	}
	// Runs that were not started by this program, too.
	for id, fine := range map[string]bool{"old": true, "new": false} {
		if err := operate.Ensure(t.Context(), pipeline.New(), st, "weekly", id, "s3://raw/weekly", nil, old.Created); (err == nil) != fine {
			t.Errorf("run %q from elsewhere: %v", id, err)
		}
	}
	note(artifact.Cleanup{Run: "old", Reason: "missing", AudioGone: true})
	refused("where consent is required", "nobody consented", "", false)
}
