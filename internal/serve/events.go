package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
)

const (
	// quiet is how long a stream says nothing before it shows that it lives.
	quiet = 25 * time.Second
	// slow is how long one message may take to be written: who cannot keep up
	// comes back and goes on where it was.
	slow = 20 * time.Second
)

// events streams what happens to a recording: over WebSocket, or as server-sent
// events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, ok := s.shelf.Get(id); !ok {
		if _, _, err := s.recording(r.Context(), id); err != nil {
			s.failed(w, r, err)
			return
		}
	}
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("last-event-id")
	}
	wanted := wantedEvents(r)
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.socket(w, r, id, after, wanted)
		return
	}
	s.sse(w, r, id, after, wanted)
}

// wantedEvents reads which events a client wants: ?only=STATUS,DAG_STATUS.
func wantedEvents(r *http.Request) func(string) bool {
	only := r.URL.Query().Get("only")
	if only == "" {
		return func(string) bool { return true }
	}
	names := strings.Split(only, ",")
	return func(name string) bool { return slices.Contains(names, name) }
}

func (s *Server) socket(w http.ResponseWriter, r *http.Request, id, after string, wanted func(string) bool) {
	// Other origins are refused by the library.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(4 << 10)
	ctx := conn.CloseRead(r.Context()) // ends when the client goes
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := context.AfterFunc(s.closing, func() {
		_ = conn.Close(websocket.StatusGoingAway, "the server stops")
	})
	defer stopped()
	s.stream(ctx, id, after, wanted, func(m *progress.Message) error {
		write, cancel := context.WithTimeout(ctx, slow)
		defer cancel()
		if m == nil {
			return conn.Ping(write)
		}
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return conn.Write(write, websocket.MessageText, b)
	})
}

func (s *Server) sse(w http.ResponseWriter, r *http.Request, id, after string, wanted func(string) bool) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stopped := context.AfterFunc(s.closing, cancel)
	defer stopped()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // for proxies that would hold it back
	w.WriteHeader(http.StatusOK)
	if out.Flush() != nil {
		return
	}
	s.stream(ctx, id, after, wanted, func(m *progress.Message) error {
		_ = out.SetWriteDeadline(s.opt.Now().Add(slow))
		text := ": still here\n\n"
		if m != nil {
			text = fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", m.ID, m.Event, m.Data)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return out.Flush()
	})
}

// stream sends what happens until ctx is done or a message cannot be sent; nil
// shows that the stream lives.
func (s *Server) stream(ctx context.Context, id, after string, wanted func(string) bool, send func(*progress.Message) error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := engine.Stream(ctx, s.hub.Stream(ctx, id, after))
	alive := time.NewTimer(quiet)
	defer alive.Stop()
	for {
		var m *progress.Message
		select {
		case item, ok := <-messages:
			if !ok || item.Err != nil {
				return
			}
			if !wanted(item.Value.Event) {
				continue
			}
			m = &item.Value
		case <-alive.C:
		case <-ctx.Done():
			return
		}
		if send(m) != nil {
			return
		}
		alive.Reset(quiet)
	}
}
