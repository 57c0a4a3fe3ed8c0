package guard_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/guard/guardtest"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
)

const (
	token      = "the-token-that-nobody-may-see"
	sessionKey = "the-session-key-that-nobody-may-see"
)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is a server with a guard before it, and a browser that looks at it. It
// keeps everything that the server lets out, and looks for secrets there when
// the test ends.
type house struct {
	*testing.T
	*clock
	url      string
	provider *guardtest.Provider
	browser  *http.Client // follows redirects, keeps cookies
	blind    *http.Client // neither

	mu  sync.Mutex
	out strings.Builder // logs, bodies and headers
}

// seen is what the handlers behind the guard know of who asks.
type seen struct {
	Path                    string
	Known, Write, Sales, HR bool
}

// build starts a server; change may alter the options.
func build(t *testing.T, change func(*house, *guard.Options)) *house {
	return buildAs(t, (*httptest.Server).Start, "http://", change)
}

func buildAs(t *testing.T, start func(*httptest.Server), scheme string, change func(*house, *guard.Options)) *house {
	t.Helper()
	h := &house{T: t, clock: newClock()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.url = scheme + listener.Addr().String()
	o := guard.Options{
		Token: token, SessionKey: sessionKey, Public: []string{"/static/", "/healthz", "/webhooks/"}, Now: h.now,
		SignIn: func(w http.ResponseWriter, _ *http.Request, status int, next, problem string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "sign in\nnext: %s\nproblem: %s\n", next, problem)
		},
		Log: logtest.New(h.keep),
	}
	if change != nil {
		change(h, &o)
	}
	g, err := guard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: guard.Headers(g.Wrap(http.HandlerFunc(show)))}}
	start(server)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	through := recorder{h, server.Client().Transport}
	h.browser = &http.Client{Jar: jar, Transport: through}
	h.blind = &http.Client{Transport: through, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		server.Close()
		secrets := []string{token, sessionKey}
		if h.provider != nil {
			secrets = append(secrets, h.provider.Secrets()...)
		}
		if s := leaked(h.kept(), secrets); s != "" {
			t.Errorf("%q was let out in:\n%s", s, h.kept())
		}
	})
	return h
}

func show(w http.ResponseWriter, r *http.Request) {
	p := guard.From(r.Context())
	_ = json.NewEncoder(w).Encode(seen{r.URL.Path, p.Known, p.Write, p.May("sales-1"), p.May("hr-1")})
}

// leaked returns a secret that the text has in it.
func leaked(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" && (strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s))) {
			return s
		}
	}
	return ""
}

func (h *house) keep(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.out.WriteString(text + "\n")
}

func (h *house) kept() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.out.String()
}

// recorder keeps what the server answers. Cookies are meant for whoever gets
// them; what the provider answers is not the server's.
type recorder struct {
	h    *house
	next http.RoundTripper
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if err != nil || "http://"+req.URL.Host != strings.Replace(r.h.url, "https:", "http:", 1) {
		return res, err
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(strings.NewReader(string(b)))
	header := res.Header.Clone()
	for _, c := range res.Cookies() {
		r.h.keep(c.Name)
	}
	header.Del("Set-Cookie")
	r.h.keep(fmt.Sprintf("%s %v\n%s", req.URL.Path, header, b))
	return res, nil
}

// an answer of the server, read.
type answer struct {
	*http.Response
	body string
}

func (h *house) do(client *http.Client, method, path, body string, header ...string) answer {
	h.Helper()
	req, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.Fatal(err)
	}
	return answer{res, string(b)}
}

func (h *house) get(path string, header ...string) answer {
	h.Helper()
	return h.do(h.blind, http.MethodGet, path, "", header...)
}

// status checks an answer's status and returns the answer.
func (h *house) status(want int, a answer) answer {
	h.Helper()
	if a.StatusCode != want {
		h.Fatalf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, want, a.body)
	}
	return a
}

// sees returns what the handlers knew of who asked.
func (h *house) sees(a answer) seen {
	h.Helper()
	var v seen
	if err := json.Unmarshal([]byte(h.status(http.StatusOK, a).body), &v); err != nil {
		h.Fatalf("%s is not what the handler says: %v", a.body, err)
	}
	return v
}

// signIn signs in with the token and returns the session's cookie.
func (h *house) signIn(header ...string) *http.Cookie {
	h.Helper()
	a := h.status(http.StatusSeeOther, h.do(h.blind, http.MethodPost, "/sign-in", "token="+token, header...))
	if len(a.Cookies()) != 1 {
		h.Fatalf("%d cookies, want one", len(a.Cookies()))
	}
	return a.Cookies()[0]
}

func TestLeakIsSeen(t *testing.T) {
	t.Parallel()
	h := &house{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/?a="+url.QueryEscape("a secret"))
	}))
	defer server.Close()
	h.T, h.url = t, server.URL
	h.blind = &http.Client{Transport: recorder{h, http.DefaultTransport}}
	h.get("/")
	if leaked(h.kept(), []string{"a secret"}) == "" {
		t.Error("a secret in a header was not seen")
	}
}
