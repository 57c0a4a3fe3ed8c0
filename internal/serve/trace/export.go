package trace

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// names carries what a span is called in its context, to where its id is made.
type names struct{}

func named(ctx context.Context, parts ...string) context.Context {
	return context.WithValue(ctx, names{}, parts)
}

// ids makes ids of names. Ids hold no NUL, which keeps the parts apart.
type ids struct{}

var _ sdk.IDGenerator = ids{}

// NewIDs implements [sdk.IDGenerator].
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	parts, _ := ctx.Value(names{}).([]string)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return trace.TraceID(sum[:16]), trace.SpanID(sum[16:24])
}

// NewSpanID implements [sdk.IDGenerator].
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	parts, _ := ctx.Value(names{}).([]string)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return trace.SpanID(sum[16:24])
}

// told is an exporter whose failures are logged: once, until it works again.
type told struct {
	sdk.SpanExporter
	log *slog.Logger

	mu   sync.Mutex
	down bool
}

// ExportSpans implements [sdk.SpanExporter]. It keeps the error to itself, which
// else goes to a log that the whole process shares.
func (t *told) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := t.SpanExporter.ExportSpans(ctx, spans)
	t.mu.Lock()
	was := t.down
	t.down = err != nil
	t.mu.Unlock()
	switch {
	case err != nil && !was:
		t.log.Error("the trace collector takes nothing, traces are dropped", "error", reason(err))
	case err == nil && was:
		t.log.Info("the trace collector takes traces again")
	}
	return nil
}

// reason is an error in one short line, without the address.
func reason(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	text := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "")), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:199]) + "…"
	}
	return text
}
