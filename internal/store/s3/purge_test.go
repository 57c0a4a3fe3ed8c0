package s3_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

// versioned is an S3 server in memory whose bucket keeps versions.
func versioned(t *testing.T) http.Handler {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	if err := backend.SetVersioningConfiguration(bucket, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	return gofakes3.New(backend).Server()
}

func ask(t *testing.T, server http.Handler, method, target string) string {
	t.Helper()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(method, "/"+bucket+target, nil))
	if w.Code >= 300 {
		t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
	}
	return w.Body.String()
}

func put(t *testing.T, s *s3.Store, key, content string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(content), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func left(t *testing.T, s *s3.Store, prefix string) []string {
	t.Helper()
	var keys []string
	for key, err := range s.Remains(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("Remains: %v", err)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func TestPurgeReachesEveryVersion(t *testing.T) {
	t.Parallel()
	server := versioned(t)
	s := open(t, server, func(o *s3.Options) { o.Prefix = "team" })
	for i := range 3 {
		put(t, s, "r/overwritten", fmt.Sprint("take ", i))
		put(t, s, "r/deleted", fmt.Sprint("take ", i))
		put(t, s, "r/overwritten too", fmt.Sprint("take ", i))
	}
	if err := s.Delete(t.Context(), "r/deleted"); err != nil {
		t.Fatal(err)
	}
	ask(t, server, http.MethodPost, "/team/r/unfinished?uploads")
	ask(t, server, http.MethodPost, "/team/r/unfinished?uploads")
	all := []string{"r/deleted", "r/overwritten", "r/overwritten too", "r/unfinished"}
	if diff := cmp.Diff(all, left(t, s, "r/")); diff != "" {
		t.Fatalf("before (-want +got):\n%s", diff)
	}
	for _, key := range []string{"r/deleted", "r/overwritten", "r/unfinished"} {
		if err := s.Purge(t.Context(), key); err != nil {
			t.Fatalf("Purge(%q): %v", key, err)
		}
	}
	if diff := cmp.Diff([]string{"r/overwritten too"}, left(t, s, "")); diff != "" {
		t.Errorf("what remains (-want +got):\n%s", diff)
	}
	// As the server tells it, not through the store.
	if versions := ask(t, server, http.MethodGet, "?versions"); strings.Count(versions, "<Version>") != 3 || strings.Contains(versions, "DeleteMarker>") {
		t.Errorf("the bucket still has\n%s", versions)
	}
	if uploads := ask(t, server, http.MethodGet, "?uploads"); strings.Contains(uploads, "<UploadId>") {
		t.Errorf("unfinished uploads:\n%s", uploads)
	}
}

// answers lets some requests meet another answer than the server's.
func answers(next http.Handler, odd func(w http.ResponseWriter, method string, q url.Values) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !odd(w, r.Method, r.URL.Query()) {
			next.ServeHTTP(w, r)
		}
	})
}

// Garage and others know no versions; the object itself goes all the same.
func TestPurgeWithoutVersions(t *testing.T) {
	t.Parallel()
	s := open(t, answers(fake(t), func(w http.ResponseWriter, _ string, q url.Values) bool {
		odd := q.Has("versions") || q.Has("uploads")
		if odd {
			refuse(w, http.StatusNotImplemented, "NotImplemented", "This operation is not implemented.")
		}
		return odd
	}))
	put(t, s, "a", "x")
	put(t, s, "ab", "x")
	if err := s.Purge(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ab"}, left(t, s, "")); diff != "" {
		t.Errorf("what remains (-want +got):\n%s", diff)
	}
}

// Whoever may not see old versions must not believe that there are none.
func TestPurgeDenied(t *testing.T) {
	t.Parallel()
	s := open(t, answers(versioned(t), func(w http.ResponseWriter, _ string, q url.Values) bool {
		if q.Has("versions") {
			refuse(w, http.StatusForbidden, "AccessDenied", "Access Denied")
		}
		return q.Has("versions")
	}))
	put(t, s, "a", "x")
	purged := s.Purge(t.Context(), "a")
	var listed error
	for _, err := range s.Remains(t.Context(), "") {
		listed = err
	}
	for what, err := range map[string]error{"Purge": purged, "Remains": listed} {
		var e *store.Error
		if !errors.Is(err, store.ErrDenied) || store.IsTransient(err) || !errors.As(err, &e) || !strings.Contains(e.Hint(), "s3:ListBucketVersions") {
			t.Errorf("%s: %v, want a refusal that names the permission", what, err)
		}
	}
	if _, err := s.Stat(t.Context(), "a"); err != nil {
		t.Errorf("the object: %v", err)
	}
}

// A bucket with more versions than fit on a page.
func TestRemainsPages(t *testing.T) {
	t.Parallel()
	asked := 0
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Has("uploads"):
			io.WriteString(w, `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`)
		case q.Get("key-marker") == "":
			asked++
			io.WriteString(w, `<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>`+
				`<Version><Key>a</Key><VersionId>1</VersionId></Version></ListVersionsResult>`)
		case q.Get("version-id-marker") == "1":
			asked++
			io.WriteString(w, `<ListVersionsResult><IsTruncated>false</IsTruncated><DeleteMarker><Key>b</Key><VersionId>2</VersionId></DeleteMarker></ListVersionsResult>`)
		}
	}))
	if diff := cmp.Diff([]string{"a", "b"}, left(t, s, "")); diff != "" || asked != 2 {
		t.Errorf("%d pages; (-want +got):\n%s", asked, diff)
	}
	stuck := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>`)
	}))
	err := stuck.Purge(t.Context(), "a")
	if err == nil || !strings.Contains(err.Error(), "does not go on") {
		t.Errorf("a listing without its next page: %v", err)
	}
}
