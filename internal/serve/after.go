package serve

import (
	"context"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
)

// fresh is how long ago a run may have failed before this process began, for
// people to be told of it still.
const fresh = time.Hour

// ended is a run that was seen to have ended.
type ended struct {
	shelf.Entry
	witnessed bool
}

// hasEnded takes note of a run that ended; [Server.after] does the rest.
func (s *Server) hasEnded(e shelf.Entry, witnessed bool) {
	if !witnessed && (e.Ended == nil || s.opt.Now().Sub(*e.Ended) > fresh) {
		return
	}
	select {
	case s.ended <- ended{e, witnessed}:
	default:
		s.opt.Log.Error("too many runs end at once: one is not counted", "recording", e.ID, "run", e.Run)
	}
}

// after does what is done once a run has ended, until ctx is done: it counts the
// run, has its course recorded, and tells people of a failure. What it could not
// do is tried again later.
func (s *Server) after(ctx context.Context) {
	again := time.NewTicker(s.opt.Again)
	defer again.Stop()
	var later []ended
	do := func(e ended) {
		if err := s.close(ctx, e); err != nil && ctx.Err() == nil {
			s.opt.Log.Error("the end of a run is not told", "recording", e.ID, "run", e.Run, "error", err)
			if e.Ended == nil || s.opt.Now().Sub(*e.Ended) < fresh {
				later = append(later, e)
			}
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.ended:
			do(e)
		case <-again.C:
			old := later
			later = nil
			for _, e := range old {
				do(e)
			}
		}
	}
}

// close does that for one run.
func (s *Server) close(ctx context.Context, e ended) error {
	var records runner.Records
	events, err := progress.Read(ctx, s.opt.Store, s.opt.Graph, e.ID, e.Run, &records)
	if err != nil {
		return err
	}
	if e.State == engine.Failed && s.opt.Notice != nil {
		if err := s.opt.Notice(ctx, e.Entry, events[len(events)-1].Hint); err != nil {
			return err
		}
	}
	// Of several processes, which all see it, one counts.
	if !e.witnessed || !s.leads.Load() {
		return nil
	}
	if s.opt.Trace != nil {
		s.opt.Trace(ctx, e.Entry, events)
	}
	for _, ev := range events {
		s.metrics.Event(ev)
	}
	for _, r := range records.Receipts() {
		s.metrics.Receipt(r)
	}
	return nil
}
