package cleanupconsent_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
)

// stage is everything outside the step, with a diary of what was done to it.
type stage struct {
	decisions string // of the one register; empty: none
	files     map[string][]string
	stays     string // a file that cannot be deleted, although nothing says so
	other     string // run that still reads
	elsewhere int
	index     *artifact.Result
	page      string
	effects   map[string][]byte
	diary     []string
}

func newStage() *stage {
	return &stage{
		files: map[string][]string{"store": {"mix", "padded"}, "text": {"transcript"}, "source": {"track 0", "track 1"}},
		index: &artifact.Result{
			Recording: "r", Title: "Plans", Participants: []artifact.ResultSpeaker{{Name: "Ann"}}, Engines: map[string]string{},
			Files: []artifact.ResultFile{{Name: "report.html", SHA256: "with player"}, {Name: "audio.webm"}}, Skipped: []artifact.Skipped{}, Warnings: []string{},
		},
		effects: map[string][]byte{},
	}
}

func (s *stage) did(what string) { s.diary = append(s.diary, what) }

type place struct {
	*stage
	name string
}

func (p place) Left(context.Context) ([]string, error) { return slices.Clone(p.files[p.name]), nil }

func (p place) Erase(_ context.Context, name string) error {
	p.did("erase " + name)
	if name != p.stays {
		p.files[p.name] = slices.DeleteFunc(p.files[p.name], func(n string) bool { return n == name })
	}
	return nil
}

func (s *stage) Name() string { return "the register" }

func (s *stage) Decisions(context.Context) ([]byte, error) {
	if s.decisions == "" {
		return nil, nil
	}
	return []byte(s.decisions), nil
}

func (s *stage) Reading(_ context.Context, except string) (string, error) {
	if except != "this" {
		return "", errors.New("asked as another run")
	}
	return s.other, nil
}

func (s *stage) Elsewhere(context.Context, string) (int, error) { return s.elsewhere, nil }

func (s *stage) Index(context.Context) (artifact.Result, bool, error) {
	if s.index == nil {
		return artifact.Result{}, false, nil
	}
	return *s.index, true, nil
}

func (s *stage) SetIndex(_ context.Context, r artifact.Result, forget bool) error {
	s.did(map[bool]string{false: "index", true: "index, forgetting"}[forget] + map[bool]string{true: ": deleted"}[r.AudioDeleted])
	s.index = &r
	return nil
}

func (s *stage) Publish(_ context.Context, name, _ string, r io.Reader) error {
	b, err := io.ReadAll(r)
	s.did("publish " + name)
	s.page = string(b)
	return err
}

func (s *stage) Load(_ context.Context, name string, v any) (bool, error) {
	b, ok := s.effects[name]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(b, v)
}

func (s *stage) Save(_ context.Context, name string, v any) (err error) {
	s.effects[name], err = json.Marshal(v)
	s.did("note")
	return err
}

func (s *stage) effect(t *testing.T) artifact.Cleanup {
	t.Helper()
	var doc artifact.Cleanup
	if ok, err := s.Load(t.Context(), "cleanup-consent", &doc); err != nil || !ok {
		t.Fatalf("no note of the effect: %v", err)
	}
	return doc
}

// run runs the step with the given policies.
func (s *stage) run(t *testing.T, missing, transcript string) (steps.Report, error) {
	t.Helper()
	step := cleanupconsent.New(cleanupconsent.Outside{
		Registers: []cleanupconsent.Register{s}, Audio: []cleanupconsent.Place{place{s, "store"}, place{s, "source"}}, Text: place{s, "text"},
		Result: s, Runs: s, Effects: s, Now: func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) },
	})
	unread := steps.Input{Name: "result.json", Open: func(context.Context) (io.ReadCloser, error) {
		return nil, errors.New("it may be gone already: what is published counts")
	}}
	page := steps.Input{Name: "silent.html", SHA256: "without", Size: 6, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("silent")), nil
	}}
	_, report, err := step.Run(t.Context(), &steps.Job{Recording: "r", Run: "this", Track: -1, Scratch: t.TempDir()}, steps.Given{
		Inputs: map[string][]steps.Input{"result": {unread}, "page": {page}},
		Params: map[string]string{"consent-missing": missing, "consent-transcript": transcript},
	})
	return report, err
}

const denied = `{"decisions": [{"userId": "a", "consent": true}, {"userId": "b", "consent": false}]}`

