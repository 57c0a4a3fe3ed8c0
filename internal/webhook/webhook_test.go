package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/webhook"
	"github.com/trackscribe/trackscribe/internal/webhook/webhooktest"
	"github.com/trackscribe/trackscribe/steps"
)

const event = "transcript.completed"

var body = []byte(`{"event":"transcript.completed","event_id":"7","transcript":{"title":"words of the meeting"}}`)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func receiver(url string) *webhook.Receiver {
	return webhook.New(webhook.Options{URL: url, Secret: webhooktest.Secret, AllowPrivate: true})
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	fake := webhooktest.New(0, 0)
	d, err := receiver(serve(t, fake)).Deliver(t.Context(), event, 3, body)
	if err != nil || d.Status != 200 || d.Error != "" {
		t.Fatalf("delivery %+v, %v", d, err)
	}
	got := fake.Deliveries()
	if len(got) != 1 || got[0].Event != event || got[0].EventID != "7" || got[0].Retry != "3" || !got[0].Valid || string(got[0].Body) != string(body) {
		t.Errorf("received %+v", got)
	}
}

// The value was computed with openssl: printf '1735306800.{}' | openssl dgst
// -sha256 -hmac secret.
func TestSign(t *testing.T) {
	t.Parallel()
	const want = "t=1735306800,v1=4fd57c4a04bdd6a566c673a33ffa4d5da0c0c871d0df93ffa558341cf43f9a94"
	if got := webhook.Sign("secret", time.Unix(1735306800, 0), []byte("{}")); got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
}

func TestWithoutSecretNothingIsSigned(t *testing.T) {
	t.Parallel()
	var header http.Header
	url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header = r.Header }))
	if _, err := webhook.New(webhook.Options{URL: url, AllowPrivate: true}).Deliver(t.Context(), event, 0, body); err != nil {
		t.Fatal(err)
	}
	if _, signed := header["X-Webhook-Signature"]; signed || header.Get("User-Agent") != "Trackscribe-Webhook/1" || header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", header)
	}
}

// A receiver is only asked for its status: what it says is its own.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			gate := &faulttest.Gate{Service: webhooktest.New(0, 0)}
			gate.Shut(f, -1)
			r := webhook.New(webhook.Options{URL: serve(t, gate), Secret: webhooktest.Secret, AllowPrivate: true, Timeout: f.Patience()})
			d, err := r.Deliver(t.Context(), event, 0, body)
			if n := gate.Requests(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if f.Blind {
				if err != nil || d.Status != 200 {
					t.Errorf("delivery %+v, %v; want a success", d, err)
				}
				return
			}
			if err == nil || steps.Classify(err) != f.Class || !strings.Contains(err.Error(), f.Says) || d.Error != err.Error() {
				t.Errorf("delivery %+v, error %v of class %s; want one of class %s that says %q", d, err, steps.Classify(err), f.Class, f.Says)
			}
			f.CheckWait(t, gate, err)
		})
	}
}

// Whatever a receiver answers, errors hold none of it: neither what it was sent
// nor secrets.
func TestAnswersAreNotQuoted(t *testing.T) {
	t.Parallel()
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, r.Header.Get("X-Webhook-Signature")+webhooktest.Secret)
	}))
	d, err := receiver(url+"/hook?token=planted").Deliver(t.Context(), event, 0, body)
	if err == nil || d.Status != 422 {
		t.Fatalf("delivery %+v, %v", d, err)
	}
	for _, word := range []string{"meeting", "v1=", webhooktest.Secret, "planted", "/hook"} {
		if strings.Contains(err.Error()+steps.Hint(err)+d.Error, word) {
			t.Errorf("the error tells %q: %v", word, err)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	gate := &faulttest.Gate{Service: webhooktest.New(0, 0)}
	inside := serve(t, gate)
	for _, code := range []int{301, 302, 303, 307, 308} {
		from := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, code) }))
		d, err := receiver(from).Deliver(t.Context(), event, 0, body)
		if steps.Classify(err) != steps.Misuse || d.Status != code || !strings.Contains(err.Error(), "redirects") {
			t.Errorf("%d: delivery %+v, error %v of class %s", code, d, err, steps.Classify(err))
		}
	}
	if n := gate.Requests(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// The receiver listens on the loopback interface, so every way to name it must
// be refused, before a byte is sent.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	gate := &faulttest.Gate{Service: webhooktest.New(0, 0)}
	u, err := url.Parse(serve(t, gate))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		target := "http://" + host + ":" + u.Port() + "/hook"
		d, err := webhook.New(webhook.Options{URL: target, Timeout: 5 * time.Second}).Deliver(t.Context(), event, 0, body)
		if steps.Classify(err) != steps.Misuse || !strings.Contains(err.Error(), "private network") || !strings.Contains(steps.Hint(err), "WEBHOOK_ALLOW_PRIVATE") || d.Error == "" {
			t.Errorf("%s: delivery %+v, error %v of class %s, hint %q", host, d, err, steps.Classify(err), steps.Hint(err))
		}
	}
	if n := gate.Requests(); n != 0 {
		t.Errorf("%d requests came through", n)
	}
	if _, err := webhook.New(webhook.Options{URL: u.String(), AllowPrivate: true}).Deliver(t.Context(), event, 0, body); err != nil {
		t.Errorf("allowed, and yet: %v", err)
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"127.0.0.1": true, "127.8.9.1": true, "10.1.2.3": true, "172.16.0.1": true, "172.31.255.255": true, "192.168.1.1": true, "169.254.169.254": true,
		"0.0.0.0": true, "0.1.2.3": true, "100.64.0.1": true, "198.18.0.1": true, "192.0.0.8": true, "224.0.0.1": true, "240.0.0.1": true, "255.255.255.255": true,
		"::1": true, "::": true, "fe80::1": true, "fe80::1%eth0": true, "fc00::1": true, "fd12::1": true, "ff02::1": true, "::ffff:10.0.0.1": true,
		"64:ff9b::a00:1": true, "2002:7f00:1::": true, "fec0::1": true, "::7f00:1": true, "::ffff:169.254.169.254": true,
		"1.1.1.1": false, "172.32.0.1": false, "100.128.0.1": false, "2606:4700::1111": false, "::ffff:1.1.1.1": false, "198.20.0.1": false,
	} {
		if got := webhook.Private(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: private %t, want %t", addr, got, want)
		}
	}
}
