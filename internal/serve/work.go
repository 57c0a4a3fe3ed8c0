package serve

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/steps"
)

// A Starter has an order's run done: on a cluster it returns when the run is
// started, in the process when it has ended. It is idempotent by the run's id.
type Starter interface {
	Start(ctx context.Context, o Order) error
}

// ErrEnded marks the failure of a run that has ended: it is told, and not begun
// again by itself.
var ErrEnded = errors.New("the run has ended")

// patience is how long an order is tried whose failures may pass: a recording
// that nobody finds in a day is not coming any more.
const patience = 24 * time.Hour

// mostWaiting is how many orders wait in memory; the others wait in the store
// alone.
const mostWaiting = 1000

// queue is what waits in memory for a worker.
type queue struct {
	mu     sync.Mutex
	orders []Order
	inHand map[string]bool // by key: waiting or being worked on
	rescan bool            // there are more in the store
	wake   chan struct{}
}

func newQueue() *queue {
	return &queue{inHand: map[string]bool{}, rescan: true, wake: make(chan struct{}, 1)}
}

// push puts an order that is in the store into the queue.
func (q *queue) push(o Order) {
	q.mu.Lock()
	switch {
	case q.inHand[o.key()]:
	case len(q.orders) >= mostWaiting:
		q.rescan = true
	default:
		q.inHand[o.key()] = true
		q.orders = append(q.orders, o)
	}
	q.mu.Unlock()
	q.stir()
}

func (q *queue) stir() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) again() {
	q.mu.Lock()
	q.rescan = true
	q.mu.Unlock()
}

// pop takes the next order out; rescan says that the store has more.
func (q *queue) pop() (o Order, ok, rescan bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.orders) == 0 {
		rescan, q.rescan = q.rescan, false
		return o, false, rescan
	}
	o, q.orders = q.orders[0], q.orders[1:]
	return o, true, false
}

func (q *queue) release(o Order) {
	q.mu.Lock()
	delete(q.inHand, o.key())
	q.mu.Unlock()
	q.stir()
}

// empty reports whether nothing waits and nothing is being worked on.
func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.inHand) == 0
}

// waiting returns how many orders wait in memory, and for how long the oldest
// has.
func (q *queue) waiting(now time.Time) (n int, oldest time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.orders {
		oldest = max(oldest, now.Sub(o.Asked))
	}
	return len(q.orders), oldest
}

// work works on the orders in the store until ctx is done, and then waits for
// those in hand.
func (s *Server) work(ctx context.Context) {
	places := make(chan struct{}, max(1, s.opt.Workers))
	var all sync.WaitGroup
	defer all.Wait()
	again := time.NewTicker(s.opt.Again)
	defer again.Stop()
	busy, filled := true, s.shelf.Filled()
	for {
		o, ok, rescan := s.queue.pop()
		if ok {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			busy = true
			all.Go(func() {
				defer func() { <-places }()
				defer s.queue.release(o)
				s.do(ctx, o)
			})
			continue
		}
		if rescan {
			s.rescan(ctx)
			continue
		}
		if busy && filled == nil && s.queue.empty() {
			busy = false
			if s.opt.Idle != nil {
				s.opt.Idle()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-filled:
			filled = nil
		case <-s.queue.wake:
		case <-again.C:
			s.queue.again()
		}
	}
}

// rescan reads the inbox.
func (s *Server) rescan(ctx context.Context) {
	orders, err := s.inbox.pending(ctx)
	if err != nil && ctx.Err() == nil {
		s.opt.Log.Error("the inbox cannot be read", "error", err)
	}
	for _, o := range orders {
		s.shelf.Queue(o.Recording, shelf.Asked{Run: o.Run, When: o.Asked})
		s.queue.push(o)
	}
}

// do has one order's run done. An order whose failure may pass stays.
func (s *Server) do(ctx context.Context, o Order) {
	if there, err := s.inbox.has(ctx, o); err == nil && !there {
		return // another process did it
	}
	log := s.opt.Log.With("recording", o.Recording, "run", o.Run)
	log.Info("the run begins")
	err := s.start(ctx, o)
	switch {
	case ctx.Err() != nil && err != nil:
		log.Info("the run is left for the next start")
		return
	case err != nil && !errors.Is(err, ErrEnded) && steps.Classify(err) == steps.Transient && s.opt.Now().Sub(o.Asked) < patience:
		log.Warn("the run is tried again later", "error", err)
		return
	case err != nil:
		log.Error("the run failed", "error", err)
	default:
		log.Info("the run is done")
	}
	if err := s.inbox.done(context.WithoutCancel(ctx), o); err != nil {
		log.Error("the run stays in the inbox", "error", err)
	}
	s.shelf.Unqueue(o.Recording, o.Run)
	s.look(context.WithoutCancel(ctx), o.Recording)
}

func (s *Server) start(ctx context.Context, o Order) error {
	if o.Location == "" {
		at, err := s.opt.Source.Find(ctx, o.Source)
		if err != nil {
			return err
		}
		o.Location = at
	}
	return s.opt.Starter.Start(ctx, o)
}

// look has everybody see how a recording stands now.
func (s *Server) look(ctx context.Context, recording string) {
	if _, _, err := s.shelf.Refresh(ctx, recording); err != nil {
		s.opt.Log.Error("a recording cannot be read", "recording", recording, "error", err)
	}
	s.hub.Poke(recording)
}
