package guard_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/serve/guard"
)

func TestBearer(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	got := h.sees(h.get("/v1/recordings", "Authorization", "bEARER  "+token))
	if diff := cmp.Diff(seen{"/v1/recordings", true, true, true, true}, got); diff != "" {
		t.Error(diff)
	}
	cookie := h.signIn()
	for _, wrong := range []string{"Bearer ", "Bearer", "Bearer x", "Bearer " + token + "x", "Bearer " + token[1:], "Basic " + token, token, "Bearer " + strings.ToUpper(token)} {
		h.status(http.StatusUnauthorized, h.get("/v1/recordings", "Authorization", wrong))
	}
	// A program that shows a wrong token is told so, whatever else it has.
	h.status(http.StatusUnauthorized, h.get("/v1/recordings", "Authorization", "Bearer x", "Cookie", cookie.Name+"="+cookie.Value))
}

func TestNoTokenLetsNobodyIn(t *testing.T) {
	t.Parallel()
	h := build(t, func(_ *house, o *guard.Options) { o.Token = "" })
	h.status(http.StatusUnauthorized, h.get("/v1/recordings", "Authorization", "Bearer "))
	h.status(http.StatusUnauthorized, h.do(h.blind, http.MethodPost, "/sign-in", "token="))
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, c := range [][2]string{{"GET", "/v1/recordings"}, {"GET", "/v1/"}, {"GET", "/metrics"}, {"POST", "/recordings/a/runs"}, {"DELETE", "/"}, {"HEAD", "/"}, {"PUT", "/sign-in"}} {
		a := h.status(http.StatusUnauthorized, h.do(h.blind, c[0], c[1], ""))
		if a.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%v: %v", c, a.Header)
		}
		if c[0] != "HEAD" && !strings.Contains(a.body, `"hint"`) {
			t.Errorf("%v: %s", c, a.body)
		}
	}
	for path, want := range map[string]string{
		"/":                        "/sign-in?next=%2F",
		"/recordings/a?b=c&d=e%20": "/sign-in?next=%2Frecordings%2Fa%3Fb%3Dc%26d%3De%2520",
		"//evil.example/a":         "/sign-in?next=%2F",
		"/%5cevil.example":         "/sign-in?next=%2F%255cevil.example", // a path, for browsers too
		"/static":                  "/sign-in?next=%2Fstatic",
		"/healthzz":                "/sign-in?next=%2Fhealthzz",
	} {
		if got := h.status(http.StatusSeeOther, h.get(path)).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %s, want %s", path, got, want)
		}
	}
}

func TestPublicPaths(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, path := range []string{"/healthz", "/static/a.css", "/static/a/b.js"} {
		if diff := cmp.Diff(seen{Path: path}, h.sees(h.get(path))); diff != "" {
			t.Error(diff)
		}
	}
	if !h.sees(h.get("/static/a.css", "Authorization", "Bearer "+token)).Known {
		t.Error("who is known is not known on public paths")
	}
	// Daily is another site.
	h.sees(h.do(h.blind, http.MethodPost, "/webhooks/daily", "{}", "Origin", "https://daily.example", "Sec-Fetch-Site", "cross-site"))
	// What looks public may be read otherwise behind the guard.
	for _, path := range []string{"/static/../v1/recordings", "/static/%2e%2e/v1/recordings", "/static%2f..%2fv1/recordings", "/static/a%2fb", "/static//a", "/healthz/../recordings/a", "/webhooks/./daily"} {
		if a := h.get(path); a.StatusCode == http.StatusOK {
			t.Errorf("%s is public", path)
		}
	}
}

