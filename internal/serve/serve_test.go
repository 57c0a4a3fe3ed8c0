package serve_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

const secret = "c2VjcmV0LWZvci10ZXN0cw==" // secret-for-tests

var now = time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)

// starter ends every run at once, unless it is told to fail, and tells of those
// that it began.
type starter struct {
	store store.Store
	fail  func(o serve.Order, n int) error // n: how often it was begun

	mu    sync.Mutex
	begun map[string]int   // by recording
	ended chan serve.Order // nil: nobody is told
}

func newStarter(st store.Store) *starter {
	return &starter{store: st, begun: map[string]int{}, ended: make(chan serve.Order, 100_000)}
}

func (s *starter) Start(ctx context.Context, o serve.Order) error {
	s.mu.Lock()
	s.begun[o.Recording]++
	n := s.begun[o.Recording]
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(o, n); err != nil {
			return err
		}
	}
	if err := finish(ctx, s.store, o); err != nil {
		return err
	}
	if s.ended != nil {
		s.ended <- o
	}
	return nil
}

// finish leaves in the store what a run leaves that has nothing to do.
func finish(ctx context.Context, st store.Store, o serve.Order) error {
	g := pipeline.New()
	r := run.Run{ID: o.Run, Recording: o.Recording, Source: o.Location, Created: o.Asked, Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()}}
	if _, _, err := operate.Save(ctx, st, r); err != nil {
		return err
	}
	return operate.Finish(ctx, st, o.Recording, run.End{Run: o.Run, State: run.Canceled, Finished: o.Asked})
}

func openStore(t testing.TB) store.Store {
	t.Helper()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// options are those of a server that lets everybody in.
func options(t testing.TB, st store.Store, s serve.Starter) serve.Options {
	t.Helper()
	clock := func() time.Time { return now }
	door, err := guard.New(guard.Options{Open: true, Public: serve.Public, Now: clock, Log: logtest.To(t)})
	if err != nil {
		t.Fatal(err)
	}
	return serve.Options{
		Store: st, Graph: pipeline.New(), Starter: s, Source: serve.Intake{Location: "daily"}, Secret: secret, Workers: 4,
		Guard: door, PerSecond: 1e6, Tick: 20 * time.Millisecond, Now: clock, Log: logtest.To(t),
	}
}

// start starts a server that only answers.
func start(t testing.TB, o serve.Options) (*serve.Server, string) {
	t.Helper()
	server, err := serve.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		server.Close()
		srv.Close()
	})
	return server, srv.URL
}

// work lets a server work until the test ends, or stop is called.
func work(t testing.TB, s *serve.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}

func sign(body string, at time.Time) http.Header { return dailytest.Sign(secret, body, at) }

// request sends a request and returns the answer.
func request(t testing.TB, method, url, body string, h http.Header) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if h != nil {
		req.Header = h.Clone()
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

func post(t testing.TB, url, body string, h http.Header) int {
	t.Helper()
	status, _, _ := request(t, http.MethodPost, url+"/webhooks/daily", body, h)
	return status
}

func get(t testing.TB, url string) (int, string) {
	t.Helper()
	status, body, _ := request(t, http.MethodGet, url, "", nil)
	return status, body
}

// ready is what Daily sends when a recording is.
func ready(id string) string {
	return fmt.Sprintf(`{"version":"1.0.0","type":"recording.ready-to-download","id":"rec-%s","payload":{"type":"raw-tracks","recording_id":%q,"room_name":"r","start_ts":1,"status":"finished","duration":3,"tracks":null},"event_ts":1764151200.5}`, id, id)
}

// until asks again until cond holds.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-deadline:
			t.Fatal("never: " + what)
		case <-tick.C:
		}
	}
}

func keys(t testing.TB, st store.Store, prefix string) (list []string) {
	t.Helper()
	for info, err := range st.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.TrimPrefix(info.Key, prefix))
	}
	return list
}
