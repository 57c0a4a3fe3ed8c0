package s3_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/internal/store/s3"
)

const bucket = "test-bucket"

// fake is an S3 server in memory, on loopback, with one bucket: gofakes3 behind
// a handler that makes up for what v1.2.0 lacks.
func fake(t testing.TB) http.Handler {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return &likeAWS{next: gofakes3.New(backend).Server(), etags: map[string]string{}}
}

// likeAWS corrects three things, none of which a store could work around:
//
//   - If-None-Match is atomic for PutObject, but CompleteMultipartUpload ignores
//     it. Here it is checked, one completion at a time.
//   - The ETag that CompleteMultipartUpload returns is not the object's later on.
//   - HEAD tells a version id although the bucket keeps no versions.
type likeAWS struct {
	next  http.Handler
	mu    sync.Mutex
	etags map[string]string // of objects made in parts, by path
}

var etagElement = regexp.MustCompile(`<ETag>(?:&#34;|&quot;|")?([^<&"]+)`)

func (f *likeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	inParts := r.URL.Query().Has("uploadId") || r.URL.Query().Has("uploads")
	switch {
	case r.Method == http.MethodPost && r.URL.Query().Has("uploadId"):
		f.complete(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		f.mu.Lock()
		etag := f.etags[r.URL.Path]
		f.mu.Unlock()
		h := &header{ResponseWriter: w, etag: etag, head: r.Method == http.MethodHead}
		f.next.ServeHTTP(h, r)
		h.fix() // an answer without a body never wrote
	default:
		f.next.ServeHTTP(w, r)
		if !inParts {
			f.mu.Lock()
			delete(f.etags, r.URL.Path)
			f.mu.Unlock()
		}
	}
}

func (f *likeAWS) complete(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("If-None-Match") == "*" {
		look := httptest.NewRecorder()
		f.next.ServeHTTP(look, httptest.NewRequest(http.MethodHead, r.URL.EscapedPath(), nil))
		if look.Code == http.StatusOK {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
			return
		}
	}
	answer := httptest.NewRecorder()
	f.next.ServeHTTP(answer, r)
	if m := etagElement.FindSubmatch(answer.Body.Bytes()); m != nil {
		f.etags[r.URL.Path] = `"` + string(m[1]) + `"`
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// header changes an answer's header just before it is sent.
type header struct {
	http.ResponseWriter
	etag  string
	head  bool
	fixed bool
}

func (h *header) fix() {
	if h.fixed {
		return
	}
	h.fixed = true
	if h.etag != "" && h.Header().Get("ETag") != "" {
		h.Header().Set("ETag", h.etag)
	}
	if h.head {
		h.Header().Del("X-Amz-Version-Id")
	}
}

func (h *header) WriteHeader(status int) {
	h.fix()
	h.ResponseWriter.WriteHeader(status)
}

func (h *header) Write(p []byte) (int, error) {
	h.fix()
	return h.ResponseWriter.Write(p)
}

// refuse answers as S3 does.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + message +
		`</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>`))
}

// open makes a store that talks to handler.
func open(t testing.TB, handler http.Handler, change ...func(*s3.Options)) *s3.Store {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	opt := s3.Options{
		Bucket:          bucket,
		Region:          "eu-central-1",
		Endpoint:        server.URL,
		PathStyle:       true,
		AccessKeyID:     "AKIDTEST",
		SecretAccessKey: "the-secret",
	}
	s3.SetMaxBackoff(&opt, time.Millisecond)
	for _, f := range change {
		f(&opt)
	}
	s, err := s3.New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// isKey says whether a request is about an object, not about the bucket.
func isKey(r *http.Request) bool {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return key != ""
}
