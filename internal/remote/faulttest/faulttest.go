// Package faulttest lets a fake service fail in the ways that real ones do, and
// says what each failure must be taken for. Every client of a service is tested
// against the same list.
package faulttest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

// A Fault is one way to fail.
type Fault struct {
	Name  string
	Class steps.Class   // what kind of failure it is
	Says  string        // part of the error that people read
	After time.Duration // what Retry-After asks for, within a second
	Serve http.HandlerFunc
	// Blind marks a fault that a caller who only looks at the status of an
	// answer does not notice.
	Blind bool
	// Endless marks a fault that only the client's timeout ends.
	Endless bool
}

// Patience is the timeout that a client must have: short for faults that never
// end, long for the others, since a machine may be busy.
func (f Fault) Patience() time.Duration {
	if f.Endless {
		return 2 * time.Second
	}
	return time.Minute
}

// All lists the faults.
func All() []Fault {
	status := func(code int, class steps.Class) Fault {
		return Fault{
			Name: strconv.Itoa(code), Class: class, Says: fmt.Sprint(code),
			Serve: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(code)
				fmt.Fprintf(w, `{"error":{"message":"fault %d"}}`, code)
			},
		}
	}
	limited := func(name, value string) Fault {
		f := status(429, steps.Transient)
		f.Name, f.After = "429, Retry-After as "+name, 2*time.Second
		serve := f.Serve
		f.Serve = func(w http.ResponseWriter, r *http.Request) {
			v := value
			if v == "" {
				// A date has whole seconds: round up, so that it is not early.
				v = time.Now().Add(f.After + 999*time.Millisecond).UTC().Format(http.TimeFormat)
			}
			w.Header().Set("Retry-After", v)
			serve(w, r)
		}
		return f
	}
	return []Fault{
		status(401, steps.Misuse),
		status(403, steps.Misuse),
		status(404, steps.Permanent),
		status(408, steps.Transient),
		status(413, steps.Permanent),
		status(415, steps.Permanent),
		status(422, steps.Permanent),
		limited("seconds", "2"),
		limited("a date", ""),
		status(500, steps.Transient),
		status(502, steps.Transient),
		status(503, steps.Transient),
		{Name: "hang", Class: steps.Transient, Says: "in time", Endless: true, Serve: func(_ http.ResponseWriter, r *http.Request) {
			drain(r)
			<-r.Context().Done()
		}},
		{Name: "reset mid-body", Class: steps.Transient, Says: "broke off", Serve: func(w http.ResponseWriter, r *http.Request) {
			drain(r)
			head(w, `{"id":`, 4096)
			hangUp(w)
		}},
		{Name: "truncated JSON", Class: steps.Transient, Says: "no whole JSON", Blind: true, Serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"id": 1, "text": "as far as th`)
		}},
		{Name: "wrong content type", Class: steps.Misuse, Says: "web page", Blind: true, Serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<!doctype html><title>Welcome</title>")
		}},
		{Name: "slow drip", Class: steps.Transient, Says: "in time", Endless: true, Serve: func(w http.ResponseWriter, r *http.Request) {
			drain(r)
			head(w, "{", 1<<20)
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					io.WriteString(w, " ")
					w.(http.Flusher).Flush()
				}
			}
		}},
		{Name: "redirect loop", Class: steps.Misuse, Says: "redirects", Serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
		}},
	}
}

// drain reads the request, so that the server notices when the client goes
// away.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

// head begins an answer that claims to be longer.
func head(w http.ResponseWriter, start string, length int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, start)
	w.(http.Flusher).Flush()
}

// hangUp resets the connection.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// Start starts a service that meets every request with the fault.
func Start(t testing.TB, f Fault) (url string, gate *Gate) {
	t.Helper()
	gate = &Gate{}
	gate.Shut(f, -1)
	srv := httptest.NewServer(gate)
	t.Cleanup(srv.Close)
	return srv.URL, gate
}

// Check checks the failure of an attempt that met the fault: its class, that it
// tells, that it was a single request, and how long it asks to wait.
func (f Fault) Check(t testing.TB, gate *Gate, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), f.Says) {
		t.Fatalf("error %v, want one that tells %q", err, f.Says)
	}
	if got := steps.Classify(err); got != f.Class {
		t.Errorf("class %s, want %s: %v", got, f.Class, err)
	}
	if n := gate.Requests(); n != 1 {
		t.Errorf("%d requests in one attempt, want 1", n)
	}
	f.CheckWait(t, gate, err)
}

// CheckWait checks how long the failure asks to wait. Of a date less is left, the
// longer ago the fault was met.
func (f Fault) CheckWait(t testing.TB, gate *Gate, err error) {
	t.Helper()
	after := steps.RetryAfter(err)
	if least := f.After - time.Second - gate.ago(); after < least || after > f.After+time.Second || (after > 0) != (f.After > 0) {
		t.Errorf("asks to wait %s, want %s", after, f.After)
	}
}

// A Gate stands before a fake service. While it is shut, requests meet the
// fault; it counts them all. It may be used from many goroutines.
type Gate struct {
	Service http.Handler

	mu     sync.Mutex
	fault  *Fault
	left   int // requests that still meet the fault; negative: all
	served int
	last   time.Time // when the fault was met
}

// Shut lets the next n requests meet the fault; a negative n, all from now on.
func (g *Gate) Shut(f Fault, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault, g.left = &f, n
}

// Open lets requests through again and forgets the count.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault, g.served = nil, 0
}

// Requests returns how many there were since the gate was opened, the hops of
// a redirect loop as one.
func (g *Gate) Requests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.served
}

// ServeHTTP implements [http.Handler].
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := g.next(r); f != nil {
		f.Serve(w, r)
		return
	}
	g.Service.ServeHTTP(w, r)
}

func (g *Gate) next(r *http.Request) *Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Referer() == "" { // a hop of a redirect tells where it comes from
		g.served++
	}
	if g.fault == nil || g.left == 0 {
		return nil
	}
	if g.left > 0 {
		g.left--
	}
	g.last = time.Now()
	return g.fault
}

func (g *Gate) ago() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Since(g.last)
}
