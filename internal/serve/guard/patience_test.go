package guard_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/serve/guard"
)

// Whoever guesses has ten tries at once, on whichever way in, and then one a
// second, also with the right token.
func TestTriesAreBounded(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]func(*house) answer{
		"token":    func(h *house) answer { return h.do(h.blind, http.MethodPost, "/sign-in", "token=x") },
		"start":    func(h *house) answer { return h.get("/oidc/start") },
		"callback": func(h *house) answer { return h.get("/oidc/callback?code=a&state=b") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := buildOIDC(t, "")
			c := h.signIn()
			for i := range 9 {
				if a := try(h); a.StatusCode == http.StatusTooManyRequests {
					t.Fatalf("try %d is refused", i)
				}
			}
			a := h.status(http.StatusTooManyRequests, try(h))
			if a.Header.Get("Retry-After") == "" || !strings.Contains(a.body, "Wait a little") {
				t.Errorf("%v %s", a.Header, a.body)
			}
			h.status(http.StatusTooManyRequests, h.do(h.blind, http.MethodPost, "/sign-in", url.Values{"token": {token}}.Encode()))
			h.sees(h.get("/", "Cookie", c.Name+"="+c.Value)) // who is in stays in
			h.pass(time.Second)
			h.signIn()
			h.status(http.StatusTooManyRequests, try(h))
		})
	}
}

func TestTriesAreCountedByAddress(t *testing.T) {
	t.Parallel()
	for _, proxied := range []bool{false, true} {
		h := build(t, func(_ *house, o *guard.Options) { o.Proxied = proxied })
		refused := 0
		for i := range 30 {
			a := h.do(h.blind, http.MethodPost, "/sign-in", "token=x", "X-Forwarded-For", "192.0.2."+strconv.Itoa(i%3))
			if a.StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
		want := 20
		if proxied {
			want = 0
		}
		if refused != want {
			t.Errorf("proxied %t: %d refused, want %d", proxied, refused, want)
		}
	}
}
