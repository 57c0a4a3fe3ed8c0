package progress

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"iter"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
)

// gather is how long changes are gathered before they are told as one snapshot.
const gather = 100 * time.Millisecond

// follow keeps a topic's log for as long as somebody watches.
func (h *Hub) follow(ctx context.Context, t *topic) {
	again := time.NewTicker(h.opt.Tick)
	defer again.Stop()
	current := ""
	for {
		id, err := h.opt.Newest(ctx, t.recording)
		switch {
		case err != nil:
			h.opt.Log.Error("the newest run is not known", "recording", t.recording, "error", err)
		case id != "" && id != current:
			if h.tell(ctx, t, id) {
				current = id
				continue // there may be another by now
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.poke:
		case <-again.C:
		}
	}
}

// tell keeps the log of one run to its end, and reports whether it got there.
// A newer run ends it too.
func (h *Hub) tell(ctx context.Context, t *topic, id string) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var epoch [4]byte
	_, _ = rand.Read(epoch[:]) // it never fails on the systems Go supports
	log := newLog(h.opt.Graph, id, hex.EncodeToString(epoch[:]))
	teller := teller{hub: h, log: log, tracker: NewTracker(h.opt.Graph, id), recording: t.recording, run: id}
	t.replace(log)

	events := engine.Stream(ctx, h.events(ctx, t.recording, id))
	newer := time.NewTicker(h.opt.Tick)
	defer newer.Stop()
	// The first snapshot waits too: what happened before comes at once, and
	// nobody should see a run begin that has long begun.
	flush := time.NewTimer(gather)
	defer flush.Stop()
	due := true
	for {
		select {
		case ev, ok := <-events:
			switch {
			case !ok:
				return false
			case ev.Err != nil:
				if ctx.Err() == nil {
					h.opt.Log.Error("a run is not followed", "recording", t.recording, "run", id, "error", ev.Err)
				}
				return false
			}
			if teller.event(ctx, ev.Value) && !due {
				due = true
				flush.Reset(gather)
			}
			if teller.ended {
				return true
			}
		case <-flush.C:
			due = false
			teller.snapshot(false)
		case <-t.poke:
			if h.overtaken(ctx, t, id) {
				return true
			}
		case <-newer.C:
			teller.pay(ctx, false)
			if h.overtaken(ctx, t, id) {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

func (h *Hub) overtaken(ctx context.Context, t *topic, id string) bool {
	newest, err := h.opt.Newest(ctx, t.recording)
	return err == nil && newest != "" && newest != id
}

// events yields a run's events from whoever knows them: the engine, or the
// store.
func (h *Hub) events(ctx context.Context, recording, id string) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		tick := time.NewTicker(h.opt.Tick)
		defer tick.Stop()
		for {
			if h.opt.Engine != nil {
				known := true
				for ev, err := range h.opt.Engine.Events(ctx, recording, id) {
					if errors.Is(err, engine.ErrUnknownRun) {
						known = false
						break
					}
					if !yield(ev, err) || err != nil || ev.Step == "" && ev.State.Ended() {
						return
					}
				}
				if known {
					return
				}
			}
			for ev, err := range Watch(ctx, h.opt.Store, h.opt.Graph, recording, id, tick.C, func() bool { return h.knows(ctx, recording, id) }) {
				if !yield(ev, err) || err != nil || ev.Step == "" && ev.State.Ended() {
					return
				}
			}
		}
	}
}

// knows reports whether the engine knows a run by now.
func (h *Hub) knows(ctx context.Context, recording, id string) bool {
	if h.opt.Engine == nil {
		return false
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, err := range h.opt.Engine.Events(ctx, recording, id) {
		return !errors.Is(err, engine.ErrUnknownRun)
	}
	return false
}
