package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

// openUploads is the number of multipart uploads that a server still holds.
func openUploads(t *testing.T, server http.Handler) int {
	t.Helper()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+bucket+"?uploads", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("list uploads: HTTP %d: %s", w.Code, w.Body)
	}
	return strings.Count(w.Body.String(), "<UploadId>")
}

func TestFailedUploadIsAborted(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("the source broke")
	for _, want := range []error{errBroken, context.Canceled} {
		server := fake(t)
		s := open(t, server)
		ctx, cancel := context.WithCancel(t.Context())
		during := -1
		_, err := s.Put(ctx, "key", io.MultiReader(
			io.LimitReader(zeros{}, 2*s3.PartSize),
			readerFunc(func(p []byte) (int, error) {
				during = openUploads(t, server)
				if want == errBroken {
					return 0, errBroken
				}
				cancel()
				return len(p), nil
			})), store.PutOptions{})
		cancel()
		if !errors.Is(err, want) {
			t.Errorf("error is %v, want %v", err, want)
		}
		if during != 1 {
			t.Errorf("%v: %d uploads were open before the end, want 1: this test shows nothing", want, during)
		}
		if n := openUploads(t, server); n != 0 {
			t.Errorf("%v: %d uploads are left open", want, n)
		}
	}
}

// The caller's cancellation is what is reported, whatever else goes wrong after.
func TestCancelAndFailedAbort(t *testing.T) {
	t.Parallel()
	next := fake(t)
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			refuse(w, http.StatusInternalServerError, "InternalError", "no")
			return
		}
		next.ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := s.Put(ctx, "key", io.MultiReader(
		io.LimitReader(zeros{}, 2*s3.PartSize),
		readerFunc(func(p []byte) (int, error) {
			cancel()
			return len(p), nil
		})), store.PutOptions{})
	wantError(t, "put", err, nil, false)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Two large objects are completed at the same moment: the server decides.
func TestCreateOnceInParts(t *testing.T) {
	t.Parallel()
	server := fake(t)
	s := open(t, server)
	var read, done sync.WaitGroup
	read.Add(2)
	errs := make([]error, 2)
	for i := range errs {
		done.Go(func() {
			var once sync.Once
			src := io.MultiReader(io.LimitReader(zeros{}, s3.PartSize), readerFunc(func([]byte) (int, error) {
				once.Do(read.Done)
				read.Wait()
				return 0, io.EOF
			}))
			_, errs[i] = s.Put(t.Context(), "key", src, store.PutOptions{IfAbsent: true})
		})
	}
	done.Wait()
	won, lost := errs[0], errs[1]
	if won != nil {
		won, lost = lost, won
	}
	if won != nil {
		t.Errorf("both failed: %v and %v", won, lost)
	}
	wantError(t, "the loser", lost, store.ErrExists, false)
	if n := openUploads(t, server); n != 0 {
		t.Errorf("%d uploads are left open", n)
	}
}

// The look before the upload is no more than that: the answer to the write
// counts.
func TestConditionRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		status    int
		code      string
		thereNow  bool
		kind      error
		transient bool
	}{
		{"there before", 412, "PreconditionFailed", true, store.ErrExists, false},
		{"conflict, other won", 409, "ConditionalRequestConflict", true, store.ErrExists, false},
		{"conflict, nobody won", 409, "ConditionalRequestConflict", false, nil, true},
	} {
		heads := 0
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodHead:
				if heads++; heads == 1 || !test.thereNow {
					w.WriteHeader(http.StatusNotFound)
				}
			case r.Header.Get("If-None-Match") != "*":
				t.Errorf("%s: %s without a condition", test.name, r.Method)
			default:
				refuse(w, test.status, test.code, "no")
			}
		}))
		_, err := s.Put(t.Context(), "key", strings.NewReader("x"), store.PutOptions{IfAbsent: true})
		wantError(t, test.name, err, test.kind, test.transient)
	}
}

// What is there already is not uploaded again.
func TestCreateOnceReadsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, fake(t))
	if _, err := s.Put(t.Context(), "key", strings.NewReader("x"), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	src := readerFunc(func([]byte) (int, error) {
		t.Error("the source was read")
		return 0, io.EOF
	})
	_, err := s.Put(t.Context(), "key", src, store.PutOptions{IfAbsent: true})
	wantError(t, "put", err, store.ErrExists, false)
}

// Other servers do not know the newer checksum headers and trailers.
func TestRequestsArePlain(t *testing.T) {
	t.Parallel()
	next := fake(t)
	var mu sync.Mutex
	types := map[string]bool{}
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "checksum") || name == "X-Amz-Trailer" {
				t.Errorf("%s %s has the header %s", r.Method, r.URL.Path, name)
			}
		}
		if r.Header.Get("Content-Encoding") != "" || len(r.TransferEncoding) > 0 {
			t.Errorf("%s %s is sent in chunks", r.Method, r.URL.Path)
		}
		if r.Method == http.MethodPut && !r.URL.Query().Has("uploadId") || r.URL.Query().Has("uploads") {
			types[r.Header.Get("Content-Type")] = true
		}
		mu.Unlock()
		next.ServeHTTP(w, r)
	}))
	for _, size := range []int64{10, 2 * s3.PartSize} {
		if _, err := s.Put(t.Context(), "mix.webm", io.LimitReader(zeros{}, size), store.PutOptions{ContentType: "audio/webm"}); err != nil {
			t.Fatalf("Put of %d bytes: %v", size, err)
		}
		rc, _, err := s.Get(t.Context(), "mix.webm")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		rc.Close()
	}
	if len(types) != 1 || !types["audio/webm"] {
		t.Errorf("content types sent: %v, want only audio/webm", types)
	}
}

// The transfer manager prints an upload that could not be completed. A store
// prints nothing. Not parallel: the log belongs to the process.
func TestNothingIsPrinted(t *testing.T) {
	var printed bytes.Buffer
	out := log.Writer()
	log.SetOutput(&printed)
	defer log.SetOutput(out)
	next := fake(t)
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "no")
			return
		}
		next.ServeHTTP(w, r)
	}))
	_, err := s.Put(t.Context(), "key", io.LimitReader(zeros{}, 2*s3.PartSize), store.PutOptions{IfAbsent: true})
	wantError(t, "put", err, store.ErrExists, false)
	if printed.Len() > 0 {
		t.Errorf("printed %q", printed.String())
	}
}
