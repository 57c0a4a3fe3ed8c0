// Package serve starts runs without anybody typing: it takes Daily's webhook
// and has each recording that is ready processed once.
//
// It promises: what was answered with 200 is in the store, and its run is
// started although the process dies; the same recording is one run, however
// often and in whatever order it is told; nothing is accepted that Daily did not
// sign. It keeps no state of its own: several may serve one store.
package serve

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
)

// maxBody bounds a delivery.
const maxBody = 1 << 20

// A Starter has an order's run done: on a cluster it returns when the run is
// started, in the process when it has ended. It is idempotent by the run's id.
type Starter interface {
	Start(ctx context.Context, o Order) error
}

// Options set up a server.
type Options struct {
	Store   store.Store
	Starter Starter
	Secret  string // base64, as Daily gives it
	Workers int    // orders that are worked on at once
	// Again is how long to wait before an order that failed in a way that may
	// pass is tried again; 0: a minute.
	Again time.Duration
	Now   func() time.Time
	// Log is told what happens, without secrets.
	Log func(format string, args ...any)
}

// A Server takes deliveries and works on orders.
type Server struct {
	opt    Options
	secret []byte
	inbox  inbox
	wake   chan struct{}

	mu     sync.Mutex
	counts map[string]int  // deliveries by outcome
	inHand map[string]bool // run ids
}

// New returns a server. The secret must be base64.
func New(o Options) (*Server, error) {
	secret, err := base64.StdEncoding.DecodeString(o.Secret)
	if err != nil || len(secret) == 0 {
		return nil, steps.Wrong("set DAILY_WEBHOOK_SECRET to the hmac of Daily's webhook", "the webhook's secret is not base64")
	}
	if o.Again <= 0 {
		o.Again = time.Minute
	}
	return &Server{
		opt: o, secret: secret, inbox: inbox{o.Store}, wake: make(chan struct{}, 1),
		counts: map[string]int{}, inHand: map[string]bool{},
	}, nil
}

// Handler returns the HTTP interface.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/daily", s.hook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	return mux
}

// ready asks the store, which everything needs.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	for _, err := range s.opt.Store.List(ctx, inboxPrefix) {
		if err != nil {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		break
	}
	io.WriteString(w, "ready\n")
}

// hook takes one delivery. The order is in the store before the answer.
func (s *Server) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.answer(w, http.StatusRequestEntityTooLarge, outcomeBad)
		return
	}
	id, outcome := recordingOf(body)
	// The ping that makes a webhook comes before its secret is known here.
	if outcome == outcomePing {
		s.answer(w, http.StatusOK, outcome)
		return
	}
	if err := verify(s.secret, r.Header, body, s.opt.Now()); err != nil {
		s.answer(w, http.StatusUnauthorized, outcomeRefused)
		return
	}
	switch outcome {
	case outcomeBad:
		s.answer(w, http.StatusUnprocessableEntity, outcome)
		return
	case outcomeIgnored:
		s.answer(w, http.StatusOK, outcome)
		return
	}
	fresh, err := s.inbox.add(r.Context(), orderOf(id, s.opt.Now()))
	if err != nil {
		s.opt.Log("recording %s: not kept: %v", id, err)
		// Daily sends it again.
		s.answer(w, http.StatusServiceUnavailable, outcomeAccepted)
		return
	}
	if !fresh {
		s.answer(w, http.StatusOK, outcomeDuplicate)
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	s.answer(w, http.StatusOK, outcomeAccepted)
}

func (s *Server) answer(w http.ResponseWriter, status int, outcome string) {
	s.mu.Lock()
	s.counts[outcome]++
	s.mu.Unlock()
	w.WriteHeader(status)
	fmt.Fprintln(w, outcome)
}

// Counts returns how many deliveries there were, by what came of them.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]int{}
	for k, v := range s.counts {
		all[k] = v
	}
	return all
}

// Work works on the orders in the store until ctx is done, and then waits for
// those in hand.
func (s *Server) Work(ctx context.Context) error {
	places := make(chan struct{}, max(1, s.opt.Workers))
	var all sync.WaitGroup
	defer all.Wait()
	again := time.NewTicker(s.opt.Again)
	defer again.Stop()
	for {
		orders, err := s.inbox.pending(ctx)
		if err != nil && ctx.Err() == nil {
			s.opt.Log("%v", err)
		}
		for _, o := range orders {
			if !s.take(o) {
				continue
			}
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				s.release(o)
				return nil
			}
			all.Go(func() {
				defer func() { <-places }()
				defer s.release(o)
				s.do(ctx, o)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-again.C:
		}
	}
}

func (s *Server) take(o Order) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inHand[o.Run] {
		return false
	}
	s.inHand[o.Run] = true
	return true
}

func (s *Server) release(o Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inHand, o.Run)
}

// do has one order's run done. An order whose failure may pass stays.
func (s *Server) do(ctx context.Context, o Order) {
	s.opt.Log("recording %s: run %s begins", o.recording(), o.Run)
	err := s.opt.Starter.Start(ctx, o)
	switch {
	case ctx.Err() != nil && err != nil:
		s.opt.Log("recording %s: run %s is left for the next start", o.recording(), o.Run)
		return
	case err != nil && !errors.Is(err, ErrEnded) && steps.Classify(err) == steps.Transient:
		s.opt.Log("recording %s: run %s is tried again later: %v", o.recording(), o.Run, err)
		return
	case err != nil:
		s.opt.Log("recording %s: run %s failed: %v", o.recording(), o.Run, err)
	default:
		s.opt.Log("recording %s: run %s is done", o.recording(), o.Run)
	}
	if err := s.inbox.done(context.WithoutCancel(ctx), o); err != nil {
		s.opt.Log("recording %s: %v", o.recording(), err)
	}
}

// ErrEnded marks the failure of a run that has ended: it is told, and not begun
// again by itself.
var ErrEnded = errors.New("the run has ended")
