package zulip_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/zulip"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/postzulip"
)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func client(url string) *zulip.Client { return patient(url, 0) }

func patient(url string, timeout time.Duration) *zulip.Client {
	return zulip.New(zulip.Options{
		Realm: url, Email: zuliptest.Email, Key: zuliptest.Key, Channel: zuliptest.Channel, Topic: "recordings", Timeout: timeout,
	})
}

func TestPostAndUpdate(t *testing.T) {
	t.Parallel()
	fake := zuliptest.New()
	c := client(serve(t, fake))
	id, err := c.Post(t.Context(), "# one & two\nä")
	if err != nil {
		t.Fatal(err)
	}
	want := zuliptest.Message{ID: id, Channel: zuliptest.Channel, Topic: "recordings", Content: "# one & two\nä"}
	if got := fake.Messages()[id]; got != want {
		t.Errorf("posted %+v, want %+v", got, want)
	}
	if err := c.Update(t.Context(), id, "three"); err != nil {
		t.Fatal(err)
	}
	want.Content, want.Edits = "three", 1
	if got := fake.Messages()[id]; got != want || len(fake.Messages()) != 1 {
		t.Errorf("changed to %+v, want %+v", got, want)
	}
	fake.Fix()
	if err := c.Update(t.Context(), id, "four"); !errors.Is(err, postzulip.ErrFixed) {
		t.Errorf("too late: %v", err)
	}
	fake.Vanish()
	if err := c.Update(t.Context(), id, "four"); !errors.Is(err, postzulip.ErrGone) {
		t.Errorf("vanished: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	fake := zuliptest.New()
	c := client(serve(t, fake))
	if id, err := c.Find(t.Context(), "**Recording**: r"); id != 0 || err != nil {
		t.Errorf("in an empty topic: %d, %v", id, err)
	}
	for _, text := range []string{"x\n**Recording**: r\ny", "**Recording**: r2", "it says **Recording**: r"} {
		if _, err := c.Post(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if id, err := c.Find(t.Context(), "**Recording**: r"); id != 101 || err != nil {
		t.Errorf("found %d, %v; want 101", id, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*testing.T, *zulip.Client) error{
		"post": func(t *testing.T, c *zulip.Client) error {
			_, err := c.Post(t.Context(), "text of the message")
			return err
		},
		"update": func(t *testing.T, c *zulip.Client) error { return c.Update(t.Context(), 7, "text of the message") },
		"find": func(t *testing.T, c *zulip.Client) error {
			_, err := c.Find(t.Context(), "text of the message")
			return err
		},
	}
	for name, call := range calls {
		for _, f := range faulttest.All() {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				gate := &faulttest.Gate{Service: zuliptest.New()}
				gate.Shut(f, -1)
				err := call(t, patient(serve(t, gate), f.Patience()))
				if err == nil || steps.Classify(err) != f.Class || !strings.Contains(err.Error(), f.Says) || !strings.HasPrefix(err.Error(), "Zulip: ") {
					t.Errorf("error %v of class %s; want one of class %s that says %q", err, steps.Classify(err), f.Class, f.Says)
				}
				if n := gate.Requests(); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
				f.CheckWait(t, gate, err)
				if strings.Contains(err.Error(), "text of the message") || strings.Contains(err.Error(), zuliptest.Key) {
					t.Errorf("the error tells too much: %v", err)
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	url := serve(t, zuliptest.New())
	for name, c := range map[string]struct {
		opt   zulip.Options
		class steps.Class
		says  string
		hint  string
	}{
		"wrong key":     {zulip.Options{Realm: url, Email: zuliptest.Email, Key: "no-such-key", Channel: zuliptest.Channel}, steps.Misuse, "Invalid API key", "ZULIP_API_KEY"},
		"wrong channel": {zulip.Options{Realm: url, Email: zuliptest.Email, Key: zuliptest.Key, Channel: "elsewhere"}, steps.Permanent, "does not exist", ""},
		"wrong scheme":  {zulip.Options{Realm: "ftp://x", Email: zuliptest.Email, Key: zuliptest.Key, Channel: "x"}, steps.Misuse, "address", "ZULIP_REALM"},
		"no such host":  {zulip.Options{Realm: "zulip.invalid", Email: zuliptest.Email, Key: zuliptest.Key, Channel: "x"}, steps.Transient, "Zulip: post a message", "ZULIP_REALM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := zulip.New(c.opt).Post(t.Context(), "x")
			if err == nil || steps.Classify(err) != c.class || !strings.Contains(err.Error(), c.says) || !strings.Contains(steps.Hint(err), c.hint) {
				t.Errorf("error %v of class %s, hint %q; want %s, %q, hint %q", err, steps.Classify(err), steps.Hint(err), c.class, c.says, c.hint)
			}
			if strings.Contains(err.Error(), c.opt.Key) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

// A redirected POST would be a GET of the messages there are.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	fake := zuliptest.New()
	gate := &faulttest.Gate{Service: fake}
	url := serve(t, gate)
	from := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, url+r.URL.Path, http.StatusMovedPermanently)
	}))
	_, err := client(from).Post(t.Context(), "x")
	if steps.Classify(err) != steps.Misuse || !strings.Contains(err.Error(), "redirects (301)") || steps.Hint(err) != "check ZULIP_REALM" || gate.Requests() != 0 {
		t.Errorf("error %v, hint %q, %d requests went on", err, steps.Hint(err), gate.Requests())
	}
}

func TestRateLimitInZulipsForm(t *testing.T) {
	t.Parallel()
	c := client(serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "28.706807374954224")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"code":"RATE_LIMIT_HIT","msg":"API usage exceeded rate limit","result":"error","retry-after":28.706807374954224}`))
	})))
	_, err := c.Post(t.Context(), "x")
	if after := steps.RetryAfter(err); steps.Classify(err) != steps.Transient || after < 28*time.Second || after > 29*time.Second {
		t.Errorf("error %v, to be left alone for %s", err, after)
	}
}
