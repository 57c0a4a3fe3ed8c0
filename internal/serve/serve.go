// Package serve is `trackscribe serve`: it starts runs without anybody typing,
// shows how they go, and serves what came of them.
//
// It promises: what was answered with 200 is in the store, and its run is
// started although the process dies; the same recording is one run, however
// often and in whatever order it is told; nothing is accepted that Daily did not
// sign; nothing is shown to whom it may not be shown. It keeps no state of its
// own: what it knows is in the store and at the engine.
package serve

import (
	"cmp"
	"context"
	"encoding/base64"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/metrics"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/internal/serve/web"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Options set up a server.
type Options struct {
	Store   store.Store
	Graph   graph.Graph
	Starter Starter
	Engine  progress.Source // tells how runs go; nil: the store alone does
	Source  Source
	Secret  string        // of Daily's webhook, base64, as Daily gives it; empty: webhooks are refused
	Workers int           // orders that are worked on at once
	Poll    time.Duration // between two polls; 0: never
	Since   time.Duration // how far the first poll looks back
	Guard   *guard.Guard
	// Lead runs work while this process is the one of several that looks for
	// what webhooks missed; nil: it is alone.
	Lead func(ctx context.Context, work func(context.Context)) error
	// Notice tells people of a run that failed; Trace records one that ended.
	// Nil: nobody is told.
	Notice func(ctx context.Context, e shelf.Entry, hint string) error
	Trace  func(ctx context.Context, e shelf.Entry, events []engine.Event)
	// PerSecond bounds how often one address may ask; 0: 50. Proxied says that
	// the address is told by a proxy that can be trusted.
	PerSecond float64
	Proxied   bool
	// Again is how long to wait before an order that failed in a way that may
	// pass is tried again; 0: a minute.
	Again time.Duration
	// Tick is how often the store is looked at for what others did; 0: ten
	// seconds for the list, two for a run that somebody watches.
	Tick time.Duration
	Now  func() time.Time
	// Idle is called when there is nothing left to do: once everything has been
	// read, and whenever the last run in hand has ended. Nil: nothing is.
	Idle func()
	// Log is told what happens, without secrets; its attributes recording, run
	// and step say to what.
	Log *slog.Logger
}

// A Server takes deliveries, works on orders, and shows recordings.
type Server struct {
	opt     Options
	secret  []byte
	inbox   inbox
	queue   *queue
	shelf   *shelf.Shelf
	hub     *progress.Hub
	site    *web.Site
	metrics *metrics.Metrics
	limiter *guard.Limiter
	leads   atomic.Bool
	ended   chan ended
	closing context.Context // ends the streams
	end     context.CancelFunc
}

// New returns a server. The secret must be base64.
func New(o Options) (*Server, error) {
	secret, err := base64.StdEncoding.DecodeString(o.Secret)
	if err != nil {
		return nil, steps.Wrong("set DAILY_WEBHOOK_SECRET to the hmac of Daily's webhook", "the webhook's secret is not base64")
	}
	if o.Again <= 0 {
		o.Again = time.Minute
	}
	s := &Server{opt: o, secret: secret, inbox: inbox{o.Store}, queue: newQueue(), ended: make(chan ended, mostWaiting)}
	s.closing, s.end = context.WithCancel(context.Background())
	perSecond := cmp.Or(o.PerSecond, 50)
	s.limiter = guard.NewLimiter(perSecond, int(4*perSecond), o.Now)
	s.shelf = shelf.New(shelf.Options{Store: o.Store, Graph: o.Graph, Tick: o.Tick, Log: o.Log, Ended: s.hasEnded})
	s.hub = progress.NewHub(progress.Options{
		Graph: o.Graph, Store: o.Store, Engine: o.Engine, Newest: s.newest, Tick: o.Tick, Log: o.Log,
	})
	s.metrics = metrics.New(metrics.Options{
		Recordings: s.shelf.Counts, Clients: s.hub.Clients, Now: o.Now,
		Queue: func() (int, time.Duration) { return s.queue.waiting(o.Now()) },
	})
	titles := map[string]string{}
	for _, n := range o.Graph.Nodes {
		titles[n.Name()] = n.Title
	}
	s.site, err = web.New(web.Options{Titles: titles})
	return s, err
}

// Close ends the streams of those who watch: a server that is shutting down would
// wait for them for ever.
func (s *Server) Close() { s.end() }

// Run does everything beside answering requests until ctx is done, and returns
// when what was in hand is done or left for the next start.
func (s *Server) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, f := range []func(context.Context){s.shelf.Keep, s.work, s.lead, s.after} {
		all.Go(func() { f(ctx) })
	}
	all.Wait()
}

// lead polls while this process is to.
func (s *Server) lead(ctx context.Context) {
	work := func(ctx context.Context) {
		s.leads.Store(true)
		defer s.leads.Store(false)
		s.poll(ctx)
	}
	if s.opt.Lead == nil {
		work(ctx)
	} else if err := s.opt.Lead(ctx, work); err != nil && ctx.Err() == nil {
		s.opt.Log.Error("the lead cannot be taken", "error", err)
	}
}

// newest returns the newest run of a recording.
func (s *Server) newest(ctx context.Context, recording string) (string, error) {
	e, ok := s.shelf.Get(recording)
	if !ok || e.State.Ended() {
		var err error
		if e, _, err = s.shelf.Refresh(ctx, recording); err != nil {
			return "", err
		}
	}
	return e.Run, nil
}

// order keeps an order and has it worked on.
func (s *Server) order(ctx context.Context, o Order) (fresh bool, err error) {
	if fresh, err = s.inbox.add(ctx, o); err != nil || !fresh {
		return false, err
	}
	s.opt.Log.Info("a run is asked for", "recording", o.Recording, "run", o.Run)
	s.shelf.Queue(o.Recording, shelf.Asked{Run: o.Run, When: o.Asked})
	s.hub.Poke(o.Recording)
	s.queue.push(o)
	return true, nil
}
