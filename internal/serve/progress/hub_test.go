package progress

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
	"github.com/trackscribe/trackscribe/internal/store"
)

// newest is which run is the newest.
type newest struct {
	mu sync.Mutex
	id string
}

func (n *newest) set(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.id = id
}

func (n *newest) get(context.Context, string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.id, nil
}

func (s *script) hub(src Source, n *newest) *Hub {
	return NewHub(Options{Graph: s.graph, Store: s.store, Engine: src, Newest: n.get, Log: logtest.New(func(line string) {
		s.t.Errorf("logged: %s", line)
	})})
}

// line is a message in one line, and empty for what may be told again.
func line(m Message) string {
	if strings.HasPrefix(m.Event, "DAG_") {
		return ""
	}
	return m.Event + " " + string(m.Data)
}

// ended reports whether a message is the last but a snapshot.
func ended(m Message) bool {
	return m.Event == EventStatus && !strings.Contains(string(m.Data), StatusProcessing)
}

// follow reads a stream up to the run's end.
func (s *script) follow(h *Hub) (all []Message) {
	s.t.Helper()
	for m, err := range h.Stream(s.t.Context(), recording, "") {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, m)
		if ended(m) {
			return all
		}
	}
	return all
}

func lines(all []Message) (list []string) {
	for _, m := range all {
		if l := line(m); l != "" {
			list = append(list, l)
		}
	}
	return list
}

// What the store takes over half way is told once, and to the end.
func TestEngineForgetsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, 2)
		s.docs = documents()
		events := s.do("r1")
		f, n := newFeed(), &newest{id: "r1"}
		f.add("r1", events[:len(events)/2]...)
		h := s.hub(f, n)
		var got []Message
		for m, err := range h.Stream(t.Context(), recording, "") {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, m); m.Event == EventDAG && !f.isLost() {
				f.lose()
			}
			if ended(m) {
				break
			}
		}
		list := lines(got)
		slices.Sort(list)
		if len(list) != len(slices.Compact(slices.Clone(list))) {
			t.Errorf("something is told twice: %v", list)
		}
		want := lines(s.follow(s.hub(nil, n)))
		slices.Sort(want)
		if d := cmp.Diff(want, list); d != "" {
			t.Errorf("store alone (-) and engine, then store (+):\n%s", d)
		}
		for _, m := range got { // nothing goes back
			var d DAG
			if m.Event == EventDAG && json.Unmarshal(m.Data, &d) == nil && node1(t, d, "get-recording").Status != NodeCompleted {
				t.Errorf("get-recording is %s", node1(t, d, "get-recording").Status)
			}
		}
		time.Sleep(time.Minute) // the bubble's: until nobody lingers
	})
}

// A newer run is followed, the old one's last words are not lost, and another
// run's cursor is none.
func TestSecondRunIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, 1)
		s.docs = documents()
		first, second := s.do("r1"), s.do("r2")
		for range 8 { // which of two things a client hears of first is left to chance
			f, n := newFeed(), &newest{id: "r1"}
			f.add("r1", first[:3]...)
			f.add("r2", second...)
			runs := twoRuns(t, s.hub(f, n), func() {
				f.add("r1", first[3:]...)
				synctest.Wait() // the first run has ended, and its log says so
				n.set("r2")
			})
			if d := cmp.Diff(runs["r1"], runs["r2"]); d != "" {
				t.Fatalf("the first (-) and the second run (+) are told unlike:\n%s", d)
			}
		}
		time.Sleep(time.Minute)
	})
}

