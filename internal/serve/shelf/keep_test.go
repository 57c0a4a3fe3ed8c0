package shelf

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
)

// keep keeps a shelf in a bubble until the test ends; look waits for its next
// look at the store.
func keep(t *testing.T, s *Shelf) (look func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Keep(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	synctest.Wait()
	return func() {
		time.Sleep(s.opt.Tick) // the bubble's time
		synctest.Wait()
	}
}

func ids(s *Shelf) string {
	list, _ := s.List(Query{})
	var all []string
	for _, e := range list {
		all = append(all, e.ID)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// Everybody is told once of a run's end, and whether it was seen happening.
func TestEndedIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, who := newRecords(t), &told{}
		r.done("old", "standup", "The report", 0)
		r.ask("now", "r1", 1)
		r.found("now", "r1", "retro")
		s := newShelf(t, r.Store, who)
		look := keep(t, s)
		if !s.isFilled() {
			t.Error("not filled after the first look")
		}
		want := func(want ...string) {
			t.Helper()
			got := who.all()
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}
		want("old r1 succeeded false")
		look()
		r.end("now", "r1", run.Failed)
		look()
		look()
		want("old r1 succeeded false", "now r1 failed true")
		r.ask("old", "r2", 5)
		r.succeed("old", "r2", "standup", "The report")
		r.done("new", "x", "y", 6)
		for range 3 {
			look()
			refresh(t, s, "old")
		}
		want("old r1 succeeded false", "now r1 failed true", "old r2 succeeded true", "new r1 succeeded true")
	})
}

func TestWhatGoesIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRecords(t)
		r.done("stays", "standup", "The report", 0)
		r.done("goes", "standup", "The report", 0)
		s := newShelf(t, r.Store, nil)
		look := keep(t, s)
		if got := ids(s); got != "goes stays" {
			t.Errorf("at first %q", got)
		}
		r.purge("goes")
		s.Queue("comes", Asked{Run: "r1", When: noon})
		look()
		if got := ids(s); got != "comes stays" {
			t.Errorf("then %q", got)
		}
		if len(s.of) != 1 {
			t.Errorf("%d are remembered", len(s.of))
		}
	})
}

// More recordings have ended than are read again at a time: the turn comes to
// each.
func TestEachHasItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRecords(t)
		for i := range 3 * rolling {
			r.done(fmt.Sprintf("rec-%03d", i), "standup", "before", 0)
		}
		s := newShelf(t, r.Store, nil)
		look := keep(t, s)
		for i := range 3 * rolling {
			r.succeed(fmt.Sprintf("rec-%03d", i), "r1", "standup", "after")
		}
		for range 4 {
			look()
		}
		if _, n := s.List(Query{Text: "after"}); n != 3*rolling {
			t.Errorf("%d of %d were read again", n, 3*rolling)
		}
	})
}

// One broken recording hides no other, is told once, and comes when it is
// mended.
func TestBrokenRecordings(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(r records){
		"the result": func(r records) { r.text(run.ResultKey("bad", "result.json"), `{"title":`) },
		"the end":    func(r records) { r.text(run.EndKey("bad", "r1"), `no JSON`) },
		"a failure": func(r records) {
			r.text(run.Task{Recording: "bad", Run: "r1", Step: "finalize", Track: -1}.FailureKey(), `[]`)
		},
		"its type":    func(r records) { r.json(run.ResultKey("bad", "result.json"), []int{1}) },
		"the receipt": func(r records) { r.text(run.Runs("bad")+"r1/receipts/get-recording.json", `{`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRecords(t)
				for i := range 40 {
					r.done(fmt.Sprintf("good-%02d", i), "standup", "The report", i)
				}
				r.ask("bad", "r1", 0)
				broken(r)
				s := newShelf(t, r.Store, nil)
				var mu sync.Mutex
				logged := 0
				s.opt.Log = logtest.New(func(line string) {
					mu.Lock()
					defer mu.Unlock()
					logged++
					if !strings.Contains(line, "recording=bad") {
						t.Errorf("logged: %s", line)
					}
				})
				look := keep(t, s)
				if _, n := s.List(Query{Text: "good"}); n != 40 || !s.isFilled() {
					t.Errorf("%d of 40 are there, filled: %v", n, s.isFilled())
				}
				look()
				look()
				if logged > 1 {
					t.Errorf("told %d times", logged)
				}
				r.purge("bad")
				r.done("bad", "standup", "mended", 0)
				look()
				if e, ok := s.Get("bad"); !ok || e.Title != "mended" {
					t.Errorf("mended, it is %+v, %v", e, ok)
				}
			})
		})
	}
}

// A store that does not answer for a while is asked again before the shelf counts
// as filled, and nobody takes what is known off it.
func TestStoreDoesNotAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRecords(t)
		r.done("a", "standup", "The report", 0)
		r.done("b", "standup", "The report", 0)
		st := &flaky{Store: r.Store, bad: "recordings/b/"}
		who := &told{}
		s := newShelf(t, st, who)
		look := keep(t, s)
		if got := ids(s); got != "a" || s.isFilled() {
			t.Errorf("there are %q, filled: %v", got, s.isFilled())
		}
		st.set("")
		look()
		if got := ids(s); got != "a b" || !s.isFilled() {
			t.Errorf("there are %q, filled: %v", got, s.isFilled())
		}
		st.set("recordings/")
		look()
		if got := ids(s); got != "a b" {
			t.Errorf("while the store is away there are %q", got)
		}
		if got := strings.Join(who.all(), ","); strings.Contains(got, "true") {
			t.Errorf("told: %s", got)
		}
	})
}

// What a slow reader found long ago does not replace what is known since.
func TestSlowReadIsNoNews(t *testing.T) {
	t.Parallel()
	r, who := newRecords(t), &told{}
	r.ask("rec", "r1", 0)
	st := &flaky{Store: r.Store, slow: "r1/run.json", at: make(chan struct{}), gate: make(chan struct{})}
	s := newShelf(t, st, who)
	slow := make(chan error, 1)
	go func() {
		_, _, err := s.Refresh(t.Context(), "rec")
		slow <- err
	}()
	<-st.at
	r.succeed("rec", "r1", "standup", "The report")
	refresh(t, s, "rec")
	r.purge("rec") // the slow one finds nothing any more
	r.ask("rec", "r1", 0)
	close(st.gate)
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	if e, _ := s.Get("rec"); e.Title != "The report" {
		t.Errorf("the shelf went back to %+v", e)
	}
	if d := cmp.Diff([]string{"rec r1 succeeded false"}, who.all()); d != "" {
		t.Error(d)
	}
}
