package guard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/guard/guardtest"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
)

func withProvider(h *house, o *guard.Options, rules ...guard.Rule) {
	h.provider = guardtest.New(h.T, h.now)
	o.OIDC = &guard.OIDC{
		Issuer: h.provider.URL, ClientID: guardtest.ClientID, ClientSecret: guardtest.ClientSecret, BaseURL: h.url + "/", Rules: rules,
	}
}

func buildOIDC(t *testing.T, rules string) *house {
	t.Helper()
	return build(t, func(h *house, o *guard.Options) {
		r, err := guard.ParseRules(rules)
		if err != nil {
			t.Fatal(err)
		}
		withProvider(h, o, r...)
	})
}

func (h *house) through(next string) answer {
	h.Helper()
	return h.do(h.browser, http.MethodGet, "/oidc/start?next="+url.QueryEscape(next), "")
}

func TestOIDC(t *testing.T) {
	t.Parallel()
	h := buildOIDC(t, "")
	if h.provider.Discoveries() != 0 {
		t.Error("the provider is asked before anybody signs in")
	}
	a := h.through("/recordings/a?t=1")
	if diff := cmp.Diff(seen{"/recordings/a", true, true, true, true}, h.sees(a)); diff != "" || a.Request.URL.RawQuery != "t=1" {
		t.Error(a.Request.URL, diff)
	}
	h.sees(h.do(h.browser, http.MethodGet, "/v1/recordings", ""))
	here, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	if cookies := h.browser.Jar.Cookies(here); len(cookies) != 1 || cookies[0].Name != "trackscribe_session" {
		t.Errorf("the browser keeps %d cookies, want only the session", len(cookies))
	}
	// Keys change; the addresses do not.
	h.provider.Rotate()
	h.sees(h.through("/"))
	if n := h.provider.Discoveries(); n != 1 {
		t.Errorf("%d discoveries, want 1", n)
	}
	a = h.through("https://evil.example/")
	if h.sees(a).Path != "/" {
		t.Errorf("next leads to %s", a.Request.URL)
	}
	// Nothing of a session of 12 hours depends on the provider.
	h.provider.Fail(guardtest.Down)
	h.pass(11 * time.Hour)
	h.sees(h.do(h.browser, http.MethodGet, "/v1/recordings", ""))
}

