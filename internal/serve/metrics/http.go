package metrics

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// other is the route of requests that no pattern matches. Their paths are
// strangers' words, and no labels.
const other = "other"

type routeKey struct{}

// Wrap counts and times what next answers, by the route's pattern.
//
// The pattern is read from the request when it is answered. Where a handler
// between hands on a copy of the request, as [http.Request.WithContext] makes,
// [Routes] goes around the mux.
func (m *Metrics) Wrap(next http.Handler) http.Handler {
	if m == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var route string
		r = r.WithContext(context.WithValue(r.Context(), routeKey{}, &route))
		a := &answer{ResponseWriter: w}
		begun := m.opt.Now()
		whole := false
		defer func() {
			if r.Pattern != "" {
				route = r.Pattern
			}
			if route == "" {
				route = other
			}
			m.add(requests, 1, route, strconv.Itoa(a.status(whole)))
			if !a.streams() {
				m.observe(httpSeconds, m.opt.Now().Sub(begun), route)
			}
		}()
		next.ServeHTTP(a, r)
		whole = true
	})
}

// Routes tells a [Metrics.Wrap] further out which route a mux took.
func Routes(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route, ok := r.Context().Value(routeKey{}).(*string); ok {
			defer func() { *route = r.Pattern }()
		}
		mux.ServeHTTP(w, r)
	})
}

// An answer remembers its status. Whatever else the writer beneath can do, it
// can do too: directly, as some libraries ask, or through Unwrap, as
// [http.ResponseController] does.
type answer struct {
	http.ResponseWriter
	code     int
	hijacked bool
}

// Unwrap gives [http.ResponseController] the writer beneath.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(code int) {
	// Before the answer there may be hints (103); after 101 there is no other.
	if a.code == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		a.code = code
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b)
}

// ReadFrom keeps sendfile working for recordings that are served.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	a.begin()
	return io.Copy(a.ResponseWriter, r)
}

// Flush implements [http.Flusher].
func (a *answer) Flush() { _ = a.FlushError() }

// FlushError is what [http.ResponseController] calls.
func (a *answer) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack implements [http.Hijacker].
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.hijacked = a.hijacked || err == nil
	return conn, buf, err
}

// begin says that the answer has begun, with 200 where nobody said otherwise.
func (a *answer) begin() {
	if a.code == 0 {
		a.code = http.StatusOK
	}
}

// status is what the client was told. A handler that panicked before it said
// anything (whole is false) has failed, whatever the client saw of it.
func (a *answer) status(whole bool) int {
	switch {
	case a.code != 0:
		return a.code
	case a.hijacked:
		return http.StatusSwitchingProtocols
	case !whole:
		return http.StatusInternalServerError
	default:
		return http.StatusOK
	}
}

// streams reports whether the answer lasts as long as its client likes.
func (a *answer) streams() bool {
	return a.hijacked || a.code == http.StatusSwitchingProtocols ||
		strings.HasPrefix(a.Header().Get("Content-Type"), "text/event-stream")
}