func TestSignInForm(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a := h.status(http.StatusOK, h.get("/sign-in?next=/recordings/a"))
	if !strings.Contains(a.body, "next: /recordings/a\n") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", a.Header, a.body)
	}
	a = h.status(http.StatusUnauthorized, h.do(h.blind, http.MethodPost, "/sign-in", "token=wrong&next=/recordings/a"))
	if !strings.Contains(a.body, "next: /recordings/a\nproblem: That token") || len(a.Cookies()) != 0 {
		t.Errorf("%v %s", a.Header, a.body)
	}
	// Addresses get into logs and histories.
	h.status(http.StatusUnauthorized, h.do(h.blind, http.MethodPost, "/sign-in?token="+token, ""))
	h.status(http.StatusUnauthorized, h.do(h.blind, http.MethodPost, "/sign-in", "token="+token+"&pad="+strings.Repeat("x", 9<<10)))

	c := h.signIn()
	want := &http.Cookie{Name: "trackscribe_session", Path: "/", MaxAge: 12 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	got := &http.Cookie{Name: c.Name, Path: c.Path, Domain: c.Domain, MaxAge: c.MaxAge, HttpOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	h.pass(time.Minute) // it was tried often
	a = h.do(h.browser, http.MethodPost, "/sign-in", "next=/recordings/a%3fb&token="+token)
	if got := h.sees(a); !got.Known || a.Request.URL.RequestURI() != "/recordings/a?b" {
		t.Errorf("%v at %s", got, a.Request.URL)
	}
	a = h.status(http.StatusOK, h.do(h.browser, http.MethodPost, "/sign-out", ""))
	if a.Request.URL.Path != "/sign-in" {
		t.Errorf("signing out leads to %s", a.Request.URL)
	}
	if a = h.do(h.browser, http.MethodGet, "/recordings/a", ""); a.Request.URL.Path != "/sign-in" {
		t.Error("who has signed out still sees pages")
	}
}

func TestSecureCookies(t *testing.T) {
	t.Parallel()
	h := buildAs(t, (*httptest.Server).StartTLS, "https://", nil)
	if got := h.sees(h.do(h.browser, http.MethodPost, "/sign-in", "next=/a&token="+token)); !got.Known {
		t.Error("nobody is known after signing in over TLS")
	}
	c := h.signIn()
	if c.Name != "__Host-trackscribe_session" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %s, secure %t, path %q, domain %q", c.Name, c.Secure, c.Path, c.Domain)
	}
	// A session from before is as good, and what a neighbour planted is passed over.
	for _, cookies := range []string{"trackscribe_session=" + c.Value, "trackscribe_session=planted; " + c.Name + "=" + c.Value, c.Name + "=old; trackscribe_session=planted; trackscribe_session=" + c.Value} {
		if !h.sees(h.get("/a", "Cookie", cookies)).Known {
			t.Errorf("%d cookies: nobody is known", strings.Count(cookies, "="))
		}
	}
	if a := h.do(h.browser, http.MethodPost, "/sign-out", ""); a.Request.URL.Path != "/sign-in" {
		t.Errorf("signing out leads to %s", a.Request.URL)
	}
	if a := h.do(h.browser, http.MethodGet, "/a", ""); a.Request.URL.Path != "/sign-in" {
		t.Error("who has signed out still sees pages")
	}
	if got := len(h.do(h.blind, http.MethodPost, "/sign-out", "").Cookies()); got != 2 {
		t.Errorf("signing out takes %d cookies back, want both names", got)
	}
}

func TestBehindTLS(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for proto, want := range map[string]string{"https": "__Host-trackscribe_session", "HTTPS, http": "__Host-trackscribe_session", "http": "trackscribe_session", "http, https": "trackscribe_session"} {
		c := h.signIn("X-Forwarded-Proto", proto)
		if c.Name != want || c.Secure != strings.HasPrefix(want, "__Host-") {
			t.Errorf("%s: cookie %s, secure %t", proto, c.Name, c.Secure)
		}
	}
}

