package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trackscribe/trackscribe/internal/run"
)

type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// A family is one metric with all its series.
type family struct {
	name    string
	kind    kind
	labels  []string
	help    string
	begin   [][]string // series that are there from the start
	buckets []float64  // in seconds
}

var (
	recordings  = family{name: "trackscribe_recordings", kind: gauge, labels: []string{"state"}, help: "Recordings by the state of their newest run."}
	runs        = family{name: "trackscribe_runs_total", kind: counter, labels: []string{"state"}, help: "Runs that ended, by how.", begin: [][]string{{run.Succeeded}, {run.Failed}, {run.Canceled}}}
	stepSeconds = family{name: "trackscribe_step_seconds", kind: histogram, labels: []string{"step"}, help: "How long a step that succeeded took, attempts before the last included; not those taken over from earlier runs.", buckets: []float64{0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600}}
	failures    = family{name: "trackscribe_step_failures_total", kind: counter, labels: []string{"step", "class"}, help: "Attempts at a step that failed, those that were tried again included, by class: misuse, permanent, transient, unknown."}
	queueOrders = family{name: "trackscribe_queue_orders", kind: gauge, help: "Runs that were asked for and have not begun."}
	queueOldest = family{name: "trackscribe_queue_oldest_seconds", kind: gauge, help: "How long the oldest of these has waited."}
	deliveries  = family{name: "trackscribe_webhook_deliveries_total", kind: counter, labels: []string{"outcome"}, help: "Deliveries of Daily's webhook, by what became of them."}
	polls       = family{name: "trackscribe_polls_total", kind: counter, labels: []string{"outcome"}, help: "Looks at the source for what webhooks missed."}
	usageAudio  = family{name: "trackscribe_usage_audio_seconds_total", kind: counter, help: "Audio that was transcribed.", begin: [][]string{{}}}
	usageTokens = family{name: "trackscribe_usage_tokens_total", kind: counter, labels: []string{"direction"}, help: "Tokens that language models read (in) and wrote (out).", begin: [][]string{{"in"}, {"out"}}}
	usageCalls  = family{name: "trackscribe_usage_calls_total", kind: counter, labels: []string{"step"}, help: "Calls of services."}
	usageBytes  = family{name: "trackscribe_usage_bytes_total", kind: counter, labels: []string{"step"}, help: "Bytes that were sent to services."}
	clients     = family{name: "trackscribe_event_clients", kind: gauge, help: "Clients that follow events."}
	requests    = family{name: "trackscribe_http_requests_total", kind: counter, labels: []string{"route", "code"}, help: "Requests that were answered, by the route's pattern; other: no route."}
	httpSeconds = family{name: "trackscribe_http_seconds", kind: histogram, labels: []string{"route"}, help: "How long answers took; not those that stream events.", buckets: []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30}}
)

// table is all that there is, in the order in which it is documented.
var table = []family{
	recordings, runs, stepSeconds, failures, queueOrders, queueOldest, deliveries, polls,
	usageAudio, usageTokens, usageCalls, usageBytes, clients, requests, httpSeconds,
}

func (f family) desc() *prometheus.Desc { return prometheus.NewDesc(f.name, f.help, f.labels, nil) }

// Markdown is the table for people.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it says |\n|---|---|---|---|\n")
	for _, f := range table {
		labels := ""
		if len(f.labels) > 0 {
			labels = "`" + strings.Join(f.labels, "`, `") + "`"
		}
		b.WriteString("| `" + f.name + "` | " + string(f.kind) + " | " + labels + " | " + f.help + " |\n")
	}
	return b.String()
}
