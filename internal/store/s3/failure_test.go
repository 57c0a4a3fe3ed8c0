package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

// operations is every way to send a request.
var operations = map[string]func(context.Context, store.Store) error{
	"put": func(ctx context.Context, s store.Store) error {
		_, err := s.Put(ctx, "dir/key", strings.NewReader("x"), store.PutOptions{})
		return err
	},
	"put once": func(ctx context.Context, s store.Store) error {
		_, err := s.Put(ctx, "dir/key", strings.NewReader("x"), store.PutOptions{IfAbsent: true})
		return err
	},
	"put parts": func(ctx context.Context, s store.Store) error {
		_, err := s.Put(ctx, "dir/key", io.LimitReader(zeros{}, 2*s3.PartSize), store.PutOptions{})
		return err
	},
	"get": func(ctx context.Context, s store.Store) error {
		_, _, err := s.Get(ctx, "dir/key")
		return err
	},
	"get range": func(ctx context.Context, s store.Store) error {
		_, err := s.GetRange(ctx, "dir/key", 1, 1)
		return err
	},
	"stat": func(ctx context.Context, s store.Store) error {
		_, err := s.Stat(ctx, "dir/key")
		return err
	},
	"list": func(ctx context.Context, s store.Store) error {
		for _, err := range s.List(ctx, "dir/") {
			return err
		}
		return nil
	},
	"delete": func(ctx context.Context, s store.Store) error { return s.Delete(ctx, "dir/key") },
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// always answers every request with one refusal.
func always(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(status) // HEAD has no body
			return
		}
		refuse(w, status, code, message)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		status    int
		code      string
		kind      error
		transient bool
		hint      string
		notHead   bool // a bare status cannot tell this one
	}{
		{"denied", 403, "AccessDenied", store.ErrDenied, false, `need s3:`, false},
		{"anonymous", 401, "Unauthorized", store.ErrDenied, false, `on bucket "test-bucket"`, false},
		{"wrong key", 403, "InvalidAccessKeyId", store.ErrDenied, false, "check both", true},
		{"wrong secret", 403, "SignatureDoesNotMatch", store.ErrDenied, false, "the secret is wrong", true},
		{"expired", 400, "ExpiredToken", store.ErrDenied, false, "expired", true},
		{"clock", 403, "RequestTimeTooSkewed", store.ErrDenied, false, "clock", true},
		{"no bucket", 404, "NoSuchBucket", store.ErrBucketNotFound, false, `bucket "test-bucket"`, false},
		{"other region", 301, "PermanentRedirect", store.ErrBucketNotFound, false, "region", false},
		{"malformed", 400, "AuthorizationHeaderMalformed", store.ErrBucketNotFound, false, "region", true},
		{"quota", 403, "QuotaExceeded", store.ErrFull, false, "quota", true},
		{"full", 507, "XMinioStorageFull", store.ErrFull, false, "free space", false},
		{"internal", 500, "InternalError", nil, true, "", false},
		{"gateway", 502, "BadGateway", nil, true, "", false},
		{"slow down", 503, "SlowDown", nil, true, "", false},
		{"throttled", 429, "TooManyRequests", nil, true, "", false},
		{"timeout", 400, "RequestTimeout", nil, true, "", true},
		{"damaged", 400, "BadDigest", nil, true, "", true},
		{"not implemented", 501, "NotImplemented", nil, false, "", false},
		{"nonsense", 400, "InvalidArgument", nil, false, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, always(test.status, test.code, "the server's words"))
			for op, run := range operations {
				if op == "stat" && test.notHead {
					continue
				}
				err := run(t.Context(), s)
				wantError(t, op, err, test.kind, test.transient)
				var e *store.Error
				if !errors.As(err, &e) {
					continue
				}
				if want := map[bool]string{true: "dir/", false: "dir/key"}[op == "list"]; e.Key != want {
					t.Errorf("%s: error has key %q, want %q", op, e.Key, want)
				}
				if !strings.Contains(e.Hint(), test.hint) {
					t.Errorf("%s: hint is %q, want %q in it", op, e.Hint(), test.hint)
				}
				if text := err.Error(); op != "stat" && !strings.Contains(text, "the server's words") {
					if e.Err != nil { // a sentinel found by asking has no words
						t.Errorf("%s: error %q does not have the server's message", op, text)
					}
				}
			}
		})
	}
}

