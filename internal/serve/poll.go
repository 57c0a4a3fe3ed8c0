package serve

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
)

// A Source is where recordings come from.
type Source interface {
	// Find returns the location of the recording that the source calls so.
	Find(ctx context.Context, id string) (location string, err error)
	// List yields the recordings, at Daily the newest first, with what the source
	// calls each as its Name where Location does not tell.
	List(ctx context.Context) iter.Seq2[Found, error]
}

// Found is a recording that a source has.
type Found struct {
	source.Listed
	ID string // what Find takes
}

// cursor is how far the source has been read: every recording that began before
// it is done, or will not be.
type cursor struct {
	Before time.Time `json:"before"`
}

// hold is how long a recording that is not finished keeps the cursor from
// moving past it: none goes on for longer.
const hold = 24 * time.Hour

// poll asks the source for recordings that no webhook told of, now and at every
// tick, until ctx is done. Of several processes one polls.
func (s *Server) poll(ctx context.Context) {
	if s.opt.Poll <= 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(s.opt.Poll)
	defer tick.Stop()
	for {
		found, err := s.find(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.metrics.Poll("failed")
			s.opt.Log.Error("the source cannot be asked for recordings", "error", err)
		default:
			s.metrics.Poll("ok")
			if found > 0 {
				s.opt.Log.Info("no webhook told of some recordings", "found", found)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// find reads the source back to the cursor, through as many pages as that takes,
// and only then moves it: a poll that is cut short loses nothing.
func (s *Server) find(ctx context.Context) (fresh int, err error) {
	var c cursor
	if _, err := store.GetJSON(ctx, s.opt.Store, cursorKey, &c); err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, err
	}
	now := s.opt.Now()
	if c.Before.IsZero() {
		c.Before = now.Add(-s.opt.Since)
	}
	next := now
	for f, err := range s.opt.Source.List(ctx) {
		if err != nil {
			return fresh, err
		}
		if !f.Started.IsZero() && f.Started.Before(c.Before) {
			break // from here on they are older
		}
		if f.State != "" && f.State != "finished" {
			if f.Started.After(now.Add(-hold)) && f.Started.Before(next) {
				next = f.Started
			}
			continue
		}
		ordered, err := s.missed(ctx, f)
		if err != nil {
			return fresh, err
		}
		if ordered {
			fresh++
		}
	}
	_, err = store.PutJSON(ctx, s.opt.Store, cursorKey, cursor{next}, store.PutOptions{})
	return fresh, err
}

// missed orders the run of a recording that has none.
func (s *Server) missed(ctx context.Context, f Found) (bool, error) {
	o := orderOf(f.ID, s.opt.Now())
	o.Location = f.Location
	if _, known := s.shelf.Get(o.Recording); known {
		return false, nil
	}
	if _, known, err := s.shelf.Refresh(ctx, o.Recording); known || err != nil {
		return false, err
	}
	return s.order(ctx, o)
}
