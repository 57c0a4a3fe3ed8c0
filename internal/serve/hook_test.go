package serve_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
	"github.com/trackscribe/trackscribe/steps"
)

func TestDeliveries(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	o := options(t, st, newStarter(st))
	var mu sync.Mutex
	var logged []string
	o.Log = logtest.New(func(line string) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, line)
	})
	_, url := start(t, o)
	good := ready("a1")
	signed := func(body string) http.Header { return sign(body, now) }
	mixed := strings.Replace(good, "raw-tracks", "cloud", 1)
	for _, c := range []struct {
		name, body string
		header     http.Header
		want       int
	}{
		{"ready", good, signed(good), 200},
		{"again", good, signed(good), 200},
		{"ping, unsigned", `{"test":"test"}`, http.Header{}, 200},
		{"another event", `{"type":"recording.started","payload":{"recording_id":"x"}}`, signed(`{"type":"recording.started","payload":{"recording_id":"x"}}`), 200},
		{"error event", `{"type":"recording.error","payload":{"action":"clourd-recording-err"}}`, signed(`{"type":"recording.error","payload":{"action":"clourd-recording-err"}}`), 200},
		{"a mixed file", mixed, signed(mixed), 200},
		{"unsigned", good, http.Header{}, 401},
		{"signed for another body", ready("a2"), signed(good), 401},
		{"an old one", good, sign(good, now.Add(-6*time.Minute)), 401},
		{"one from ahead", good, sign(good, now.Add(6*time.Minute)), 401},
		{"a little old", good, sign(good, now.Add(-4*time.Minute)), 200},
		{"not JSON", "nonsense", signed("nonsense"), 422},
		{"hostile id", ready("../../etc"), signed(ready("../../etc")), 422},
		{"too large", strings.Repeat("x", 2<<20), signed(strings.Repeat("x", 2<<20)), 413},
	} {
		if got := post(t, url, c.body, c.header); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	said := strings.Join(logged, "\n")
	for reason, n := range map[string]int{"is refused": 4, "is not signed": 1, "five minutes from now": 2, "is not made with DAILY_WEBHOOK_SECRET": 1, "recording=a1": 1, secret: 0} {
		if got := strings.Count(said, reason); got != n {
			t.Errorf("it logs %q %d times, want %d:\n%s", reason, got, n, said)
		}
	}
	all := keys(t, st, "")
	if len(all) != 1 || !strings.HasPrefix(all[0], "serve/inbox/a1.auto-") {
		t.Errorf("kept: %v", all)
	}
	_, figures := get(t, url+"/metrics")
	for outcome, n := range map[string]int{"accepted": 1, "duplicate": 2, "refused": 4, "ignored": 2, "error": 1, "bad": 3, "ping": 1} {
		if want := fmt.Sprintf("trackscribe_webhook_deliveries_total{outcome=%q} %d\n", outcome, n); !strings.Contains(figures, want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
}

func TestNoSecret(t *testing.T) {
	t.Parallel()
	o := options(t, openStore(t), nil)
	o.Secret = ""
	_, url := start(t, o)
	if got := post(t, url, ready("a1"), sign(ready("a1"), now)); got != 401 {
		t.Errorf("without a secret: %d", got)
	}
	o.Secret = "not base64!"
	if _, err := serve.New(o); err == nil || steps.Hint(err) == "" {
		t.Errorf("a secret that is none: %v", err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	_, url := start(t, options(t, openStore(t), nil))
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := get(t, url+path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestFailuresThatPass(t *testing.T) {
	t.Parallel()
	st := openStore(t)
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
	o := options(t, st, s)
	o.Again = 10 * time.Millisecond
	idle := make(chan int, 100)
	o.Idle = func() { idle <- len(keys(t, st, "serve/inbox/")) }
	server, url := start(t, o)
	for _, id := range []string{"passes", "fails"} {
		if got := post(t, url, ready(id), sign(ready(id), now)); got != 200 {
			t.Fatalf("%s: %d", id, got)
		}
	}
	stop := work(t, server)
	if got := <-s.ended; got.Recording != "passes" {
		t.Errorf("%s ended", got.Recording)
	}
	for <-idle > 0 { // between two tries there is nothing to do either
	}
	stop()
	if s.begun["passes"] != 3 || s.begun["fails"] != 1 {
		t.Errorf("begun %v, want 3 and 1", s.begun)
	}
}

// TestTwoServers has two servers on one store: a recording that both are told
// of is one run.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	s := newStarter(st)
	one, first := start(t, options(t, st, s))
	two, second := start(t, options(t, st, s))
	for i := range 50 {
		body := ready(fmt.Sprintf("rec-%d", i))
		for _, url := range []string{first, second} {
			if got := post(t, url, body, sign(body, now)); got != 200 {
				t.Fatal(got)
			}
		}
	}
	work(t, one)
	work(t, two)
	until(t, "the inbox is empty", func() bool { return len(keys(t, st, "serve/inbox/")) == 0 })
	for i := range 50 {
		if runs := keys(t, st, run.Runs(fmt.Sprintf("rec-%d", i))); len(runs) != 2 { // run.json and end.json
			t.Errorf("rec-%d: %v", i, runs)
		}
	}
}

// TestAskedByHand lets somebody ask for runs over HTTP.
func TestAskedByHand(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	s := newStarter(st)
	server, url := start(t, options(t, st, s))
	work(t, server)
	ask := func(id, body string) (int, string) {
		status, answer, _ := request(t, http.MethodPost, url+"/v1/recordings/"+id+"/runs", body, nil)
		return status, answer
	}
	if status, answer := ask("A1", ""); status != 202 || !strings.Contains(answer, `"recording":"a1"`) {
		t.Fatalf("a recording at Daily: %d %s", status, answer)
	}
	first := <-s.ended
	if first.Location != "daily:A1" || first.Recording != "a1" {
		t.Errorf("%+v", first)
	}
	until(t, "the run has ended", func() bool {
		_, body := get(t, url+"/v1/recordings/a1")
		return strings.Contains(body, `"state":"canceled"`)
	})
	if status, answer := ask("a1", `{"refresh":["detect-topics"]}`); status != 202 {
		t.Fatalf("again: %d %s", status, answer)
	}
	again := <-s.ended
	if again.Run == first.Run || len(again.Refresh) != 1 || again.Location != first.Location {
		t.Errorf("again: %+v", again)
	}
	for body, want := range map[string]int{`{"refresh":["no-step"]}`: 422, `{"other":1}`: 400, `{`: 400, strings.Repeat(" ", 1<<20): 400} {
		if status, answer := ask("a1", body); status != want || !strings.Contains(answer, "error") {
			t.Errorf("%.20q: %d %s", body, status, answer)
		}
	}
	// What Daily tells of a recording that was run by hand starts nothing. The
	// order of the run that just ended leaves the inbox a moment after it.
	until(t, "the inbox is empty", func() bool { return len(keys(t, st, "serve/inbox/")) == 0 })
	if got := post(t, url, ready("A1"), sign(ready("A1"), now)); got != 200 {
		t.Errorf("told later: %d", got)
	}
	if left := keys(t, st, "serve/inbox/"); len(left) != 0 {
		t.Errorf("ordered again: %v", left)
	}
}
