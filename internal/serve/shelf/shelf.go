package shelf

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Options set up a shelf.
type Options struct {
	Store store.Store
	Graph graph.Graph
	// Tick is how often the store is looked at for what is new; 0: ten seconds.
	Tick time.Duration
	Log  *slog.Logger
	// Ended is told of every run that is seen to have ended; witnessed is false
	// where that was before this shelf was filled. Nil: nobody is told.
	Ended func(e Entry, witnessed bool)
}

// readers is how many recordings are read at a time.
const readers = 16

// rolling is how many recordings that have ended are read again at every tick:
// somebody else may have worked on them.
const rolling = 20

// A Shelf is the list of all recordings.
type Shelf struct {
	opt Options

	mu      sync.Mutex
	entries map[string]Entry
	turns   uint64            // reads that have begun
	of      map[string]uint64 // which of them an entry is of
	bad     map[string]string // what is wrong with a recording that cannot be read
	asked   map[string]Asked  // runs that are not in the store yet, by recording
	filled  chan struct{}     // closed once all recordings were read
	next    string            // where the rolling look goes on
}

// An Asked is a run that was asked for and has not begun.
type Asked struct {
	Run  string
	When time.Time
}

// New returns an empty shelf.
func New(o Options) *Shelf {
	if o.Tick <= 0 {
		o.Tick = 10 * time.Second
	}
	return &Shelf{opt: o, entries: map[string]Entry{}, of: map[string]uint64{}, bad: map[string]string{}, asked: map[string]Asked{}, filled: make(chan struct{})}
}

// Filled is closed once every recording has been read.
func (s *Shelf) Filled() <-chan struct{} { return s.filled }

// entry returns what is known of a recording, with the run that was asked for.
func (s *Shelf) entry(id string) (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overlay(id)
}

func (s *Shelf) overlay(id string) (Entry, bool) {
	e, ok := s.entries[id]
	a, queued := s.asked[id]
	if queued {
		e.ID, e.State, e.Run, e.Asked = id, engine.Queued, a.Run, a.When
		e.Ended, e.Progress, e.Step, e.Error = nil, 0, "", ""
	}
	return e, ok || queued
}

// Get returns what is known of a recording.
func (s *Shelf) Get(id string) (Entry, bool) { return s.entry(id) }

// Queue puts a run on the shelf that was asked for, until the store has it.
func (s *Shelf) Queue(id string, a Asked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[id].Run != a.Run {
		s.asked[id] = a
	}
}

// Unqueue takes a run off that will not begin.
func (s *Shelf) Unqueue(id, run string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[id].Run == run {
		delete(s.asked, id)
	}
}

// A Query says which recordings are wanted.
type Query struct {
	Text   string            // in the id, the name or the title, in any case
	State  engine.State      // empty: any
	May    func(string) bool // who asks may see it; nil: all
	Offset int
	Limit  int // 0: all
}

// List returns the recordings that are wanted, the one that was asked for last
// first, and how many there are.
func (s *Shelf) List(q Query) (list []Entry, total int) {
	text := strings.ToLower(strings.TrimSpace(q.Text))
	for _, e := range s.all() {
		switch {
		case q.May != nil && !q.May(e.ID), q.State != "" && e.State != q.State:
		case text == "" || strings.Contains(strings.ToLower(e.ID+"\n"+e.Name+"\n"+e.Title), text):
			list = append(list, e)
		}
	}
	total = len(list)
	list = list[min(max(q.Offset, 0), total):]
	if q.Limit > 0 {
		list = list[:min(q.Limit, len(list))]
	}
	return list, total
}

func (s *Shelf) all() []Entry {
	s.mu.Lock()
	list := make([]Entry, 0, len(s.entries)+len(s.asked))
	for id := range s.entries {
		e, _ := s.overlay(id)
		list = append(list, e)
	}
	for id := range s.asked {
		if _, known := s.entries[id]; !known {
			e, _ := s.overlay(id)
			list = append(list, e)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Or(b.Asked.Compare(a.Asked), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Counts returns how many recordings there are in each state.
func (s *Shelf) Counts() map[engine.State]int {
	n := map[engine.State]int{}
	for _, e := range s.all() {
		n[e.State]++
	}
	return n
}