func TestOtherSites(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.signIn()
	cookie := c.Name + "=" + c.Value
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"}, // a neighbour in the domain
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Origin", h.url + ".evil.example"},
	} {
		for _, path := range []string{"/recordings/a/runs", "/v1/recordings/a/runs", "/sign-in", "/sign-out"} {
			a := h.status(http.StatusForbidden, h.do(h.blind, http.MethodPost, path, "token="+token, append(header, "Cookie", cookie)...))
			if len(a.Cookies()) != 0 {
				t.Errorf("%s from %v sets a cookie", path, header)
			}
		}
	}
	for _, header := range [][]string{
		{"Origin", h.url}, // what browsers send over plain HTTP
		{"Origin", h.url, "Sec-Fetch-Site", "same-origin"},
		{}, // a program
	} {
		if !h.sees(h.do(h.blind, http.MethodPost, "/recordings/a/runs", "", append(header, "Cookie", cookie)...)).Write {
			t.Errorf("from %v: may not write", header)
		}
	}
	// A link on another site is followed.
	h.sees(h.get("/recordings/a", "Sec-Fetch-Site", "cross-site", "Cookie", cookie))
}

func TestNextStaysHere(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for next, want := range map[string]string{
		"//evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/", "https://evil.example": "/", "evil.example": "/", "": "/",
		"javascript:alert(1)": "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "\t//evil.example": "/", "/\x00": "/", "/\x7f": "/", "///evil.example": "/",
		"/%2f%2fevil.example": "/", "/a/%2f/b?c=//d#e": "/a/%2f/b?c=//d#e", "/recordings/a?t=1": "/recordings/a?t=1", "/%zz": "/",
	} {
		h.pass(time.Minute)
		body := strings.NewReplacer("%", "%25", "\t", "%09", "\n", "%0A", "\x00", "%00", "\x7f", "%7F", "#", "%23").Replace(next)
		a := h.status(http.StatusSeeOther, h.do(h.blind, http.MethodPost, "/sign-in", "token="+token+"&next="+body))
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
	for _, next := range []string{"//evil.example", "%2f%2fevil.example", "/%5Cevil.example", "/%09/evil.example", "https:evil.example"} {
		if a := h.get("/sign-in?next=" + next); !strings.Contains(a.body, "next: /\n") {
			t.Errorf("next=%s is kept: %s", next, a.body)
		}
	}
}

func TestOpenAndReadOnly(t *testing.T) {
	t.Parallel()
	open := build(t, func(_ *house, o *guard.Options) { o.Open = true })
	if diff := cmp.Diff(seen{"/", false, true, true, true}, open.sees(open.get("/"))); diff != "" {
		t.Error(diff)
	}
	open.status(http.StatusForbidden, open.do(open.blind, http.MethodPost, "/recordings/a/runs", "", "Sec-Fetch-Site", "cross-site"))
	both := build(t, func(_ *house, o *guard.Options) { o.Open, o.ReadOnly = true, true })
	if diff := cmp.Diff(seen{"/", false, false, true, true}, both.sees(both.get("/"))); diff != "" {
		t.Error(diff)
	}
	readOnly := build(t, func(_ *house, o *guard.Options) { o.ReadOnly = true })
	c := readOnly.signIn()
	for _, header := range [][2]string{{"Authorization", "Bearer " + token}, {"Cookie", c.Name + "=" + c.Value}} {
		if diff := cmp.Diff(seen{"/", true, false, true, true}, readOnly.sees(readOnly.get("/", header[:]...))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestNobodyWithoutAGuard(t *testing.T) {
	t.Parallel()
	if p := guard.From(t.Context()); p.Known || p.Write || p.May("") || p.May("a") {
		t.Errorf("%+v may do something", p)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	handler := guard.Headers(http.NotFoundHandler())
	ask := func(change func(*http.Request)) http.Header {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		change(r)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Header()
	}
	plain := ask(func(*http.Request) {})
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
	} {
		if got := plain.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	policy := plain.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy allows too much: %s", policy)
	}
	for _, secure := range []http.Header{ask(func(r *http.Request) { r.TLS = &tls.ConnectionState{} }), ask(func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") })} {
		if secure.Get("Strict-Transport-Security") == "" {
			t.Error("over TLS, browsers are not told to stay with it")
		}
	}
}
