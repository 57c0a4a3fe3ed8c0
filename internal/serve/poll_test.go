package serve_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/source"
)

// account is a source with recordings, the newest first, that breaks off after
// so many when it is told to.
type account struct {
	mu     sync.Mutex
	found  []serve.Found
	breaks int // after so many; 0: never
	asked  chan int
}

func (a *account) Find(_ context.Context, id string) (string, error) { return "daily:" + id, nil }

func (a *account) List(context.Context) iter.Seq2[serve.Found, error] {
	return func(yield func(serve.Found, error) bool) {
		a.mu.Lock()
		found, breaks := slices.Clone(a.found), a.breaks
		a.mu.Unlock()
		n := 0
		defer func() { a.asked <- n }()
		for _, f := range found {
			if n++; breaks > 0 && n > breaks {
				yield(serve.Found{}, errors.New("daily is away"))
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (a *account) add(id, state string, started time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.found = slices.Insert(a.found, 0, serve.Found{ID: id, Listed: source.Listed{Location: "daily:" + id, Started: started, State: state}})
}

func (a *account) set(change func(*account)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// TestPoll finds what no webhook told of: all since the last time, however many
// there are and though a look breaks off; and each once.
func TestPoll(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	s := newStarter(st)
	a := &account{asked: make(chan int, 100_000), breaks: 40}
	a.add("older", "finished", now.Add(-30*time.Hour))
	for i := range 300 {
		a.add(fmt.Sprintf("rec-%d", i), "finished", now.Add(-3*time.Hour+time.Duration(i)*time.Second))
	}
	a.add("long", "in-progress", now.Add(-2*time.Hour))
	clock := now
	o := options(t, st, s)
	o.Source, o.Poll, o.Since = a, 5*time.Millisecond, 24*time.Hour
	o.Now = func() time.Time { a.mu.Lock(); defer a.mu.Unlock(); return clock }
	server, _ := start(t, o)
	work(t, server)
	for range 3 { // looks that break off: the rest is not forgotten
		<-a.asked
	}
	a.set(func(a *account) { a.breaks = 0 })
	until(t, "all are run", func() bool { return s.count() == 300 })
	// What goes on when it is looked for is found when it has ended.
	a.add("next", "finished", now)
	a.set(func(a *account) {
		clock = clock.Add(10 * time.Minute)
		for i := range a.found {
			a.found[i].State = "finished"
		}
	})
	until(t, "what came later is run", func() bool { return s.count() == 302 })
	for len(a.asked) > 0 {
		<-a.asked
	}
	until(t, "the source is read no further than it must", func() bool { return <-a.asked < 10 })
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.begun {
		if n != 1 || id == "older" {
			t.Errorf("%s was run %d times", id, n)
		}
	}
}

func (s *starter) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.begun)
}
