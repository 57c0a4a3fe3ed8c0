package serve_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
)

const secret = "c2VjcmV0LWZvci10ZXN0cw==" // secret-for-tests

var now = time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)

// starter counts how often each run is begun, and fails as it is told.
type starter struct {
	store store.Store
	fail  func(o serve.Order, n int) error

	mu    sync.Mutex
	begun map[string]int
	ended chan string
}

func newStarter(st store.Store) *starter {
	return &starter{store: st, begun: map[string]int{}, ended: make(chan string, 100_000)}
}

func (s *starter) Start(ctx context.Context, o serve.Order) error {
	s.mu.Lock()
	s.begun[o.Location]++
	n := s.begun[o.Location]
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(o, n); err != nil {
			return err
		}
	}
	// As a run begins: with its run.json.
	if _, err := store.PutJSON(ctx, s.store, run.RunKey(strings.TrimPrefix(o.Location, "daily:"), o.Run), map[string]string{}, store.PutOptions{}); err != nil {
		return err
	}
	s.ended <- o.Location
	return nil
}

func open(t *testing.T) store.Store {
	t.Helper()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func start(t *testing.T, st store.Store, s serve.Starter, again time.Duration) (*serve.Server, string) {
	t.Helper()
	server, err := serve.New(serve.Options{
		Store: st, Starter: s, Secret: secret, Workers: 4, Again: again, Now: func() time.Time { return now }, Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server.Handler())
	t.Cleanup(srv.Close)
	return server, srv.URL
}

// work lets a server work until the test ends, or stop is called.
func work(t *testing.T, s *serve.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Work(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// sign signs as Daily's documentation says, independently of the server.
func sign(body string, at time.Time) http.Header {
	key, _ := base64.StdEncoding.DecodeString(secret)
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	return http.Header{"X-Webhook-Timestamp": {stamp}, "X-Webhook-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
}

func post(t *testing.T, url, body string, h http.Header) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/webhooks/daily", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = h.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func ready(id string) string {
	return fmt.Sprintf(`{"version":"1.0.0","type":"recording.ready-to-download","id":"rec-%s","payload":{"type":"raw-tracks","recording_id":%q,"room_name":"r","start_ts":1,"status":"finished","duration":3,"tracks":null},"event_ts":1764151200.5}`, id, id)
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	st := open(t)
	server, url := start(t, st, newStarter(st), time.Hour)
	good := ready("a1")
	for _, c := range []struct {
		name, body string
		header     http.Header
		want       int
	}{
		{"ready", good, sign(good, now), 200},
		{"again", good, sign(good, now), 200},
		{"ping, unsigned", `{"test":"test"}`, http.Header{}, 200},
		{"another event", `{"type":"recording.started","payload":{"recording_id":"x"}}`, sign(`{"type":"recording.started","payload":{"recording_id":"x"}}`, now), 200},
		{"error event", `{"type":"recording.error","payload":{"action":"clourd-recording-err"}}`, sign(`{"type":"recording.error","payload":{"action":"clourd-recording-err"}}`, now), 200},
		{"a mixed file", strings.Replace(good, "raw-tracks", "cloud", 1), sign(strings.Replace(good, "raw-tracks", "cloud", 1), now), 200},
		{"unsigned", good, http.Header{}, 401},
		{"signed for another body", ready("a2"), sign(good, now), 401},
		{"an old one", good, sign(good, now.Add(-6*time.Minute)), 401},
		{"one from ahead", good, sign(good, now.Add(6*time.Minute)), 401},
		{"a little old", good, sign(good, now.Add(-4*time.Minute)), 200},
		{"not JSON", "nonsense", sign("nonsense", now), 422},
		{"hostile id", ready("../../etc"), sign(ready("../../etc"), now), 422},
		{"too large", strings.Repeat("x", 2<<20), sign(strings.Repeat("x", 2<<20), now), 413},
	} {
		if got := post(t, url, c.body, c.header); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	n := 0
	for info, err := range st.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; !strings.HasPrefix(info.Key, "inbox/hook-") {
			t.Errorf("kept: %s", info.Key)
		}
	}
	if n != 1 {
		t.Errorf("%d orders for one recording", n)
	}
	counts := server.Counts()
	if counts["accepted"] != 1 || counts["duplicate"] != 2 || counts["refused"] != 4 || counts["ignored"] != 3 || counts["bad"] != 3 || counts["ping"] != 1 {
		t.Errorf("counts %v", counts)
	}
}

// TestOneRunEach sends many deliveries at once, a third of them again and in
// another order, some with a wrong signature, while the server is stopped and
// started, and wants each recording to have been run exactly once.
func TestOneRunEach(t *testing.T) {
	t.Parallel()
	const recordings = 300
	st := open(t)
	s := newStarter(st)
	_, url := start(t, st, s, 20*time.Millisecond)
	var bodies []string
	for i := range recordings {
		bodies = append(bodies, ready(fmt.Sprintf("rec-%d", i)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range recordings / 3 {
		bodies = append(bodies, bodies[random.IntN(recordings)])
	}
	random.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	var all sync.WaitGroup
	places := make(chan struct{}, 16)
	refused := 0
	for i, body := range bodies {
		h := sign(body, now)
		if i%20 == 7 {
			// A bad one in between; it counts for nothing.
			if post(t, url, ready(fmt.Sprintf("bad-%d", i)), h) == 401 {
				refused++
			}
		}
		all.Add(1)
		places <- struct{}{}
		go func() {
			defer all.Done()
			defer func() { <-places }()
			if got := post(t, url, body, h); got != 200 {
				t.Errorf("%d", got)
			}
		}()
	}
	// Servers come and go, and work on what the store holds.
	for range 3 {
		server, _ := start(t, st, s, 20*time.Millisecond)
		stop := work(t, server)
		for range 20 {
			<-s.ended
		}
		stop()
	}
	all.Wait()
	server, _ := start(t, st, s, 20*time.Millisecond)
	work(t, server)
	for range recordings - 60 {
		select {
		case <-s.ended:
		case <-time.After(30 * time.Second):
			t.Fatal("some are never run")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.begun) != recordings {
		t.Errorf("%d recordings were run, want %d", len(s.begun), recordings)
	}
	for location, n := range s.begun {
		if n != 1 || strings.HasPrefix(location, "daily:bad") {
			t.Errorf("%s was run %d times", location, n)
		}
	}
	if refused < 5 {
		t.Errorf("%d were refused", refused)
	}
}

func TestFailuresThatPass(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := newStarter(st)
	s.fail = func(o serve.Order, n int) error {
		switch {
		case o.Location == "daily:passes" && n < 3:
			return &steps.Error{Class: steps.Transient, Err: errors.New("the cluster is away")}
		case o.Location == "daily:fails":
			return fmt.Errorf("pad-track[0]: no audio: %w", serve.ErrEnded)
		}
		return nil
	}
	server, url := start(t, st, s, 10*time.Millisecond)
	for _, id := range []string{"passes", "fails"} {
		if got := post(t, url, ready(id), sign(ready(id), now)); got != 200 {
			t.Fatalf("%s: %d", id, got)
		}
	}
	stop := work(t, server)
	if got := <-s.ended; got != "daily:passes" {
		t.Errorf("%s ended", got)
	}
	stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun["daily:passes"] != 3 || s.begun["daily:fails"] != 1 {
		t.Errorf("begun %v, want 3 and 1", s.begun)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	st := open(t)
	_, url := start(t, st, newStarter(st), time.Hour)
	for _, path := range []string{"/healthz", "/readyz"} {
		res, err := http.Get(url + path)
		if err != nil || res.StatusCode != 200 {
			t.Errorf("%s: %v, %v", path, res, err)
		}
		if err == nil {
			res.Body.Close()
		}
	}
	if _, err := serve.New(serve.Options{Secret: "not base64!"}); err == nil || steps.Hint(err) == "" {
		t.Errorf("a secret that is none: %v", err)
	}
}
