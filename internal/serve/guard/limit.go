package guard

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostAddresses bounds what a limiter remembers. Beyond it, all addresses that
// are new share one allowance.
const mostAddresses = 10_000

// A Limiter bounds how often each address asks.
type Limiter struct {
	perSecond rate.Limit
	burst     int
	now       func() time.Time

	mu    sync.Mutex
	each  map[string]*allowance
	rest  *rate.Limiter
	swept time.Time
}

type allowance struct {
	rate *rate.Limiter
	last time.Time
}

// NewLimiter allows burst requests at once and perSecond in the long run.
func NewLimiter(perSecond float64, burst int, now func() time.Time) *Limiter {
	l := &Limiter{perSecond: rate.Limit(perSecond), burst: burst, now: now, each: map[string]*allowance{}}
	l.rest = rate.NewLimiter(l.perSecond, burst)
	return l
}

// Allow reports whether an address may ask now.
func (l *Limiter) Allow(address string) bool {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.each[address]
	if a == nil {
		if len(l.each) >= mostAddresses {
			l.sweep(now)
		}
		if len(l.each) >= mostAddresses {
			return l.rest.AllowN(now, 1)
		}
		a = &allowance{rate: rate.NewLimiter(l.perSecond, l.burst)}
		l.each[address] = a
	}
	a.last = now
	return a.rate.AllowN(now, 1)
}

// sweep forgets who has not asked for so long that nothing is held against them.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	full := time.Duration(float64(l.burst)/float64(l.perSecond)*float64(time.Second)) + time.Second
	for address, a := range l.each {
		if now.Sub(a.last) > full {
			delete(l.each, address)
		}
	}
}

// Limit answers 429 to an address that asks too often. Behind a proxy that can
// be trusted, the address is the one that it tells.
func (l *Limiter) Limit(proxied bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.Allow(Address(r, proxied)) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Address returns who asks: of IPv6 the network, of which one person has many
// addresses. A proxy puts the address that it sees last.
func Address(r *http.Request, proxied bool) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if proxied {
		list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(list[len(list)-1]); net.ParseIP(last) != nil {
			host = last
		}
	}
	switch ip := net.ParseIP(host); {
	case ip == nil:
		return host
	case ip.To4() != nil:
		return ip.To4().String() // however it was written
	default:
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
}
