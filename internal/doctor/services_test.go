package doctor

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/settings"
)

// slowest is how long a check of these tests may take.
const slowest = 10 * time.Second

func TestReceiver(t *testing.T) {
	t.Parallel()
	asked := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	secure, plain := httptest.NewTLSServer(asked), httptest.NewServer(asked)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	for name, c := range map[string]struct {
		url   string
		state State
		say   string
	}{
		"plain":            {plain.URL, OK, "takes connections"},
		"unknown issuer":   {secure.URL, Fail, "certificate is not trusted"},
		"no TLS":           {strings.Replace(plain.URL, "http:", "https:", 1), Fail, "speaks no TLS"},
		"nobody there":     {"http://127.0.0.1:1", Fail, "does not take connections"},
		"no such protocol": {"ftp://example.com", Fail, "no http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), slowest)
			defer cancel()
			f := receiver(ctx, settings.Webhook{URL: c.url, Secret: "x", AllowPrivate: true})
			if f.State != c.state || !strings.Contains(f.Found, c.say) || f.State == Fail && f.Do == "" {
				t.Errorf("%+v, want %s with %q", f, c.state, c.say)
			}
		})
	}
	if f := receiver(t.Context(), settings.Webhook{URL: plain.URL}); f.State != Fail || !strings.Contains(f.Do, "WEBHOOK_ALLOW_PRIVATE") {
		t.Errorf("a private address: %+v", f)
	}
	u, err := url.Parse(secure.URL)
	if err != nil {
		t.Fatal(err)
	}
	trust := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if err := connect(t.Context(), []netip.Addr{netip.MustParseAddr(u.Hostname())}, u.Port(), &tls.Config{ServerName: "example.com", RootCAs: trust}); err != nil {
		t.Errorf("a trusted certificate: %v", err)
	}
}
