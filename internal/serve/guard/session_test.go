package guard_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/serve/guard"
)

func TestSessionsThatAreNone(t *testing.T) {
	t.Parallel()
	h := build(t, func(h *house, o *guard.Options) { withProvider(h, o) })
	c := h.signIn()
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		t.Fatal(err)
	}
	start := h.get("/oidc/start")
	values := map[string]string{
		"empty": "", "no base64": "%%%", "short": "AAAA", "zero": base64.RawURLEncoding.EncodeToString(make([]byte, len(raw))),
		"cookie of another name": start.Cookies()[0].Value,
		"doubled":                c.Value + c.Value,
	}
	for i := range raw {
		b := slices.Clone(raw)
		b[i] ^= 1
		values["bit of byte "+strconv.Itoa(i)] = base64.RawURLEncoding.EncodeToString(b)
		values["cut at "+strconv.Itoa(i)] = base64.RawURLEncoding.EncodeToString(raw[:i])
	}
	for name, value := range values {
		if a := h.get("/v1/", "Cookie", c.Name+"="+value); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
	}
	h.status(http.StatusUnauthorized, h.get("/v1/", "Cookie", "trackscribe_oidc="+c.Value))
	h.status(http.StatusOK, h.get("/v1/", "Cookie", c.Name+"="+c.Value))

	h.pass(12*time.Hour - time.Second)
	h.status(http.StatusOK, h.get("/v1/", "Cookie", c.Name+"="+c.Value))
	h.pass(time.Second)
	h.status(http.StatusUnauthorized, h.get("/v1/", "Cookie", c.Name+"="+c.Value))
}

func TestSessionsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	keyed := func(key string) *house { return build(t, func(_ *house, o *guard.Options) { o.SessionKey = key }) }
	one, same, other, random, random2 := keyed("one key"), keyed("one key"), keyed("another key"), keyed(""), keyed("")
	c := one.signIn()
	cookie := c.Name + "=" + c.Value
	same.status(http.StatusOK, same.get("/v1/", "Cookie", cookie))
	other.status(http.StatusUnauthorized, other.get("/v1/", "Cookie", cookie))
	random.status(http.StatusUnauthorized, random.get("/v1/", "Cookie", cookie))
	c = random.signIn()
	cookie = c.Name + "=" + c.Value
	random.status(http.StatusOK, random.get("/v1/", "Cookie", cookie))
	random2.status(http.StatusUnauthorized, random2.get("/v1/", "Cookie", cookie))
}

func TestTooLongForACookie(t *testing.T) {
	t.Parallel()
	var rules []string
	var groups []any
	for i := range 200 {
		rules = append(rules, fmt.Sprintf("groups:g%d=a-quite-long-prefix-%d-*", i, i))
		groups = append(groups, fmt.Sprintf("g%d", i))
	}
	h := buildOIDC(t, strings.Join(rules, ","))
	h.provider.Person(map[string]any{"groups": groups})
	if a := h.status(http.StatusForbidden, h.through("/")); !strings.Contains(a.body, "Too many rules let you in") {
		t.Error(a.body)
	}
	h.stillStranger()
	h.provider.Person(map[string]any{"groups": groups[:20]})
	long := "/recordings/a?q=" + strings.Repeat("x", 5000)
	a := h.through(long)
	if got := h.sees(a); !got.Known || got.Path != "/" {
		t.Errorf("a long address: %+v", got)
	}
	for _, c := range h.get("/oidc/start?next=" + long[:2000]).Cookies() {
		if len(c.Name)+len(c.Value) > 4096 {
			t.Errorf("a cookie of %d bytes, which browsers drop", len(c.Name)+len(c.Value))
		}
	}
}
