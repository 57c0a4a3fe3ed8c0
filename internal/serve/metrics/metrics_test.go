package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve/metrics"
	"github.com/trackscribe/trackscribe/steps"
)

// scrape returns the lines of a scrape over HTTP, without comments and without
// those of Go and of the process.
func scrape(t *testing.T, m *metrics.Metrics) []string {
	t.Helper()
	var own []string
	for line := range strings.Lines(page(t, m)) {
		if strings.HasPrefix(line, "trackscribe_") {
			own = append(own, strings.TrimSpace(line))
		}
	}
	return own
}

func page(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", res.Status, err, b)
	}
	return string(b)
}

// without leaves out lines that begin so.
func without(lines []string, prefixes ...string) []string {
	return slices.DeleteFunc(lines, func(l string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(l, p) })
	})
}

func TestAtTheStart(t *testing.T) {
	t.Parallel()
	want := []string{
		`trackscribe_runs_total{state="canceled"} 0`,
		`trackscribe_runs_total{state="failed"} 0`,
		`trackscribe_runs_total{state="succeeded"} 0`,
		`trackscribe_usage_audio_seconds_total 0`,
		`trackscribe_usage_tokens_total{direction="in"} 0`,
		`trackscribe_usage_tokens_total{direction="out"} 0`,
	}
	m := metrics.New(metrics.Options{Now: (&clock{}).now})
	if diff := cmp.Diff(want, scrape(t, m)); diff != "" {
		t.Error(diff)
	}
	all := page(t, m)
	for _, name := range []string{"\ngo_goroutines ", "\nprocess_resident_memory_bytes "} {
		if !strings.Contains(all, name) {
			t.Errorf("no %q", name)
		}
	}
}

func TestWhatIsThereNow(t *testing.T) {
	t.Parallel()
	n := 0
	m := metrics.New(metrics.Options{
		Now:        (&clock{}).now,
		Recordings: func() map[engine.State]int { n++; return map[engine.State]int{engine.Running: n, engine.Failed: 3} },
		Queue:      func() (int, time.Duration) { return 7, 90 * time.Second },
		Clients:    func() int { return 500 },
	})
	scrape(t, m)
	want := []string{
		`trackscribe_event_clients 500`,
		`trackscribe_queue_oldest_seconds 90`,
		`trackscribe_queue_orders 7`,
		`trackscribe_recordings{state="canceled"} 0`,
		`trackscribe_recordings{state="failed"} 3`,
		`trackscribe_recordings{state="queued"} 0`,
		`trackscribe_recordings{state="running"} 2`, // asked again
		`trackscribe_recordings{state="succeeded"} 0`,
	}
	if diff := cmp.Diff(want, without(scrape(t, m), "trackscribe_runs", "trackscribe_usage")); diff != "" {
		t.Error(diff)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Now: (&clock{}).now})
	for _, ev := range []engine.Event{
		{Track: -1, State: engine.Running},
		{Step: "pad-track", Track: 0, State: engine.Queued},
		{Step: "pad-track", Track: 0, State: engine.Running, Attempt: 1},
		{Step: "pad-track", Track: 0, State: engine.Retrying, Attempt: 1, Exit: 75},
		{Step: "pad-track", Track: 0, State: engine.Succeeded, Attempt: 2, Took: 200 * time.Millisecond},
		{Step: "pad-track", Track: 1, State: engine.Succeeded, Attempt: 1, Took: 2 * time.Hour},
		{Step: "pad-track", Track: 2, State: engine.Succeeded, Attempt: 1, Took: -time.Second}, // a clock that was set
		{Step: "pad-track", Track: 3, State: engine.Cached, Took: time.Second},
		{Step: "generate-title", Track: -1, State: engine.Failed, Exit: 65, Optional: true, Took: time.Second},
		{Step: "generate-title", Track: -1, State: engine.Failed, Exit: 64},
		{Step: "finalize", Track: -1, State: engine.Failed},
		{Step: "finalize", Track: -1, State: engine.Failed, Exit: 137},
		{Step: "post-zulip", Track: -1, State: engine.Canceled},
		{Track: -1, State: engine.Failed, Exit: 75},
	} {
		m.Event(ev)
	}
	want := []string{
		`trackscribe_runs_total{state="canceled"} 0`,
		`trackscribe_runs_total{state="failed"} 1`,
		`trackscribe_runs_total{state="succeeded"} 0`,
		`trackscribe_step_failures_total{class="misuse",step="generate-title"} 1`,
		`trackscribe_step_failures_total{class="permanent",step="generate-title"} 1`,
		`trackscribe_step_failures_total{class="transient",step="pad-track"} 1`,
		`trackscribe_step_failures_total{class="unknown",step="finalize"} 2`,
		`trackscribe_step_seconds_bucket{step="pad-track",le="0.1"} 1`,
		`trackscribe_step_seconds_bucket{step="pad-track",le="0.3"} 2`,
		`trackscribe_step_seconds_bucket{step="pad-track",le="3600"} 2`,
		`trackscribe_step_seconds_bucket{step="pad-track",le="+Inf"} 3`,
		`trackscribe_step_seconds_sum{step="pad-track"} 7200.2`,
		`trackscribe_step_seconds_count{step="pad-track"} 3`,
	}
	between := regexp.MustCompile(`le="(1|3|10|30|60|120|300|600|1200|1800)"`)
	got := slices.DeleteFunc(without(scrape(t, m), "trackscribe_usage"), between.MatchString)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Now: (&clock{}).now})
	used := steps.Usage{AudioSeconds: 1.5, TokensIn: 100, TokensOut: 20, Calls: 2, Bytes: 4096}
	m.Receipt(run.Receipt{Step: "transcribe-track", Usage: used})
	m.Receipt(run.Receipt{Step: "transcribe-track", Usage: used})
	m.Receipt(run.Receipt{Step: "transcribe-track", Usage: used, Cached: "an-earlier-run"})
	m.Receipt(run.Receipt{Step: "generate-title", Usage: steps.Usage{Calls: 1, TokensIn: 1}})
	// What a broken record says is neither counted nor a panic.
	m.Receipt(run.Receipt{Step: "finalize", Usage: steps.Usage{AudioSeconds: -1, TokensIn: -1, TokensOut: -1, Calls: -1, Bytes: -1}})
	m.Receipt(run.Receipt{Step: "bad\xff", Usage: steps.Usage{Calls: 1}})
	want := []string{
		`trackscribe_usage_audio_seconds_total 3`,
		`trackscribe_usage_bytes_total{step="transcribe-track"} 8192`,
		`trackscribe_usage_calls_total{step="bad"} 1`,
		`trackscribe_usage_calls_total{step="generate-title"} 1`,
		`trackscribe_usage_calls_total{step="transcribe-track"} 4`,
		`trackscribe_usage_tokens_total{direction="in"} 201`,
		`trackscribe_usage_tokens_total{direction="out"} 40`,
	}
	if diff := cmp.Diff(want, without(scrape(t, m), "trackscribe_runs")); diff != "" {
		t.Error(diff)
	}
}

