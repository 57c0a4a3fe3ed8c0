package shelf

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// Keep reads all recordings, and then what is new, until ctx is done.
func (s *Shelf) Keep(ctx context.Context) {
	tick := time.NewTicker(s.opt.Tick)
	defer tick.Stop()
	first := true
	for {
		if err := s.look(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			s.opt.Log.Error("the recordings cannot be read", "error", err)
		} else if first {
			first = false
			close(s.filled)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look reads the recordings that are new, those that are being worked on, and
// some of the others. One that is broken keeps nobody from the others; the error
// is that of the store, when it may be over by the next look.
func (s *Shelf) look(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(readers)
	var mu sync.Mutex
	var trouble error
	read := func(id string) func() error {
		return func() error {
			if err := s.tryRead(ctx, id); err != nil {
				mu.Lock()
				defer mu.Unlock()
				trouble = cmp.Or(trouble, err)
			}
			return nil
		}
	}
	since := s.begin()
	there := map[string]bool{}
	for id, err := range s.opt.Store.Folders(ctx, "recordings/") {
		if err != nil {
			_ = group.Wait()
			return err
		}
		if run.CheckID("recording", id) != nil {
			continue // not ours
		}
		there[id] = true
		if e, known := s.entry(id); !known || !e.State.Ended() {
			group.Go(read(id))
		}
	}
	for _, id := range s.turn(there, since) {
		group.Go(read(id))
	}
	_ = group.Wait()
	return cmp.Or(ctx.Err(), trouble)
}

// tryRead reads a recording, and returns only errors that may pass. What is
// broken is told once.
func (s *Shelf) tryRead(ctx context.Context, id string) error {
	_, err := s.read(ctx, id)
	if err != nil && (ctx.Err() != nil || store.IsTransient(err)) {
		return err
	}
	s.mu.Lock()
	before := s.bad[id]
	delete(s.bad, id)
	if err != nil {
		s.bad[id] = err.Error()
	}
	s.mu.Unlock()
	if err != nil && err.Error() != before {
		s.opt.Log.Error("a recording cannot be read", "recording", id, "error", err)
	}
	return nil
}

// begin numbers a read, so that what a slow one found does not replace what a
// later one did.
func (s *Shelf) begin() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns++
	return s.turns
}

// turn returns whose turn it is to be read again, and forgets what has gone: what
// was neither there at a look nor read since that began.
func (s *Shelf) turn(there map[string]bool, since uint64) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, e := range s.entries {
		_, queued := s.asked[id]
		switch {
		case !there[id] && !queued && s.of[id] < since:
			delete(s.entries, id)
			delete(s.of, id)
			delete(s.bad, id)
		case e.State.Ended():
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	at, _ := slices.BinarySearch(ids, s.next)
	list := ids[at:min(len(ids), at+rolling)]
	s.next = ""
	if at+rolling < len(ids) {
		s.next = ids[at+rolling]
	}
	return list
}

// Refresh reads one recording anew.
func (s *Shelf) Refresh(ctx context.Context, id string) (Entry, bool, error) {
	e, _, ok, err := s.History(ctx, id)
	return e, ok, err
}

// History reads one recording anew, with its runs, the newest first. One that is
// only queued is not among them.
func (s *Shelf) History(ctx context.Context, id string) (Entry, []Run, bool, error) {
	runs, err := s.read(ctx, id)
	e, ok := s.entry(id)
	return e, runs, ok, err
}

func (s *Shelf) read(ctx context.Context, id string) ([]Run, error) {
	turn := s.begin()
	e, runs, err := load(ctx, s.opt.Store, s.opt.Graph, id)
	if err != nil {
		return nil, err
	}
	ok := len(runs) > 0
	s.mu.Lock()
	if turn < s.of[id] {
		s.mu.Unlock()
		return runs, nil
	}
	s.of[id] = turn
	before := s.entries[id]
	a, queued := s.asked[id]
	if queued && ok && (e.Run == a.Run || e.Asked.After(a.When)) {
		delete(s.asked, id)
	}
	if ok {
		s.entries[id] = e
	} else { // whoever asks for what is not there leaves nothing behind
		delete(s.entries, id)
		delete(s.of, id)
	}
	s.mu.Unlock()
	if s.opt.Ended != nil && e.State.Ended() && (before.Run != e.Run || !before.State.Ended()) {
		s.opt.Ended(e, before.Run != "" || queued || s.isFilled())
	}
	return runs, nil
}

func (s *Shelf) isFilled() bool {
	select {
	case <-s.filled:
		return true
	default:
		return false
	}
}