// twoRuns follows a run and the one after it, which comes when next is called,
// and returns what was told of each, in no order and as if it were of the first.
func twoRuns(t *testing.T, h *Hub, next func()) map[string][]string {
	runs, id := map[string][]string{}, ""
	for m, err := range h.Stream(t.Context(), recording, "") {
		if err != nil {
			t.Fatal(err)
		}
		p, _ := parseID(m.ID)
		if p.run == "r1" && id == "r2" {
			t.Error("the old run is told after the new one")
		}
		if id = p.run; line(m) != "" {
			runs[id] = append(runs[id], strings.ReplaceAll(line(m), "r2", "r1"))
		}
		if m.Event == EventDAG && next != nil {
			next()
			next = nil
			h.Poke(recording)
			synctest.Wait() // by now the log is another
		}
		if ended(m) && id == "r2" {
			break
		}
	}
	for _, list := range runs {
		slices.Sort(list)
	}
	return runs
}

// When nobody watches any more the hub comes to rest: synctest fails when a
// goroutine is left.
func TestNothingLingers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, 1)
		f, n := newFeed(), &newest{id: "r1"}
		f.add("r1", engine.Event{Track: -1, State: engine.Running, Time: noon})
		h := s.hub(f, n)
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			for m, err := range h.Stream(ctx, recording, "") {
				if errors.Is(err, context.Canceled) {
					break
				}
				if c := h.Clients(); c != 1 {
					t.Errorf("%d clients", c)
				}
				if m.Event == EventDAG {
					cancel()
				}
			}
			cancel()
			time.Sleep(10 * time.Second)
		}
		logs := func() int {
			synctest.Wait()
			h.mu.Lock()
			defer h.mu.Unlock()
			return len(h.topics)
		}
		if logs() != 1 {
			t.Error("the log is gone before its time")
		}
		time.Sleep(30 * time.Second)
		if n := logs(); n != 0 || h.Clients() != 0 {
			t.Errorf("%d logs and %d clients are left", n, h.Clients())
		}
		h.Poke(recording) // of whom nobody watches
	})
}

// flaky is a store whose objects cannot be read the first time.
type flaky struct {
	store.Store
	of string

	mu    sync.Mutex
	times int
}

func (f *flaky) Get(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.Contains(key, f.of) && f.times > 0 {
		f.times--
		return nil, store.Info{}, &store.Error{Op: "get", Key: key, Transient: true, Err: errors.New("slow down")}
	}
	return f.Store.Get(ctx, key)
}

// A store that does not answer once loses nothing.
func TestWhatCannotBeReadIsToldLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, 1)
		s.docs = documents()
		events := s.do("r1")
		s.store = &flaky{Store: s.store, of: "artifacts/generate-title/", times: 2}
		f, n := newFeed(), &newest{id: "r1"}
		f.add("r1", events[:len(events)-1]...)
		h := s.hub(f, n)
		titles := 0
		for m, err := range h.Stream(t.Context(), recording, "") {
			if err != nil {
				t.Fatal(err)
			}
			if m.Event == EventTitle {
				titles++
				f.add("r1", events[len(events)-1])
			}
			if ended(m) {
				break
			}
		}
		if titles != 1 {
			t.Errorf("the title is told %d times", titles)
		}
		time.Sleep(time.Minute)
	})
}

// How a run stands is the same whether somebody watches it or not.
func TestDAGOfTheHub(t *testing.T) {
	t.Parallel()
	s := newScript(t, 2)
	events := s.do("r1")
	f, n := newFeed(), &newest{id: "r1"}
	f.add("r1", events...)
	h := s.hub(f, n)
	before, err := h.DAG(t.Context(), recording, "r1")
	if err != nil {
		t.Fatal(err)
	}
	for m := range h.Stream(t.Context(), recording, "") {
		if m.Event == EventDAG && strings.Contains(string(m.Data), `"status":"succeeded"`) {
			break
		}
	}
	during, err := h.DAG(t.Context(), recording, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(comparable(before), comparable(during)); d != "" {
		t.Errorf("unwatched (-) and watched (+):\n%s", d)
	}
	if d, err := h.DAG(t.Context(), recording, "r9"); err != nil || d.Status != engine.Queued || len(d.Tasks) != len(s.graph.Nodes) {
		t.Errorf("a run that is not there yet: %+v, %v", d, err)
	}
}