// wantError checks the kind of an error (nil: none of the sentinels), whether
// it is transient, and that it gives nothing away.
func wantError(t *testing.T, what string, err, kind error, transient bool) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if kind != nil && !cmp.Equal(err, kind, cmpopts.EquateErrors()) {
		t.Errorf("%s: error is %v, want %v", what, err, kind)
	}
	for _, k := range []error{store.ErrNotFound, store.ErrBucketNotFound, store.ErrDenied, store.ErrExists, store.ErrFull, store.ErrMismatch, store.ErrBadKey} {
		if k != kind && errors.Is(err, k) {
			t.Errorf("%s: error %v is also %v", what, err, k)
		}
	}
	if got := store.IsTransient(err); got != transient {
		t.Errorf("%s: IsTransient(%v) = %t, want %t", what, err, got, transient)
	}
	for _, secret := range []string{"AKIDTEST", "the-secret", "Signature=", "http://", "https://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %q has %q in it", what, err, secret)
		}
	}
}

func TestHintNamesPermission(t *testing.T) {
	t.Parallel()
	s := open(t, always(403, "AccessDenied", "Access Denied"))
	for op, permission := range map[string]string{
		"put": "s3:PutObject", "get": "s3:GetObject", "stat": "s3:ListBucket", "list": "s3:ListBucket", "delete": "s3:DeleteObject",
	} {
		var hinted interface{ Hint() string }
		if err := operations[op](t.Context(), s); !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), permission) {
			t.Errorf("%s: error %v has no hint with %q", op, err, permission)
		}
	}
}

func TestWrongBucket(t *testing.T) {
	t.Parallel()
	s := open(t, fake(t), func(o *s3.Options) { o.Bucket = "no-such-bucket" })
	for op, run := range operations {
		wantError(t, op, run(t.Context(), s), store.ErrBucketNotFound, false)
	}
}

// A HEAD that finds nothing does not say whether it is the bucket. The store
// asks, but only until the bucket has answered.
func TestMissingAsksForBucketOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	next := fake(t)
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !isKey(r) {
			asked.Add(1)
		}
		next.ServeHTTP(w, r)
	}))
	for range 3 {
		_, err := s.Stat(t.Context(), "missing")
		wantError(t, "stat", err, store.ErrNotFound, false)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked for the bucket %d times, want once", n)
	}
}

func TestMissingWhenBucketDoesNotTell(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status    int
		kind      error
		transient bool
	}{
		{403, store.ErrNotFound, false},
		{404, store.ErrBucketNotFound, false},
		{500, nil, true},
	} {
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isKey(r) {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.WriteHeader(test.status)
		}))
		for _, op := range []string{"stat", "get"} {
			wantError(t, op, operations[op](t.Context(), s), test.kind, test.transient)
		}
	}
}

func TestOtherRegion(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 307, 400} {
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "us-west-2")
			w.WriteHeader(status)
		}))
		_, err := s.Stat(t.Context(), "key")
		wantError(t, "stat", err, store.ErrBucketNotFound, false)
		var e *store.Error
		if errors.As(err, &e) && !strings.Contains(e.Hint(), `"us-west-2"`) {
			t.Errorf("status %d: hint %q does not name the region", status, e.Hint())
		}
	}
}

func TestSlowDownThenOK(t *testing.T) {
	t.Parallel()
	for op, run := range operations {
		next := fake(t)
		var requests atomic.Int32
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 1 {
				always(503, "SlowDown", "Please reduce your request rate.")(w, r)
				return
			}
			next.ServeHTTP(w, r)
		}))
		err := run(t.Context(), s)
		if errors.Is(err, store.ErrNotFound) {
			err = nil // an answer like any other
		}
		if err != nil || requests.Load() < 2 {
			t.Errorf("%s: error %v after %d requests, want none after more than one", op, err, requests.Load())
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		always(500, "InternalError", "We encountered an internal error.")(w, r)
	}))
	_, _, err := s.Get(t.Context(), "key")
	wantError(t, "get", err, nil, true)
	const want = `get "key": InternalError: We encountered an internal error. (HTTP 500), after 3 attempts`
	if err.Error() != want || requests.Load() != 3 {
		t.Errorf("error %q after %d requests, want %q after 3", err, requests.Load(), want)
	}
}