func TestDeliveriesAndPollsFromManyGoroutines(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Now: (&clock{}).now})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			m.Delivery([]string{"accepted", "duplicate"}[i%2])
			m.Poll("ok")
		})
	}
	all.Wait()
	want := []string{
		`trackscribe_polls_total{outcome="ok"} 50`,
		`trackscribe_webhook_deliveries_total{outcome="accepted"} 25`,
		`trackscribe_webhook_deliveries_total{outcome="duplicate"} 25`,
	}
	if diff := cmp.Diff(want, without(scrape(t, m), "trackscribe_runs", "trackscribe_usage")); diff != "" {
		t.Error(diff)
	}
}

func TestNilCountsNothing(t *testing.T) {
	t.Parallel()
	var m *metrics.Metrics
	m.Delivery("accepted")
	m.Poll("ok")
	m.Event(engine.Event{Step: "finalize", State: engine.Succeeded})
	m.Event(engine.Event{State: engine.Failed})
	m.Receipt(run.Receipt{Step: "finalize", Usage: steps.Usage{Calls: 1}})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("its handler answers %d", w.Code)
	}
	w = httptest.NewRecorder()
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Body.String() != "hello" {
		t.Errorf("wrapped: %q", w.Body)
	}
}

// What is documented is what a scrape shows: same names, types and labels.
func TestMarkdownIsWhatIsRegistered(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{
		Now:        (&clock{}).now,
		Recordings: func() map[engine.State]int { return nil },
		Queue:      func() (int, time.Duration) { return 0, 0 },
		Clients:    func() int { return 0 },
	})
	m.Delivery("x")
	m.Poll("x")
	m.Event(engine.Event{Step: "x", State: engine.Succeeded})
	m.Event(engine.Event{Step: "x", State: engine.Failed, Exit: 75})
	m.Receipt(run.Receipt{Step: "x", Usage: steps.Usage{Calls: 1, Bytes: 1}})
	m.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))

	documented := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (.*) \\| (\\S.*\\.) \\|$")
	for _, r := range row.FindAllStringSubmatch(metrics.Markdown(), -1) {
		labels := strings.FieldsFunc(strings.ReplaceAll(r[3], "`", ""), func(r rune) bool { return r == ',' || r == ' ' })
		slices.Sort(labels)
		documented[r[1]] = fmt.Sprint(r[2], labels, r[4])
	}
	registered := map[string]string{}
	all := page(t, m)
	for _, head := range regexp.MustCompile(`(?m)^# HELP (trackscribe_\w+) (.*)\n# TYPE \w+ (\w+)\n(.*)$`).FindAllStringSubmatch(all, -1) {
		var labels []string
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(head[4], -1) {
			if l[1] != "le" {
				labels = append(labels, l[1])
			}
		}
		slices.Sort(labels)
		registered[head[1]] = fmt.Sprint(head[3], labels, head[2])
	}
	if diff := cmp.Diff(registered, documented); diff != "" || len(documented) != 15 {
		t.Errorf("%d metrics: %s", len(documented), diff)
	}
}
