package guard

import (
	"net/http"
	"strings"
	"time"
)

// hostOnly begins the name of a cookie that browsers take only over TLS and from
// this very host, so that no neighbour in the domain can plant one.
const hostOnly = "__Host-"

// mostCookie is how long a cookie may be, name and value. Browsers drop those
// over 4,096 bytes without a word, and whoever signed in would be sent to sign
// in again.
const mostCookie = 3800

// remember sets a sealed cookie, and reports whether it is short enough.
func (g *Guard) remember(w http.ResponseWriter, r *http.Request, name string, v any, life time.Duration) bool {
	value := g.seal.close(name, v, life)
	if len(hostOnly)+len(name)+len(value) > mostCookie {
		return false
	}
	setCookie(w, r, named(r, name), value, int(life.Seconds()))
	return true
}

// recall opens the cookie of that name. Somebody else may have set one of the
// same name beside it, which does not open.
func (g *Guard) recall(r *http.Request, name string, v any) bool {
	for _, n := range []string{hostOnly + name, name} {
		for _, c := range r.CookiesNamed(n) {
			if g.seal.open(name, c.Value, v) {
				return true
			}
		}
	}
	return false
}

// forget takes the cookie back, by either name.
func forget(w http.ResponseWriter, r *http.Request, name string) {
	setCookie(w, r, name, "", -1)
	if n := named(r, name); n != name {
		setCookie(w, r, n, "", -1)
	}
}

func setCookie(w http.ResponseWriter, r *http.Request, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// named is what a cookie is called for this request.
func named(r *http.Request, name string) string {
	if secure(r) {
		return hostOnly + name
	}
	return name
}

// secure reports whether the browser came over TLS, here or at a proxy. Saying
// so falsely only keeps a cookie from being sent back.
func secure(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(first), "https")
}