func TestOIDCRules(t *testing.T) {
	t.Parallel()
	const rules = "groups:sales=sales-*, groups:staff=*, https://example.com/roles:hr=hr-*, cognito:groups:sales=sales-*"
	for name, c := range map[string]struct {
		claims map[string]any
		want   *seen // nil: nothing is to be seen
	}{
		"string":         {map[string]any{"groups": "sales"}, &seen{"/", true, true, true, false}},
		"list":           {map[string]any{"groups": []any{"a", "sales"}}, &seen{"/", true, true, true, false}},
		"two rules":      {map[string]any{"groups": "sales", "https://example.com/roles": []any{"hr"}}, &seen{"/", true, true, true, true}},
		"colon in claim": {map[string]any{"cognito:groups": []any{"sales"}}, &seen{"/", true, true, true, false}},
		"everything":     {map[string]any{"groups": []any{"sales", "staff"}}, &seen{"/", true, true, true, true}},
		"none":           {map[string]any{}, nil},
		"part of a name": {map[string]any{"groups": []any{"sale", "sales2"}, "roles": "hr"}, nil},
		"number":         {map[string]any{"groups": 1}, nil},
		"object":         {map[string]any{"groups": map[string]any{"sales": true}}, nil},
		"list of lists":  {map[string]any{"groups": []any{[]any{"sales"}, nil, 1, map[string]any{}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := buildOIDC(t, rules)
			h.provider.Person(c.claims)
			a := h.through("/")
			if c.want != nil {
				if diff := cmp.Diff(*c.want, h.sees(a)); diff != "" {
					t.Error(diff)
				}
				return
			}
			if h.status(http.StatusForbidden, a); !strings.Contains(a.body, "You may not see any recording") {
				t.Error(a.body)
			}
			h.stillStranger()
		})
	}
}

// stillStranger checks that the browser is let in nowhere.
func (h *house) stillStranger() {
	h.Helper()
	h.status(http.StatusUnauthorized, h.do(h.browser, http.MethodGet, "/v1/recordings", ""))
}

func TestOIDCFaults(t *testing.T) {
	t.Parallel()
	const down = "The identity provider does not answer. Try again later."
	const refused = "Signing in did not work. Try again."
	for fault, c := range map[guardtest.Fault]struct {
		status  int
		problem string
	}{
		guardtest.Down: {502, down}, guardtest.TokenDown: {502, down}, guardtest.WrongIssuer: {502, down},
		guardtest.Denied:   {403, "The identity provider did not sign you in."},
		guardtest.KeysDown: {403, refused}, guardtest.WrongNonce: {403, refused}, guardtest.NoNonce: {403, refused},
		guardtest.WrongAudience: {403, refused}, guardtest.ForeignToken: {403, refused}, guardtest.Expired: {403, refused},
		guardtest.WrongSignature: {403, refused}, guardtest.Unsigned: {403, refused}, guardtest.Symmetric: {403, refused},
		guardtest.NoToken: {403, refused}, guardtest.Garbage: {403, refused},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			h := buildOIDC(t, "")
			h.provider.Fail(fault)
			a := h.status(c.status, h.through("/recordings/a"))
			if !strings.Contains(a.body, "next: /recordings/a\nproblem: "+c.problem+"\n") {
				t.Error(a.body)
			}
			h.stillStranger()
			// It gets well.
			h.provider.Fail(guardtest.None)
			h.pass(6 * time.Second)
			h.sees(h.through("/recordings/a"))
		})
	}
}

func TestOIDCDownIsNotAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	h := buildOIDC(t, "")
	h.provider.Fail(guardtest.WrongIssuer)
	for range 3 {
		h.status(http.StatusBadGateway, h.through("/"))
	}
	if n := h.provider.Discoveries(); n != 1 {
		t.Errorf("%d discoveries, want 1", n)
	}
	h.pass(5 * time.Second)
	h.status(http.StatusBadGateway, h.through("/"))
	if n := h.provider.Discoveries(); n != 2 {
		t.Errorf("%d discoveries after a while, want 2", n)
	}
}

