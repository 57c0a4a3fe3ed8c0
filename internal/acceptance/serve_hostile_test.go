package acceptance

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

// TestServeHostileClients has clients that never come to the end of a request,
// or send far too much. They are cut off, and others are served meanwhile.
func TestServeHostileClients(t *testing.T) {
	t.Parallel()
	url, _, _ := serving(t, map[string]string{"DAILY_WEBHOOK_SECRET": "c2VjcmV0", "TRACKSCRIBE_MODEL_DIR": testenv.Model(t)}, "--store", t.TempDir(), "--open")
	host := strings.TrimPrefix(url, "http://")
	var slow sync.WaitGroup
	for i := range 200 {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /webhooks/daily HTTP/1.1\r\nHost: %s\r\nX-Slow: %d", host, i)
		slow.Go(func() {
			_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("a slow client is not cut off: %v", err)
			}
		})
	}
	status := func(method, path string, body io.Reader, header http.Header) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0 // cut off in the middle
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if got := status(http.MethodGet, "/v1/recordings", nil, http.Header{}); got != http.StatusOK {
		t.Errorf("beside slow clients: %d", got)
	}
	for path, want := range map[string]int{"/webhooks/daily": http.StatusRequestEntityTooLarge, "/v1/recordings/x/runs": http.StatusBadRequest, "/recordings/x/runs": http.StatusBadRequest} {
		huge := io.LimitReader(zeros{}, 1<<30)
		if got := status(http.MethodPost, path, huge, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}); got != want && got != 0 {
			t.Errorf("a huge body for %s: %d, want %d", path, got, want)
		}
	}
	if got := status(http.MethodGet, "/healthz", nil, http.Header{"X-Large": {strings.Repeat("x", 1<<20)}}); got != http.StatusRequestHeaderFieldsTooLarge && got != 0 {
		t.Errorf("a huge header: %d", got)
	}
	// A site that has its own name lead here, in the browser of somebody who is here.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/recordings", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %v, %v", res, err)
	} else {
		res.Body.Close()
	}
	slow.Wait()
	if got := status(http.MethodGet, "/healthz", nil, http.Header{}); got != http.StatusOK {
		t.Errorf("in the end: %d", got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
