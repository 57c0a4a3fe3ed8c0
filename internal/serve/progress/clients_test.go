package progress

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
)

// feed is an engine's event stream that the test lets go on.
type feed struct {
	mu      sync.Mutex
	events  map[string][]engine.Event // by run
	lost    bool                      // the engine does not know any run any more
	changed chan struct{}
}

func newFeed() *feed { return &feed{events: map[string][]engine.Event{}, changed: make(chan struct{})} }

func (f *feed) add(id string, all ...engine.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events[id] = append(f.events[id], all...)
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *feed) lose() {
	f.mu.Lock()
	f.lost = true
	f.mu.Unlock()
	f.add("")
}

func (f *feed) Events(ctx context.Context, _, id string) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		for next := 0; ; next++ {
			for {
				f.mu.Lock()
				events, lost, changed := f.events[id], f.lost, f.changed
				f.mu.Unlock()
				if lost || len(events) == 0 {
					yield(engine.Event{}, engine.ErrUnknownRun)
					return
				}
				if next < len(events) {
					if !yield(events[next], nil) {
						return
					}
					break
				}
				if last := events[len(events)-1]; last.Step == "" && last.State.Ended() {
					return
				}
				select {
				case <-changed:
				case <-ctx.Done():
					yield(engine.Event{}, context.Cause(ctx))
					return
				}
			}
		}
	}
}

func (f *feed) isLost() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// 500 clients that break off at random, and go on at either of two processes,
// see everything once, and at one process in the same order.
func TestFiveHundredClients(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{1, 2} {
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) {
			t.Parallel()
			s := newScript(t, 4)
			s.docs = documents()
			events := s.do("r1")
			f, n := newFeed(), &newest{id: "r1"}
			f.add("r1", events[0])
			var hubs []*Hub
			for range processes {
				hubs = append(hubs, s.hub(f, n))
			}
			var all sync.WaitGroup
			heard := make(chan struct{}, 1)
			got := make([][]string, 500)
			for i := range got {
				all.Go(func() { got[i] = client(t, hubs, rand.New(rand.NewPCG(uint64(i), 3)), heard) })
			}
			for _, ev := range events[1:] { // each goes out while somebody reads the one before
				<-heard
				f.add("r1", ev)
			}
			all.Wait()
			want := lines(s.follow(hubs[0]))
			if len(want) < 30 {
				t.Fatalf("only %d messages: %v", len(want), want)
			}
			if processes > 1 { // the order of what happens at once is each process's own
				slices.Sort(want)
			}
			for i, list := range got {
				if processes > 1 {
					slices.Sort(list)
				}
				if d := cmp.Diff(want, list); d != "" {
					t.Fatalf("client %d: lost (-) or repeated (+):\n%s", i, d)
				}
			}
			for _, h := range hubs {
				if c := h.Clients(); c != 0 {
					t.Errorf("%d clients are left", c)
				}
			}
		})
	}
}

func client(t *testing.T, hubs []*Hub, r *rand.Rand, heard chan<- struct{}) (list []string) {
	after := ""
	for {
		left := 1 + r.IntN(12)
		ctx, cancel := context.WithCancel(t.Context())
		for m, err := range hubs[r.IntN(len(hubs))].Stream(ctx, recording, after) {
			if err != nil {
				break // it was cut off
			}
			after = m.ID
			if l := line(m); l != "" {
				list = append(list, l)
			}
			select {
			case heard <- struct{}{}:
			default:
			}
			if ended(m) {
				cancel()
				return list
			}
			if left--; left == 0 && r.IntN(2) == 0 {
				break
			} else if left == 0 {
				cancel()
			}
		}
		cancel()
	}
}