func TestDenial(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.decisions, s.elsewhere = denied, 1
	report, err := s.run(t, "keep", "keep")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"note", "publish report.html", "index", // said before it is done
		"erase mix", "erase padded", "erase track 0", "erase track 1", // the source last
		"index: deleted", "note", // and that nothing is left, after looking
	}
	if diff := cmp.Diff(want, s.diary); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	wantEffect := artifact.Cleanup{
		Run: "this", Reason: "denied", Decisions: 2, Denials: 1, Missing: "keep", Transcript: "keep", AudioFiles: 4, Elsewhere: 1,
		Started: "2026-01-31T12:00:00Z", Finished: "2026-01-31T12:00:00Z", AudioGone: true,
	}
	if diff := cmp.Diff(wantEffect, s.effect(t)); diff != "" {
		t.Errorf("effect (-want +got):\n%s", diff)
	}
	if len(s.index.Files) != 1 || s.index.Files[0].SHA256 != "without" || s.index.Files[0].Size != 6 || !s.index.AudioDeleted || s.page != "silent" {
		t.Errorf("index %+v, page %q", s.index, s.page)
	}
	if !slices.ContainsFunc(s.index.Skipped, func(x artifact.Skipped) bool { return x.Step == "mixdown-tracks" }) || s.index.Title != "Plans" {
		t.Errorf("index %+v", s.index)
	}
	if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "1 other") {
		t.Errorf("warnings %q, want one about the other place", report.Warnings)
	}
	// Once more there is nothing to do.
	s.diary = nil
	if _, err := s.run(t, "keep", "keep"); err != nil || len(s.diary) > 0 {
		t.Errorf("again: %v, %q", err, s.diary)
	}
	// But what comes back is deleted again.
	s.files["source"] = []string{"track 0"}
	if _, err := s.run(t, "keep", "keep"); err != nil || len(s.files["source"]) > 0 || !s.effect(t).AudioGone {
		t.Errorf("back again: %v, %q", err, s.files)
	}
}

func TestTranscriptGoesToo(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.decisions = denied
	if _, err := s.run(t, "keep", "delete"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"note", "index, forgetting", "erase mix", "erase padded", "erase transcript", "erase track 0", "erase track 1", "index, forgetting: deleted", "note",
	}
	if diff := cmp.Diff(want, s.diary); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	e := s.effect(t)
	if !e.AudioGone || !e.TextGone || e.TextFiles != 1 || e.AudioFiles != 4 {
		t.Errorf("effect %+v", e)
	}
	if s.index.Title != "" || len(s.index.Participants) > 0 || len(s.index.Files) > 0 || !s.index.AudioDeleted || len(s.index.Skipped) != 2 {
		t.Errorf("index %+v, want one that says nothing", s.index)
	}
}

func TestNothingToDelete(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		decisions, missing, skipped string
	}{
		"consent":                      {`{"decisions": [{"name": "A", "consent": true}]}`, "keep", cleanupconsent.Agreed},
		"consent where it is required": {`{"decisions": [{"name": "A", "consent": true}]}`, "delete", cleanupconsent.Agreed},
		"no document":                  {"", "keep", cleanupconsent.Undecided},
		"no decisions":                 {`{"decisions": []}`, "keep", cleanupconsent.Undecided},
		"no document, where required":  {"", "delete", ""},
		"no decisions, where required": {`{"decisions": []}`, "delete", ""},
	} {
		s := newStage()
		s.decisions = test.decisions
		_, err := s.run(t, test.missing, "keep")
		reason, skipped := steps.SkipReason(err)
		if test.skipped == "" {
			if err != nil || len(s.files["store"])+len(s.files["source"]) > 0 || s.effect(t).Reason != "missing" {
				t.Errorf("%s: %v, left %q", name, err, s.files)
			}
			continue
		}
		if !skipped || reason != test.skipped || len(s.diary) > 0 {
			t.Errorf("%s: %v, done %q; want %q", name, err, s.diary, test.skipped)
		}
	}
}

func TestMalformedDeletesNothing(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.decisions = `{"decisions": [{"name": "A", "consent": "no"}]}`
	before := maps.Clone(s.files)
	_, err := s.run(t, "delete", "delete")
	if steps.Classify(err) != steps.Permanent || !strings.Contains(err.Error(), "the register cannot be understood") || !strings.Contains(steps.Hint(err), "nothing was deleted") {
		t.Errorf("error %v (%s)", err, steps.Hint(err))
	}
	if diff := cmp.Diff(before, s.files); diff != "" || len(s.diary) > 0 {
		t.Errorf("done: %q", s.diary)
	}
}

func TestAnotherRunStillReads(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.decisions, s.other = denied, "other"
	_, err := s.run(t, "keep", "keep")
	if steps.Classify(err) != steps.Transient || !strings.Contains(err.Error(), `run "other" still reads`) {
		t.Errorf("error %v (%s), want a transient one that names the run", err, steps.Classify(err))
	}
	if diff := cmp.Diff([]string{"note"}, s.diary); diff != "" || s.effect(t).AudioGone || s.effect(t).Finished != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	s.other = ""
	if _, err := s.run(t, "keep", "keep"); err != nil || !s.effect(t).AudioGone {
		t.Errorf("when it has ended: %v", err)
	}
}

// Whoever says "deleted" must have looked.
func TestWhatStaysIsNotDeleted(t *testing.T) {
	t.Parallel()
	for _, stays := range []string{"mix", "track 1"} {
		s := newStage()
		s.decisions, s.stays = denied, stays
		_, err := s.run(t, "keep", "keep")
		if steps.Classify(err) != steps.Transient || !strings.Contains(err.Error(), "1 files were deleted and are still there") {
			t.Errorf("%s stays: %v", stays, err)
		}
		if e := s.effect(t); e.AudioGone || e.Finished != "" || s.index.AudioDeleted {
			t.Errorf("%s stays, and it counts as deleted: %+v, %+v", stays, e, s.index)
		}
	}
}
