package s3_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

// A connection that closes inside a body must never look like the end of a
// shorter object.
func TestConnectionClosedInBody(t *testing.T) {
	t.Parallel()
	for name, announce := range map[string]func(http.ResponseWriter){
		"with length": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "1000000") },
		"chunked":     func(http.ResponseWriter) {},
	} {
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			announce(w)
			_, _ = w.Write(make([]byte, 300_000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		rc, _, err := s.Get(t.Context(), "key")
		if err != nil {
			t.Fatalf("%s: Get: %v", name, err)
		}
		n, err := io.Copy(io.Discard, store.Verify(rc, "", -1))
		rc.Close()
		if n != 300_000 {
			t.Errorf("%s: read %d bytes, want 300000", name, n)
		}
		wantError(t, name, err, nil, true)
		var e *store.Error
		if !errors.As(err, &e) || e.Op != "read" || e.Key != "key" {
			t.Errorf("%s: error %v does not name the key", name, err)
		}
	}
}

// shortBody is a transport that loses the end of every body without an error,
// as a broken proxy between might.
type shortBody struct{}

func (shortBody) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Length": {"10"}, "Etag": {`"e"`}},
		ContentLength: 10,
		Body:          io.NopCloser(strings.NewReader("1234")),
		Request:       r,
	}, nil
}

func TestBodyShorterThanAnnounced(t *testing.T) {
	t.Parallel()
	s := open(t, http.NotFoundHandler(), func(o *s3.Options) { o.HTTPClient = &http.Client{Transport: shortBody{}} })
	rc, info, err := s.Get(t.Context(), "key")
	if err != nil || info.Size != 10 {
		t.Fatalf("Get = %+v, %v, want size 10", info, err)
	}
	data, err := io.ReadAll(rc)
	wantError(t, "read", err, nil, true)
	if string(data) != "1234" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %q, %v, want 1234 and io.ErrUnexpectedEOF", data, err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	// Nobody is given this port who asks for a free one.
	s := open(t, http.NotFoundHandler(), func(o *s3.Options) { o.Endpoint = "http://127.0.0.1:1" })
	for op, run := range operations {
		err := run(t.Context(), s)
		wantError(t, op, err, nil, true)
		var e *store.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), "endpoint") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: error %v lacks the reason or a hint at the endpoint", op, err)
		}
	}
}

func TestWrongProtocol(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for name, endpoint := range map[string]string{
		"https to a plain server": "https" + strings.TrimPrefix(plain.URL, "http"),
		"unknown certificate":     untrusted.URL,
	} {
		s := open(t, http.NotFoundHandler(), func(o *s3.Options) { o.Endpoint = endpoint })
		_, _, err := s.Get(t.Context(), "key")
		wantError(t, name, err, nil, false)
		var e *store.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), "certificate") {
			t.Errorf("%s: error %v has no hint at the endpoint", name, err)
		}
	}
}

// A signed request must not follow a redirect to wherever.
func TestRedirectNotFollowed(t *testing.T) {
	t.Parallel()
	followed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	t.Cleanup(other.Close)
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusMovedPermanently)
	}), func(o *s3.Options) { o.HTTPClient = &http.Client{} })
	_, _, err := s.Get(t.Context(), "key")
	wantError(t, "get", err, store.ErrBucketNotFound, false)
	if followed {
		t.Error("the redirect was followed")
	}
}

// A server that ignores the Range must not pass its whole object off as a part.
func TestRangeIgnored(t *testing.T) {
	t.Parallel()
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "0123456789") }))
	_, err := s.GetRange(t.Context(), "key", 3, 2)
	wantError(t, "range", err, nil, false)
}

func TestListingThatLies(t *testing.T) {
	t.Parallel()
	page := func(truncated bool, next string, keys ...string) string {
		text := fmt.Sprintf(`<?xml version="1.0"?><ListBucketResult><IsTruncated>%t</IsTruncated>`, truncated)
		if next != "" {
			text += "<NextContinuationToken>" + next + "</NextContinuationToken>"
		}
		for _, key := range keys {
			text += "<Contents><Key>" + key + "</Key><Size>1</Size></Contents>"
		}
		return text + "</ListBucketResult>"
	}
	for _, test := range []struct {
		name, page string
		want       []string
		ok         bool
	}{
		{"unsorted", page(false, "", "b", "a"), []string{"b"}, false},
		{"same page again", page(true, "t", "a", "b"), []string{"a", "b"}, false},
		{"no way on", page(true, "", "a"), []string{"a"}, false},
		{"empty pages for ever", page(true, "t"), nil, false},
		{"foreign keys", page(false, "", "a", "b/", "c//d"), []string{"a"}, true},
	} {
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, test.page) }))
		var got []string
		var failed error
		for info, err := range s.List(t.Context(), "") {
			if err != nil {
				failed = err
				continue
			}
			got = append(got, info.Key)
		}
		if strings.Join(got, " ") != strings.Join(test.want, " ") || (failed == nil) != test.ok {
			t.Errorf("%s: List gave %q and error %v, want %q and ok %t", test.name, got, failed, test.want, test.ok)
		}
		if !test.ok {
			wantError(t, test.name, failed, nil, false)
		}
	}
}
