// Package trace tells an OpenTelemetry collector how runs went, over OTLP/HTTP:
// a trace per run, a span per attempt at a task, with the times that the run's
// events give.
//
// It promises: a run's trace has the same ids whoever tells of it and however
// often, so that a restart or a second process adds nothing new; nobody waits for
// the collector, and what it does not take is dropped; spans hold ids, counts and
// classes of failure, and no text of a recording or of an error.
//
// The exporter's own variables for headers and certificates
// (OTEL_EXPORTER_OTLP_HEADERS and the like) hold, as with any program that
// speaks OTLP; where to send is for the caller to say.
//
// A nil [*Tracer] does nothing.
package trace

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/steps"
)

// Setting is what holds the collector's address, for hints.
const Setting = "OTEL_EXPORTER_OTLP_ENDPOINT"

const (
	tracesPath = "/v1/traces" // what the address of a collector goes on with
	scope      = "github.com/trackscribe/trackscribe"
	// queued is how many spans wait for the collector: some long runs' worth.
	queued = 8192
	// oneCall bounds one attempt to send, all bounds those that follow it.
	oneCall = 5 * time.Second
	all     = 20 * time.Second
)

// Options say where to send.
type Options struct {
	// Endpoint is the collector's address, "http://collector:4318"; empty: no
	// traces.
	Endpoint string
	Version  string // of this program
	// Log is told when the collector stops taking spans, and when it does again.
	Log *slog.Logger
}

// A Tracer tells of runs. It may be used from many goroutines.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New returns a tracer, or nil without an endpoint. It does not connect.
func New(ctx context.Context, o Options) (*Tracer, error) {
	if o.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracer is one that does nothing
	}
	address, err := target(o.Endpoint)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(address), otlptracehttp.WithTimeout(oneCall),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: oneCall, MaxElapsedTime: all}))
	if err != nil {
		return nil, steps.Wrong("check "+Setting, "set up traces: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()),
		sdk.WithIDGenerator(ids{}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "trackscribe"), attribute.String("service.version", o.Version))),
		sdk.WithBatcher(&told{SpanExporter: exporter, log: o.Log}, sdk.WithMaxQueueSize(queued), sdk.WithExportTimeout(all)),
	)
	return &Tracer{provider: provider, tracer: provider.Tracer(scope)}, nil
}

// target is where traces go. It is given as for every program that speaks OTLP:
// without the path of the signal. The address is not repeated in errors.
func target(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", steps.Wrong("check "+Setting, "the address for traces is no http:// or https:// address")
	case u.User != nil, u.RawQuery != "":
		return "", steps.Wrong("check "+Setting, "the address for traces has a user or a query")
	case !strings.HasSuffix(u.Path, tracesPath):
		u = u.JoinPath(tracesPath)
	}
	return u.String(), nil
}

// Shutdown sends what waits, until ctx is done.
func (t *Tracer) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Run tells of a run that ended. asked is when it was asked for.
func (t *Tracer) Run(ctx context.Context, recording, run string, asked time.Time, events []engine.Event) {
	if t == nil {
		return
	}
	c := read(asked, events)
	if c.end.IsZero() {
		return // nothing is known of it
	}
	whose := []attribute.KeyValue{attribute.String("trackscribe.recording", recording), attribute.String("trackscribe.run", run)}
	name := func(parts ...string) context.Context {
		return named(ctx, append([]string{recording, run}, parts...)...)
	}

	ctx, root := t.tracer.Start(name(), "recording", trace.WithNewRoot(), trace.WithTimestamp(c.asked), trace.WithAttributes(whose...))
	_, wait := t.tracer.Start(name("queued"), "queued", trace.WithTimestamp(c.asked), trace.WithAttributes(whose...))
	wait.End(trace.WithTimestamp(c.begun))
	for _, a := range c.attempts {
		_, span := t.tracer.Start(name("task", a.name(), a.number()), a.step, trace.WithTimestamp(a.start), trace.WithAttributes(whose...), trace.WithAttributes(a.attributes()...))
		finish(span, a.state, a.exit, a.end)
	}
	root.SetAttributes(attribute.String("trackscribe.state", string(c.state)))
	finish(root, c.state, c.exit, c.end)
}

// finish ends a span as what it stands for ended. A failure is told by its class
// alone: its text may quote a server.
func finish(span trace.Span, state engine.State, exit int, at time.Time) {
	switch state {
	case engine.Failed, engine.Retrying:
		class := steps.Class(exit).Label()
		span.SetStatus(codes.Error, class)
		span.SetAttributes(attribute.String("trackscribe.class", class))
	case engine.Succeeded, engine.Cached, engine.Skipped:
		span.SetStatus(codes.Ok, "")
	default: // canceled, or its end is not known
	}
	span.End(trace.WithTimestamp(at))
}
