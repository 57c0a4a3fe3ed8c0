package remote_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/steps"
)

const secret = "key-planted-1234"

func client(base string) *remote.Client {
	return &remote.Client{
		Service: "the service", Setting: "SERVICE_URL", KeyName: "SERVICE_KEY", Base: base,
		Authorize: remote.Bearer(secret), Secrets: []string{secret},
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			url, gate := faulttest.Start(t, f)
			var v map[string]any
			c := client(url)
			c.Timeout = f.Patience()
			err := c.JSON(t.Context(), remote.Request{Op: "ask", Method: http.MethodPost, Body: []byte("{}")}, &v)
			f.Check(t, gate, err)
			if !strings.HasPrefix(err.Error(), "the service: ask: ") {
				t.Errorf("error %v does not say who was asked for what", err)
			}
			if f.Class == steps.Misuse && steps.Hint(err) == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestSuccess(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/things" || r.URL.RawQuery != "after=a+b" || r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("asked for %s with %q", r.URL, r.Header)
		}
		w.Header().Set("Content-Type", "text/plain") // some servers do
		w.Write([]byte(`{"n":3}`))
	}))
	defer srv.Close()
	var v struct{ N int }
	if err := client(srv.URL+"/v1/").JSON(t.Context(), remote.Request{Op: "ask", Path: "things", Query: url.Values{"after": {"a b"}}}, &v); err != nil || v.N != 3 {
		t.Errorf("%d, error %v", v.N, err)
	}
}

func TestSecretsAreBlottedOut(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		w.Write([]byte(`{"error":"wrong key: ` + secret + `"}`))
	}))
	defer srv.Close()
	_, err := client(srv.URL).Do(t.Context(), remote.Request{Op: "ask", Query: url.Values{"token": {secret}}})
	if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "wrong key") {
		t.Errorf("error %v", err)
	}
	// Nobody is given this port who asks for a free one.
	if _, err = client("http://127.0.0.1:1").Do(t.Context(), remote.Request{Op: "ask", Query: url.Values{"token": {secret}}}); err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
}

func TestWrongAddress(t *testing.T) {
	t.Parallel()
	for base, class := range map[string]steps.Class{
		"":                            steps.Misuse,
		"example.com":                 steps.Misuse,
		"ftp://example.com":           steps.Misuse,
		"http://[::1":                 steps.Misuse,
		"http://unknown.invalid/path": steps.Transient,
	} {
		_, err := client(base).Do(t.Context(), remote.Request{Op: "ask"})
		if err == nil || steps.Classify(err) != class || !strings.Contains(steps.Hint(err), "SERVICE_URL") {
			t.Errorf("%q: error %v, class %s, hint %q", base, err, steps.Classify(err), steps.Hint(err))
		}
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	if _, err := client(srv.URL).Do(t.Context(), remote.Request{Op: "ask"}); err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: error %v", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if _, err := client(strings.Replace(plain.URL, "http:", "https:", 1)).Do(t.Context(), remote.Request{Op: "ask"}); err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("no TLS: error %v", err)
	}
}

func TestCanceledIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() }))
	defer srv.Close()
	if _, err := client(srv.URL).Do(ctx, remote.Request{Op: "ask"}); !errors.Is(err, context.Canceled) {
		// The answer may have won the race.
		if err != nil {
			t.Errorf("error %v", err)
		}
	}
}

func TestEndsBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	gate := &faulttest.Gate{}
	for _, f := range faulttest.All() {
		if f.Name == "hang" {
			gate.Shut(f, -1)
		}
	}
	srv := httptest.NewServer(gate)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	c := client(srv.URL)
	c.Timeout = time.Hour
	if _, err := c.Do(ctx, remote.Request{Op: "ask"}); err == nil || ctx.Err() != nil {
		t.Errorf("error %v, context %v: want the call to end first", err, ctx.Err())
	}
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"message":"no such model","type":"x"}}`:                   "no such model",
		`{"error":"invalid-request-error","info":"limit must be a number"}`:  "invalid-request-error",
		`{"result":"error","msg":"Invalid message(s)","code":"BAD_REQUEST"}`: "Invalid message(s)",
		`{"detail":"Not Found"}`: "Not Found",
		`{"detail":[{"loc":["body","file"],"msg":"Field required","input":"Anna"}]}`: "Field required",
		"Invalid request\n":     "Invalid request",
		"<html>nginx</html>":    "",
		`{"words":["private"]}`: "",
		`{"broken`:              "",
		"":                      "",
	} {
		if got := remote.Said([]byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func FuzzSaid(f *testing.F) {
	f.Add([]byte(`{"error":{"message":"m"}}`))
	f.Add([]byte(`[[{"msg":1}]]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := remote.Said(b); strings.ContainsAny(s, "\n\r\x00") || len([]rune(s)) > 200 {
			t.Errorf("%q", s)
		}
	})
}
