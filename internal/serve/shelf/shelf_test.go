package shelf

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
)

func refresh(t testing.TB, s *Shelf, id string) Entry {
	t.Helper()
	e, ok, err := s.Refresh(t.Context(), id)
	if err != nil || !ok {
		t.Fatalf("refresh %q: %v, %v", id, ok, err)
	}
	return e
}

// What a recording's entry says comes from what its runs left.
func TestEntryOf(t *testing.T) {
	t.Parallel()
	hour := noon.Add(time.Hour)
	for name, c := range map[string]struct {
		left func(records)
		want Entry
	}{
		"asked for": {func(r records) { r.ask("rec", "r1", 0) }, Entry{State: engine.Queued, Run: "r1", Runs: 1, Step: "get-recording"}},
		"running": {func(r records) {
			r.ask("rec", "r1", 0)
			r.found("rec", "r1", "standup")
		}, Entry{State: engine.Running, Run: "r1", Runs: 1, Step: "get-participants", Name: "standup", Recorded: &noon, Duration: 90}},
		"failed": {func(r records) {
			r.ask("rec", "r1", 0)
			r.found("rec", "r1", "standup")
			r.fail("rec", "r1", "merge-transcripts", permanentClass)
			r.end("rec", "r1", run.Failed)
		}, Entry{
			State: engine.Failed, Run: "r1", Runs: 1, Step: "merge-transcripts", Error: "merge-transcripts: the file is broken", Name: "standup",
			Recorded: &noon, Duration: 90, Ended: &hour,
		}},
		"canceled": {func(r records) {
			r.ask("rec", "r1", 0)
			r.end("rec", "r1", run.Canceled)
		}, Entry{State: engine.Canceled, Run: "r1", Runs: 1, Ended: &hour}},
		"succeeded": {func(r records) { r.done("rec", "standup", "The report", 0) }, Entry{
			State: engine.Succeeded, Run: "r1", Runs: 1, Name: "standup", Title: "The report", HasResult: true, Recorded: &noon, Duration: 60, Ended: &hour, Progress: 1,
		}},
		"again, and failed": {func(r records) {
			r.done("rec", "standup", "The report", -5)
			r.ask("rec", "r2", 0)
			r.fail("rec", "r2", "get-recording", permanentClass)
			r.end("rec", "r2", run.Failed)
		}, Entry{
			State: engine.Failed, Run: "r2", Runs: 2, Step: "get-recording", Error: "get-recording: the file is broken", Name: "standup", Title: "The report",
			HasResult: true, Recorded: &noon, Duration: 60, Ended: &hour,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecords(t)
			c.left(r)
			got := refresh(t, newShelf(t, r.Store, nil), "rec")
			if p := got.Progress; got.State != engine.Succeeded {
				if wantSome := c.want.State != engine.Queued; p < 0 || p > 1 || wantSome != (p > 0) {
					t.Errorf("progress %v", p)
				}
				got.Progress = 0
			}
			c.want.ID, c.want.Asked = "rec", noon
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A recording's history says of every run how it stands, the newest first.
func TestHistory(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	r.done("rec", "standup", "The report", -9)
	r.ask("rec", "r2", -5) // and never came to its end
	r.ask("rec", "r3", 0)
	r.found("rec", "r3", "standup")
	s := newShelf(t, r.Store, nil)
	s.Queue("rec", Asked{Run: "r4", When: noon.Add(time.Minute)})
	e, runs, ok, err := s.History(t.Context(), "rec")
	if !ok || err != nil || e.Run != "r4" || e.State != engine.Queued || e.Runs != 3 {
		t.Errorf("%+v %v %v", e, ok, err)
	}
	var got []string
	for _, r := range runs {
		got = append(got, r.ID+" "+string(r.State))
	}
	if d := cmp.Diff([]string{"r3 running", "r2 canceled", "r1 succeeded"}, got); d != "" {
		t.Error(d)
	}
	if _, runs, ok, err := s.History(t.Context(), "nobody"); ok || err != nil || len(runs) != 0 {
		t.Errorf("of nobody: %v %v %v", runs, ok, err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	r.done("a1", "Standup", "Quarterly REPORT", 1)
	r.done("b2", "Ärger", "Release", 2)
	r.done("c3", "retro", "", 3)
	r.ask("d4", "r1", 4)
	r.ask("e5", "r1", 4)
	s := newShelf(t, r.Store, nil)
	for _, id := range []string{"a1", "b2", "c3", "d4", "e5"} {
		refresh(t, s, id)
	}
	s.Queue("f6", Asked{Run: "r1", When: noon.Add(9 * time.Minute)})
	for name, c := range map[string]struct {
		q     Query
		want  string
		total int
	}{
		"all, the newest first": {Query{}, "f6 d4 e5 c3 b2 a1", 6},
		"by state":              {Query{State: engine.Succeeded}, "c3 b2 a1", 3},
		"queued":                {Query{State: engine.Queued}, "f6 d4 e5", 3},
		"by title, in any case": {Query{Text: "report"}, "a1", 1},
		"by name, in any case":  {Query{Text: "  äRGER "}, "b2", 1},
		"by id":                 {Query{Text: "C3"}, "c3", 1},
		"text and state":        {Query{Text: "re", State: engine.Succeeded}, "c3 b2 a1", 3},
		"nothing":               {Query{Text: "no such"}, "", 0},
		"a page":                {Query{Offset: 1, Limit: 2}, "d4 e5", 6},
		"the last page":         {Query{Offset: 5, Limit: 2}, "a1", 6},
		"past the end":          {Query{Offset: 99, Limit: 2}, "", 6},
		"before the beginning":  {Query{Offset: -3, Limit: 1}, "f6", 6},
		"who may see some": {
			Query{May: func(id string) bool { return id == "b2" || id == "f6" }, Limit: 1}, "f6", 2,
		},
		"who may see none": {Query{May: func(string) bool { return false }}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, total := s.List(c.q)
			var ids []string
			for _, e := range list {
				ids = append(ids, e.ID)
			}
			if got := strings.Join(ids, " "); got != c.want || total != c.total {
				t.Errorf("got %q of %d, want %q of %d", got, total, c.want, c.total)
			}
		})
	}
	if d := cmp.Diff(map[engine.State]int{engine.Succeeded: 3, engine.Queued: 3}, s.Counts()); d != "" {
		t.Error(d)
	}
}

// A run that was asked for is on the shelf until the store has it, or it will
// not begin.
func TestQueue(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	r.done("rec", "standup", "The report", 0)
	s := newShelf(t, r.Store, nil)
	refresh(t, s, "rec")
	state := func(id string) string {
		e, ok := s.Get(id)
		return fmt.Sprint(e.State, " ", e.Run, " ", e.Title, " ", ok)
	}
	want := func(id, want string) {
		t.Helper()
		if got := state(id); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	s.Queue("rec", Asked{Run: "r1", When: noon})
	want("rec", "succeeded r1 The report true") // that one has ended
	s.Queue("rec", Asked{Run: "r2", When: noon.Add(time.Minute)})
	s.Queue("new", Asked{Run: "r1", When: noon})
	want("rec", "queued r2 The report true")
	want("new", "queued r1  true")
	refresh(t, s, "rec") // the store does not have it yet
	want("rec", "queued r2 The report true")
	s.Unqueue("rec", "r9") // another
	want("rec", "queued r2 The report true")
	s.Unqueue("rec", "r2")
	want("rec", "succeeded r1 The report true")
	r.ask("new", "r1", 0)
	r.found("new", "r1", "retro")
	refresh(t, s, "new")
	want("new", "running r1  true")
	s.Queue("rec", Asked{Run: "r3", When: noon.Add(time.Minute)})
	r.ask("rec", "r4", 2) // somebody else was later
	refresh(t, s, "rec")
	want("rec", "queued r4 The report true")
	s.Queue("gone", Asked{Run: "r1", When: noon})
	s.Unqueue("gone", "r1")
	want("gone", "   false")
	if _, total := s.List(Query{}); total != 2 {
		t.Errorf("%d recordings", total)
	}
}

// Whoever asks for what is not there leaves nothing behind.
func TestUnknownRecordings(t *testing.T) {
	t.Parallel()
	s := newShelf(t, newRecords(t).Store, nil)
	for i := range 100 {
		if e, ok, err := s.Refresh(t.Context(), fmt.Sprint("none-", i)); ok || err != nil {
			t.Errorf("got %+v, %v, %v", e, ok, err)
		}
	}
	if len(s.of)+len(s.entries)+len(s.bad)+len(s.asked) > 0 {
		t.Errorf("%d, %d, %d and %d are kept", len(s.of), len(s.entries), len(s.bad), len(s.asked))
	}
}
