package guard

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// clock is a time that stands still.
type clock struct{ t time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.t }

// allowed is how many of n requests at once are.
func (l *Limiter) count(address string, n int) (allowed int) {
	for range n {
		if l.Allow(address) {
			allowed++
		}
	}
	return allowed
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := NewLimiter(2, 5, c.now)
	if n := l.count("a", 20); n != 5 {
		t.Errorf("%d at once, want 5", n)
	}
	if n := l.count("b", 20); n != 5 {
		t.Errorf("another address: %d at once, want 5", n)
	}
	c.t = c.t.Add(time.Second)
	if n := l.count("a", 20); n != 2 {
		t.Errorf("%d after a second, want 2", n)
	}
	c.t = c.t.Add(time.Hour)
	if n := l.count("a", 20); n != 5 {
		t.Errorf("%d after an hour, want 5", n)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := NewLimiter(1, 5, c.now)
	c.t = c.t.Add(time.Hour)
	l.count("known", 1)
	allowed := 0
	for i := range 3 * mostAddresses {
		allowed += l.count(strconv.Itoa(i), 1)
	}
	if len(l.each) > mostAddresses {
		t.Errorf("%d addresses are kept, want at most %d", len(l.each), mostAddresses)
	}
	if want := mostAddresses - 1 + 5; allowed != want {
		t.Errorf("%d were allowed, want %d: those beyond share one allowance", allowed, want)
	}
	if n := l.count("known", 20); n != 4 {
		t.Errorf("who was known has %d left, want 4", n)
	}
	// When they are quiet they are forgotten, and not before nothing is held
	// against them.
	c.t = c.t.Add(5 * time.Second)
	l.count("new", 1)
	if len(l.each) != mostAddresses {
		t.Errorf("%d addresses are kept, want %d", len(l.each), mostAddresses)
	}
	c.t = c.t.Add(5 * time.Second)
	if n := l.count("new", 20); n != 5 || len(l.each) != 1 {
		t.Errorf("%d allowed, %d addresses kept, want 5 and 1", n, len(l.each))
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	c := newClock()
	for _, proxied := range []bool{false, true} {
		h := NewLimiter(1, 2, c.now).Limit(proxied, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		var codes []int
		for i := range 4 {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("X-Forwarded-For", "192.0.2."+strconv.Itoa(i))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			codes = append(codes, w.Code)
			if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
				t.Error("nobody says when to come back")
			}
		}
		want := http.StatusTooManyRequests // without a proxy, what the header says is a lie
		if proxied {
			want = http.StatusOK
		}
		if codes[1] != http.StatusOK || codes[2] != want || codes[3] != want {
			t.Errorf("proxied %t: %v", proxied, codes)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		remote    string
		forwarded []string
		proxied   bool
		want      string
	}{
		{"192.0.2.1:5", nil, false, "192.0.2.1"},
		{"192.0.2.1:5", []string{"192.0.2.9"}, false, "192.0.2.1"},
		{"192.0.2.1:5", []string{"192.0.2.9"}, true, "192.0.2.9"},
		{"192.0.2.1:5", []string{"192.0.2.8, 192.0.2.9"}, true, "192.0.2.9"},
		{"192.0.2.1:5", []string{"192.0.2.9", "192.0.2.8"}, true, "192.0.2.8"},
		{"192.0.2.1:5", []string{"192.0.2.9, "}, true, "192.0.2.1"},
		{"192.0.2.1:5", []string{"anything"}, true, "192.0.2.1"},
		{"192.0.2.1:5", nil, true, "192.0.2.1"},
		{"[2001:db8:1:2:3::4]:5", nil, false, "2001:db8:1:2::"},
		{"[::ffff:192.0.2.1]:5", nil, false, "192.0.2.1"},
		{"192.0.2.1:5", []string{"2001:db8:1:2:ffff::1"}, true, "2001:db8:1:2::"},
		{"@", nil, false, "@"}, // a socket in the file system
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := Address(r, c.proxied); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
