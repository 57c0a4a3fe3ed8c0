package serve_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// transferred fetches as a browser does, and returns how many bytes came.
func transferred(t testing.TB, url string) (n int, body string) {
	t.Helper()
	status, raw, head := request(t, http.MethodGet, url, "", http.Header{"Accept-Encoding": {"gzip"}})
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", url, status, raw)
	}
	if head.Get("Content-Encoding") != "gzip" {
		return len(raw), raw
	}
	z, err := gzip.NewReader(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return len(raw), string(text)
}

// TestLongMeeting fetches all that the page of a 3-hour recording with 20
// speakers needs before its audio: less than 1 MB.
func TestLongMeeting(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	m := newMeeting(t, st, "long")
	m.speakers, m.seconds = 20, 3*3600
	m.whole()
	_, url := start(t, options(t, st, nil))
	total, page := transferred(t, url+"/recordings/long")
	for _, part := range strings.Split(page, `"`) {
		if strings.HasPrefix(part, "/static/") || strings.HasSuffix(part, "/words.json") || strings.HasSuffix(part, "/waveform.json") {
			n, _ := transferred(t, url+part)
			total += n
		}
	}
	t.Logf("%d bytes, of which the page is %d uncompressed", total, len(page))
	if total >= 1_000_000 {
		t.Errorf("the page takes %d bytes", total)
	}
	if n := strings.Count(page, `class="g"`); n < 1000 {
		t.Errorf("only %d segments are on the page", n)
	}
}

// TestHostileNames has people and titles that are pieces of a page.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	m := newMeeting(t, st, "xss")
	evil := `<img src=x onerror=alert(1)>"'><script>alert(2)</script>`
	m.title = evil
	m.name = func(int) string { return evil }
	m.whole()
	f := newMeeting(t, st, "failed")
	f.failed("pad-track", evil)
	_, url := start(t, options(t, st, nil))
	for _, path := range []string{"/", "/recordings/xss", "/recordings/failed", "/?q=" + strings.ReplaceAll("<script>alert(3)</script>", "<", "%3C"), "/?state=%3Cscript%3E"} {
		_, body := get(t, url+path)
		for _, bad := range []string{"<img src=x", "<script>alert", "onerror=alert(1)>\"'><s"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %s", path, bad)
			}
		}
	}
}

// TestFiles serves what a run made and the result, in ranges.
func TestFiles(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	newMeeting(t, st, "m1").whole()
	if _, err := st.Put(t.Context(), "secret.txt", strings.NewReader("do not show"), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	_, url := start(t, options(t, st, nil))
	for _, at := range []string{"/v1/recordings/m1/result/audio.webm", "/v1/recordings/m1/runs/r1/audio.webm"} {
		status, all, head := request(t, http.MethodGet, url+at, "", nil)
		if status != 200 || head.Get("Content-Type") != "audio/webm" || head.Get("Accept-Ranges") != "bytes" {
			t.Errorf("%s: %d, %v", at, status, head)
		}
		status, part, head := request(t, http.MethodGet, url+at, "", http.Header{"Range": {"bytes=5-8"}})
		if status != http.StatusPartialContent || part != all[5:9] || head.Get("Content-Range") != fmt.Sprintf("bytes 5-8/%d", len(all)) {
			t.Errorf("%s, a part: %d %q %v", at, status, part, head)
		}
		if status, _, _ := request(t, http.MethodGet, url+at, "", http.Header{"Range": {"bytes=99999-"}}); status != http.StatusRequestedRangeNotSatisfiable {
			t.Errorf("%s, past the end: %d", at, status)
		}
		if status, _, _ := request(t, http.MethodGet, url+at, "", http.Header{"If-None-Match": {head.Get("Etag")}}); status != http.StatusNotModified {
			t.Errorf("%s, known: %d", at, status)
		}
	}
	_, _, head := request(t, http.MethodGet, url+"/v1/recordings/m1/result/report.html", "", nil)
	if policy := head.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the report may do: %s", policy)
	}
	for _, at := range []string{
		"/v1/recordings/m1/result/..%2f..%2f..%2fsecret.txt", "/v1/recordings/m1/result/%2e%2e%2frun.json", "/v1/recordings/m1/result/none.txt",
		"/v1/recordings/..%2fm1/result/audio.webm", "/v1/recordings/m1/runs/..%2f..%2f..%2f/secret.txt", "/v1/recordings/m1/runs/r1/receipts",
		"/v1/recordings/m1/runs/r1/%00", "/static/..%2f..%2fweb.go", "/recordings/M1", "/recordings/%00", "/recordings/m2", "/v1/recordings/m2/events",
		"/v1/recordings/" + strings.Repeat("m", 5000),
	} {
		status, body, _ := request(t, http.MethodGet, url+at, "", nil)
		if status != http.StatusNotFound || strings.Contains(body, "do not show") {
			t.Errorf("%s: %d %.80s", at, status, body)
		}
	}
	if err := st.Delete(t.Context(), run.ResultKey("m1", "audio.webm")); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, url+"/v1/recordings/m1/result/audio.webm"); status != http.StatusGone {
		t.Errorf("a file that was deleted: %d", status)
	}
}