func TestOIDCWhoIsGoneSaysNothingOfTheProvider(t *testing.T) {
	t.Parallel()
	h := &house{T: t, clock: newClock()}
	o := guard.Options{SessionKey: sessionKey, Now: h.now, Log: logtest.To(t)}
	h.url = "http://here.example"
	withProvider(h, &o)
	g, err := guard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	g.Wrap(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/oidc/start", nil))
	if w.Code != http.StatusSeeOther {
		t.Errorf("status %d, want %d", w.Code, http.StatusSeeOther)
	}
}

// back signs in up to the provider's answer, and returns where that leads and
// the cookie to go there with.
func (h *house) back() (path string, cookie string) {
	h.Helper()
	a := h.status(http.StatusSeeOther, h.get("/oidc/start?next=/recordings/a"))
	res, err := h.blind.Get(a.Header.Get("Location"))
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	u, err := res.Location()
	if err != nil {
		h.Fatal(err)
	}
	return u.RequestURI(), a.Cookies()[0].Name + "=" + a.Cookies()[0].Value
}

func TestOIDCCallback(t *testing.T) {
	t.Parallel()
	h := buildOIDC(t, "")
	path, cookie := h.back()
	path2, cookie2 := h.back()
	for name, a := range map[string]answer{
		"no cookie":             h.get(path),
		"somebody else's":       h.get(path, "Cookie", cookie2),
		"planted":               h.get(path, "Cookie", "trackscribe_oidc=planted"),
		"no state":              h.get("/oidc/callback?code=x", "Cookie", cookie),
		"neither code or state": h.get("/oidc/callback", "Cookie", cookie),
	} {
		if a.StatusCode != http.StatusBadRequest || len(a.Cookies()) != 0 {
			t.Errorf("%s: status %d, %d cookies", name, a.StatusCode, len(a.Cookies()))
		}
	}
	h.pass(time.Minute)
	// The code of one attempt with the state and verifier of another.
	code, state := param(t, path, "code"), param(t, path2, "state")
	h.status(http.StatusForbidden, h.get("/oidc/callback?"+url.Values{"code": {code}, "state": {state}}.Encode(), "Cookie", cookie2))
	if h.provider.Refused() == 0 {
		t.Error("the verifier was not checked")
	}
	a := h.status(http.StatusSeeOther, h.get(path, "Cookie", cookie))
	if got := a.Header.Get("Location"); got != "/recordings/a" {
		t.Errorf("leads to %s", got)
	}
	// A code is good once.
	before := h.provider.Refused()
	if a := h.status(http.StatusForbidden, h.get(path, "Cookie", cookie)); h.provider.Refused() == before || strings.Contains(fmt.Sprint(a.Cookies()), "session") {
		t.Errorf("a code was good twice: %v", a.Cookies())
	}
	path, cookie = h.back()
	h.pass(10 * time.Minute)
	h.status(http.StatusBadRequest, h.get(path, "Cookie", cookie))
}

func param(t *testing.T, path, name string) string {
	t.Helper()
	u, err := url.Parse(path)
	if err != nil || u.Query().Get(name) == "" {
		t.Fatalf("no %s in %s", name, u.Path)
	}
	return u.Query().Get(name)
}

func TestOIDCDiscoveredOnTheWayBack(t *testing.T) {
	t.Parallel()
	one := buildOIDC(t, "")
	path, cookie := one.back()
	// Another process, which has not asked the provider yet, takes the answer.
	two := build(t, func(h *house, o *guard.Options) {
		h.provider = one.provider
		o.OIDC = &guard.OIDC{Issuer: one.provider.URL, ClientID: guardtest.ClientID, ClientSecret: guardtest.ClientSecret, BaseURL: one.url}
	})
	for _, fault := range []guardtest.Fault{guardtest.Down, guardtest.None} { // the second time, it is not asked again
		one.provider.Fail(fault)
		two.status(http.StatusBadGateway, two.get(path, "Cookie", cookie))
	}
	two.pass(5 * time.Second)
	two.status(http.StatusSeeOther, two.get(path, "Cookie", cookie))
}

func TestOIDCMustBeTold(t *testing.T) {
	t.Parallel()
	right := guard.OIDC{Issuer: "https://issuer.example", ClientID: "a", BaseURL: "https://here.example"}
	for name, change := range map[string]func(*guard.OIDC){
		"no address": func(o *guard.OIDC) { o.BaseURL = "" }, "address without host": func(o *guard.OIDC) { o.BaseURL = "here.example" },
		"broken address": func(o *guard.OIDC) { o.BaseURL = "https://%" }, "no issuer": func(o *guard.OIDC) { o.Issuer = "" }, "no client": func(o *guard.OIDC) { o.ClientID = "" },
	} {
		o := right
		change(&o)
		if _, err := guard.New(guard.Options{OIDC: &o, Now: time.Now}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	g, err := guard.New(guard.Options{OIDC: &right, Now: time.Now})
	if err != nil || !g.HasOIDC() || g.HasToken() {
		t.Errorf("%v", err)
	}
	without, err := guard.New(guard.Options{Token: token, Now: time.Now})
	if err != nil || without.HasOIDC() || !without.HasToken() {
		t.Errorf("%v", err)
	}
}

func TestOIDCOverTLSAtAProxy(t *testing.T) {
	t.Parallel()
	h := buildOIDC(t, "")
	a := h.status(http.StatusSeeOther, h.get("/oidc/start", "X-Forwarded-Proto", "https"))
	if c := a.Cookies()[0]; c.Name != "__Host-trackscribe_oidc" || !c.Secure {
		t.Errorf("cookie %s, secure %t", c.Name, c.Secure)
	}
}
