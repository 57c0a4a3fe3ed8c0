package serve_test

import (
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
)

// TestAnswersAsDocumented asks everything, in ways that work and ways that do
// not, and holds the answers against the OpenAPI document.
func TestAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	newMeeting(t, st, "m1").whole()
	newMeeting(t, st, "m2").failed("pad-track", "no audio")
	server, url := start(t, options(t, st, newStarter(st)))
	work(t, server)
	until(t, "the list is full", func() bool {
		_, body := get(t, url+"/v1/recordings")
		return strings.Contains(body, `"total":2`)
	})
	for _, c := range []struct {
		pattern, path, body string
		head                http.Header
		want                int
	}{
		{"GET /v1/openapi.json", "", "", nil, 200},
		{"GET /v1/recordings", "?q=RIVERS&state=succeeded&limit=1", "", nil, 200},
		{"GET /v1/recordings", "?state=none", "", nil, 400},
		{"GET /v1/recordings", "?offset=-1", "", nil, 400},
		{"GET /v1/recordings", "?offset=7000", "", nil, 200},
		{"GET /v1/recordings/{id}", "/v1/recordings/m1", "", nil, 200},
		{"GET /v1/recordings/{id}", "/v1/recordings/m2", "", nil, 200},
		{"GET /v1/recordings/{id}", "/v1/recordings/m3", "", nil, 404},
		{"POST /v1/recordings/{id}/runs", "/v1/recordings/m1/runs", `{"refresh":["generate-title"]}`, nil, 202},
		{"POST /v1/recordings/{id}/runs", "/v1/recordings/m2/runs", `{"refresh":["none"]}`, nil, 422},
		{"POST /v1/recordings/{id}/runs", "/v1/recordings/m2/runs", `[]`, nil, 400},
		{"GET /v1/recordings/{id}/result/{file}", "/v1/recordings/m1/result/summary.md?download", "", nil, 200},
		{"GET /v1/recordings/{id}/result/{file}", "/v1/recordings/m1/result/audio.webm", "", http.Header{"Range": {"bytes=0-3"}}, 206},
		{"GET /v1/recordings/{id}/result/{file}", "/v1/recordings/m1/result/audio.webm", "", http.Header{"Range": {"bytes=9999-"}}, 416},
		{"GET /v1/recordings/{id}/result/{file}", "/v1/recordings/m1/result/no", "", nil, 404},
		{"GET /v1/recordings/{id}/runs/{run}/{file}", "/v1/recordings/m1/runs/r1/title.json", "", nil, 200},
		{"GET /v1/recordings/{id}/runs/{run}/{file}", "/v1/recordings/m1/runs/r2/title.json", "", nil, 404},
		{"GET /v1/recordings/{id}/events", "/v1/recordings/m3/events", "", nil, 404},
	} {
		method, path, _ := strings.Cut(c.pattern, " ")
		if strings.HasPrefix(c.path, "/") {
			path = c.path
		} else {
			path += c.path
		}
		status, body, head := request(t, method, url+path, c.body, c.head)
		if status != c.want {
			t.Errorf("%s %s: %d, want %d: %.200s", method, path, status, c.want, body)
		}
		if c.path == "/v1/recordings/m2" && !strings.Contains(body, `"state":"failed"`) {
			t.Errorf("%s: %.300s", path, body)
		}
		if err := serve.CheckAnswer(c.pattern, status, head.Get("Content-Type"), []byte(body)); err != nil {
			t.Errorf("%s %s: %v\n%.500s", method, path, err, body)
		}
	}
}

// TestStrangersAndReaders has a token let people in, and nobody else.
func TestStrangersAndReaders(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	newMeeting(t, st, "m1").whole()
	const token = "a token that is long enough"
	o := options(t, st, newStarter(st))
	var server *serve.Server
	door, err := guard.New(guard.Options{
		Token: token, ReadOnly: true, Public: serve.Public, Now: o.Now, Log: logtest.To(t),
		SignIn: func(w http.ResponseWriter, r *http.Request, status int, next, problem string) {
			server.SignIn(w, r, status, next, problem)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Guard = door
	server, url := start(t, o)
	paths := []string{
		"/", "/recordings/m1", "/recordings/m1/parts/graph", "/recordings/m1/runs/r1/words.json", "/metrics", "/v1/openapi.json", "/v1/recordings", "/v1/recordings/m1",
		"/v1/recordings/m1/events", "/v1/recordings/m1/result/audio.webm", "/v1/recordings/m1/runs/r1/title.json", "/nothing",
	}
	for _, path := range paths {
		for _, head := range []http.Header{nil, {"Authorization": {"Bearer wrong"}}, {"Authorization": {"Bearer "}}, {"Cookie": {"trackscribe_session=x"}}} {
			status, body, _ := request(t, http.MethodGet, url+path, "", head)
			if status != http.StatusUnauthorized && status != http.StatusSeeOther || strings.Contains(body, "Fences") || strings.Contains(body, "Person") {
				t.Errorf("%s to a stranger: %d %.100s", path, status, body)
			}
		}
		if strings.HasSuffix(path, "/events") || path == "/nothing" || strings.Contains(path, "parts") {
			continue
		}
		if status, body, _ := request(t, http.MethodGet, url+path, "", http.Header{"Authorization": {"Bearer " + token}}); status != 200 {
			t.Errorf("%s with the token: %d %.100s", path, status, body)
		}
	}
	for _, path := range []string{"/recordings/m1/runs", "/v1/recordings/m1/runs"} {
		if status, _, _ := request(t, http.MethodPost, url+path, "", http.Header{"Authorization": {"Bearer " + token}}); status != http.StatusForbidden {
			t.Errorf("%s where nobody may write: %d", path, status)
		}
		if status, _, _ := request(t, http.MethodPost, url+path, "", http.Header{"Authorization": {"Bearer " + token}, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}); status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, status)
		}
	}
	if status, _ := get(t, url+"/healthz"); status != 200 {
		t.Errorf("health: %d", status)
	}
	if left := keys(t, st, "serve/"); len(left) != 0 {
		t.Errorf("ordered: %v", left)
	}
}

// orderKey is what an order's key looks like.
var orderKey = regexp.MustCompile(`^serve/inbox/[a-z0-9][a-z0-9._-]*\.auto-[0-9a-f]{16}\.json$`)

// FuzzDelivery sends anything as a delivery that is signed: it is answered, and
// nothing is kept but orders of recordings with usable names.
func FuzzDelivery(f *testing.F) {
	f.Add([]byte(ready("a1")))
	f.Add([]byte(`{"type":"recording.ready-to-download","payload":{"recording_id":"../x"}}`))
	f.Add([]byte(`{"test":1}`))
	st := openStore(f)
	o := options(f, st, nil)
	o.Log = slog.New(slog.DiscardHandler) // a fuzz target may not write to f's
	_, url := start(f, o)
	known := []int{200, 413, 422}
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := post(t, url, string(body), sign(string(body), now)); !slices.Contains(known, got) {
			t.Errorf("%q: %d", body, got)
		}
		for _, key := range keys(t, st, "") {
			if !orderKey.MatchString(key) {
				t.Errorf("kept: %q", key)
			}
		}
	})
}
