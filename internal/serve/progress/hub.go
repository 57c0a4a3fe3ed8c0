package progress

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Source yields what happened in a run and what happens, to its end.
// [engine.Engine] is one.
type Source interface {
	Events(ctx context.Context, recording, id string) iter.Seq2[engine.Event, error]
}

// Options set up a hub.
type Options struct {
	Graph  graph.Graph
	Store  store.Store
	Engine Source // nil: the store alone tells
	// Newest returns the newest run of a recording, and "" when there is none.
	Newest func(ctx context.Context, recording string) (string, error)
	// Tick is how often the store is read of a run that no engine knows, while
	// somebody watches; 0: two seconds. Linger is how long a log is kept when
	// nobody does; 0: half a minute.
	Tick, Linger time.Duration
	Log          *slog.Logger
}

// A Hub has a log of every run that somebody watches.
type Hub struct {
	opt Options

	mu     sync.Mutex
	topics map[string]*topic // by recording
}

// topic is one recording that is watched.
type topic struct {
	recording string
	clients   int
	linger    *time.Timer   // runs while nobody watches
	poke      chan struct{} // something may have changed
	stop      context.CancelFunc

	mu      sync.Mutex
	log     *Log
	changed chan struct{} // closed and replaced when there is another log
}

// NewHub returns a hub that nobody watches.
func NewHub(o Options) *Hub {
	if o.Tick <= 0 {
		o.Tick = 2 * time.Second
	}
	if o.Linger <= 0 {
		o.Linger = 30 * time.Second
	}
	return &Hub{opt: o, topics: map[string]*topic{}}
}

// Poke says that a run of the recording was asked for, began or ended.
func (h *Hub) Poke(recording string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[recording]; t != nil {
		t.wake()
	}
}

func (t *topic) wake() {
	select {
	case t.poke <- struct{}{}:
	default:
	}
}

// Clients returns how many watch.
func (h *Hub) Clients() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, t := range h.topics {
		n += t.clients
	}
	return n
}

// Stream yields what is told of a recording's newest run after the message with
// that id, or all of it, and then what happens, in this run and in those that
// come, until ctx is done. It ends with an error only when ctx ends.
func (h *Hub) Stream(ctx context.Context, recording, after string) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		t := h.enter(recording)
		defer h.leave(t)
		for {
			log, other := t.current()
			var changed <-chan struct{}
			var c Cursor
			if log != nil {
				c = log.cursor(after)
			}
			for same := true; ; {
				if log != nil {
					var all []Message
					all, changed, _ = log.Next(&c)
					for _, m := range all {
						if !yield(m, nil) {
							return
						}
						after = m.ID
					}
				}
				if !same {
					break
				}
				select {
				case <-ctx.Done():
					yield(Message{}, context.Cause(ctx))
					return
				case <-changed:
				case <-other: // what this log still has is told first
					same = false
				}
			}
		}
	}
}

func (t *topic) current() (*Log, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.log, t.changed
}

func (t *topic) replace(l *Log) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = l
	close(t.changed)
	t.changed = make(chan struct{})
}

func (h *Hub) enter(recording string) *topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[recording]
	if t == nil {
		ctx, stop := context.WithCancel(context.Background())
		t = &topic{recording: recording, poke: make(chan struct{}, 1), stop: stop, changed: make(chan struct{})}
		h.topics[recording] = t
		go h.follow(ctx, t)
	}
	if t.clients++; t.linger != nil {
		t.linger.Stop()
	}
	return t
}

func (h *Hub) leave(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.clients--; t.clients > 0 {
		return
	}
	t.linger = time.AfterFunc(h.opt.Linger, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if t.clients == 0 && h.topics[t.recording] == t {
			delete(h.topics, t.recording)
			t.stop()
		}
	})
}

// DAG returns how a run stands now, by whoever knows it.
func (h *Hub) DAG(ctx context.Context, recording, id string) (DAG, error) {
	h.mu.Lock()
	t := h.topics[recording]
	h.mu.Unlock()
	if t != nil {
		if log, _ := t.current(); log != nil && log.run == id {
			if dag, ok := log.latest(); ok {
				return dag, nil
			}
		}
	}
	events, err := History(ctx, h.opt.Store, h.opt.Graph, recording, id)
	if err != nil && !errors.Is(err, engine.ErrUnknownRun) {
		return DAG{}, err
	}
	return After(h.opt.Graph, id, events), nil
}
