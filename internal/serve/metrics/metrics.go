// Package metrics counts what `trackscribe serve` does, for Prometheus.
//
// It promises: every metric stands once, in one table, from which it is
// registered and documented; labels take few values, none of which a stranger
// chooses; nothing in a record or a request makes it panic. Counts begin at zero
// with the process. What is there now (recordings, the queue, clients) is asked
// for when somebody scrapes, and kept nowhere.
//
// A nil [*Metrics] counts nothing.
package metrics

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
)

// Options say whom to ask at a scrape. They are called from many goroutines.
// Without one of them its metrics are missing.
type Options struct {
	// Recordings returns how many recordings are in which state.
	Recordings func() map[engine.State]int
	// Queue returns how many orders wait and how long the oldest has waited.
	Queue func() (orders int, oldest time.Duration)
	// Clients returns how many clients follow events.
	Clients func() int
	// Now times requests.
	Now func() time.Time
}

// Metrics is told what happens. It may be used from many goroutines.
type Metrics struct {
	opt      Options
	registry *prometheus.Registry
	counters map[string]*prometheus.CounterVec
	times    map[string]*prometheus.HistogramVec
}

// New returns metrics in a registry of their own, with those of Go and of the
// process.
func New(o Options) *Metrics {
	m := &Metrics{
		opt:      o,
		registry: prometheus.NewRegistry(),
		counters: map[string]*prometheus.CounterVec{},
		times:    map[string]*prometheus.HistogramVec{},
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), scrape{o})
	for _, f := range table {
		switch f.kind {
		case counter:
			vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.name, Help: f.help}, f.labels)
			m.registry.MustRegister(vec)
			m.counters[f.name] = vec
			// A series that is there from the start shows its first increase.
			for _, values := range f.begin {
				vec.WithLabelValues(values...)
			}
		case histogram:
			vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: f.name, Help: f.help, Buckets: f.buckets}, f.labels)
			m.registry.MustRegister(vec)
			m.times[f.name] = vec
		case gauge: // asked for at a scrape
		}
	}
	return m
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	if m == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Delivery counts a delivery of Daily's webhook.
func (m *Metrics) Delivery(outcome string) { m.add(deliveries, 1, outcome) }

// Poll counts a look at the source.
func (m *Metrics) Poll(outcome string) { m.add(polls, 1, outcome) }

// Event counts what an engine tells. Each event is to be told once: whoever
// follows a run a second time leaves this out.
func (m *Metrics) Event(ev engine.Event) {
	if ev.Step == "" {
		if ev.State.Ended() {
			m.add(runs, 1, string(ev.State))
		}
		return
	}
	switch ev.State {
	case engine.Succeeded:
		m.observe(stepSeconds, ev.Took, ev.Step)
	case engine.Retrying, engine.Failed:
		m.add(failures, 1, ev.Step, steps.Class(ev.Exit).Label())
	default:
	}
}

// Receipt counts what a step used up. What an earlier run used is not counted
// again. Each receipt is to be told once.
func (m *Metrics) Receipt(r run.Receipt) {
	if r.Cached != "" {
		return
	}
	m.add(usageAudio, r.Usage.AudioSeconds)
	m.add(usageTokens, float64(r.Usage.TokensIn), "in")
	m.add(usageTokens, float64(r.Usage.TokensOut), "out")
	m.add(usageCalls, float64(r.Usage.Calls), r.Step)
	m.add(usageBytes, float64(r.Usage.Bytes), r.Step)
}

// add counts. A counter that is made to shrink, or a label that is no text,
// would panic; both may come out of a record that somebody broke.
func (m *Metrics) add(f family, n float64, labels ...string) {
	if m == nil || !(n > 0) {
		return
	}
	if c, err := m.counters[f.name].GetMetricWithLabelValues(valid(labels)...); err == nil {
		c.Add(n)
	}
}

func (m *Metrics) observe(f family, took time.Duration, labels ...string) {
	if m == nil {
		return
	}
	if h, err := m.times[f.name].GetMetricWithLabelValues(valid(labels)...); err == nil {
		h.Observe(max(took, 0).Seconds())
	}
}

func valid(labels []string) []string {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "")
	}
	return labels
}

// scrape asks for what is there now.
type scrape struct{ opt Options }

// Describe implements [prometheus.Collector].
func (scrape) Describe(out chan<- *prometheus.Desc) {
	for _, f := range table {
		if f.kind == gauge {
			out <- f.desc()
		}
	}
}

// Collect implements [prometheus.Collector].
func (s scrape) Collect(out chan<- prometheus.Metric) {
	tell := func(f family, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(f.desc(), prometheus.GaugeValue, v, labels...)
	}
	if s.opt.Recordings != nil {
		// A state that nothing is in is told too: a line that ends is not zero.
		n := map[engine.State]int{engine.Queued: 0, engine.Running: 0, engine.Succeeded: 0, engine.Failed: 0, engine.Canceled: 0}
		maps.Copy(n, s.opt.Recordings())
		for _, state := range slices.Sorted(maps.Keys(n)) {
			tell(recordings, float64(n[state]), string(state))
		}
	}
	if s.opt.Queue != nil {
		orders, oldest := s.opt.Queue()
		tell(queueOrders, float64(orders))
		tell(queueOldest, max(oldest, 0).Seconds())
	}
	if s.opt.Clients != nil {
		tell(clients, float64(s.opt.Clients()))
	}
}
