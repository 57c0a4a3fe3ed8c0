package metrics_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/serve/metrics"
)

// clock goes on by a second whenever it is asked.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Second)
	return c.at
}

// site is a server with metrics around its routes. What is asked of it is
// counted when its answer has been read and done has been heard of.
type site struct {
	*httptest.Server
	metrics *metrics.Metrics
	done    chan struct{}
}

func newSite(t *testing.T, wrap func(*metrics.Metrics, http.Handler) http.Handler) *site {
	t.Helper()
	s := &site{metrics: metrics.New(metrics.Options{Now: (&clock{}).now}), done: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/recordings/{id}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("id") {
		case "gone":
			http.NotFound(w, r)
		case "quiet":
		case "panic":
			panic(http.ErrAbortHandler)
		case "hint":
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
		default:
			fmt.Fprint(w, "hello")
		}
	})
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("0123456789"))
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Time{}); err != nil {
			t.Errorf("set a deadline: %v", err)
		}
		fmt.Fprint(w, "data: 1\n\n")
		if err := rc.Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer c.CloseNow()
		if err := c.Write(r.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Errorf("write: %v", err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
	mux.HandleFunc("GET /raw", func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		defer conn.Close()
		fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\nhello")
		_ = buf.Flush()
	})
	h := wrap(s.metrics, mux)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { s.done <- struct{}{} }()
		h.ServeHTTP(w, r)
	}))
	// A request that is broken off on a connection of its own is not sent again.
	s.Client().Transport.(*http.Transport).DisableKeepAlives = true
	t.Cleanup(s.Close)
	return s
}

func plainly(m *metrics.Metrics, mux http.Handler) http.Handler { return m.Wrap(mux) }

// get asks and waits until it is counted.
func (s *site) get(t *testing.T, method, path string, header ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	res, err := s.Client().Do(req)
	<-s.done
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

func (s *site) counted(t *testing.T) []string {
	t.Helper()
	return without(scrape(t, s.metrics), "trackscribe_runs", "trackscribe_usage", "trackscribe_http_seconds_bucket")
}

func TestRequestsByRoute(t *testing.T) {
	t.Parallel()
	s := newSite(t, plainly)
	for range 2 {
		if got := s.get(t, "GET", "/v1/recordings/standup"); got != "hello" {
			t.Errorf("answer %q", got)
		}
	}
	s.get(t, "GET", "/v1/recordings/quiet")
	s.get(t, "GET", "/v1/recordings/hint")
	s.get(t, "GET", "/v1/recordings/gone")
	s.get(t, "GET", "/v1/recordings/panic")
	s.get(t, "POST", "/v1/recordings/standup")
	s.get(t, "GET", "/nowhere/<script>")
	if got := s.get(t, "GET", "/file", "Range", "bytes=2-4"); got != "234" {
		t.Errorf("range %q", got)
	}
	want := []string{
		`trackscribe_http_requests_total{code="200",route="GET /v1/recordings/{id}"} 3`,
		`trackscribe_http_requests_total{code="202",route="GET /v1/recordings/{id}"} 1`,
		`trackscribe_http_requests_total{code="206",route="GET /file"} 1`,
		`trackscribe_http_requests_total{code="404",route="GET /v1/recordings/{id}"} 1`,
		`trackscribe_http_requests_total{code="404",route="other"} 1`,
		`trackscribe_http_requests_total{code="405",route="other"} 1`,
		`trackscribe_http_requests_total{code="500",route="GET /v1/recordings/{id}"} 1`,
		`trackscribe_http_seconds_sum{route="GET /file"} 1`,
		`trackscribe_http_seconds_count{route="GET /file"} 1`,
		`trackscribe_http_seconds_sum{route="GET /v1/recordings/{id}"} 6`,
		`trackscribe_http_seconds_count{route="GET /v1/recordings/{id}"} 6`,
		`trackscribe_http_seconds_sum{route="other"} 2`,
		`trackscribe_http_seconds_count{route="other"} 2`,
	}
	if diff := cmp.Diff(want, s.counted(t)); diff != "" {
		t.Error(diff)
	}
}

// A handler between that copies the request hides the pattern; Routes shows it.
func TestRoutesBehindACopy(t *testing.T) {
	t.Parallel()
	for name, inner := range map[string]func(http.Handler) http.Handler{
		"GET /file": metrics.Routes,
		"other":     func(h http.Handler) http.Handler { return h },
	} {
		s := newSite(t, func(m *metrics.Metrics, mux http.Handler) http.Handler {
			mux = inner(mux)
			return m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				type key struct{}
				mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "somebody")))
			}))
		})
		s.get(t, "GET", "/file")
		if want := fmt.Sprintf(`trackscribe_http_requests_total{code="200",route=%q} 1`, name); s.counted(t)[0] != want {
			t.Errorf("got %s, want %s", s.counted(t)[0], want)
		}
	}
	// Without a Wrap around it, it does nothing.
	w := httptest.NewRecorder()
	metrics.Routes(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("alone it answers %d", w.Code)
	}
}

// What streams is counted, works as without metrics, and is not timed.
func TestStreams(t *testing.T) {
	t.Parallel()
	s := newSite(t, plainly)
	ctx := t.Context()

	c, _, err := websocket.Dial(ctx, s.URL+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if _, b, err := c.Read(ctx); err != nil || string(b) != "hello" {
		t.Errorf("socket says %q, %v", b, err)
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("socket ends with %v", err)
	}
	<-s.done

	follow, leave := context.WithCancel(ctx)
	req, _ := http.NewRequestWithContext(follow, http.MethodGet, s.URL+"/events", nil)
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "data: 1\n" {
		t.Errorf("event %q, %v", line, err)
	}
	leave()
	_ = res.Body.Close()
	<-s.done

	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
	if b, _ := io.ReadAll(conn); !strings.HasSuffix(string(b), "hello") {
		t.Errorf("raw answer %q", b)
	}
	<-s.done

	want := []string{
		`trackscribe_http_requests_total{code="101",route="GET /raw"} 1`,
		`trackscribe_http_requests_total{code="101",route="GET /socket"} 1`,
		`trackscribe_http_requests_total{code="200",route="GET /events"} 1`,
	}
	if diff := cmp.Diff(want, s.counted(t)); diff != "" {
		t.Error(diff)
	}
}

// A writer that cannot be taken over says so, as it would without metrics.
func TestNothingToHijack(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Now: (&clock{}).now})
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("hijacked a recorder")
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if got := scrape(t, m); !strings.Contains(got[0], `code="200",route="other"`) {
		t.Error(got[0])
	}
}
