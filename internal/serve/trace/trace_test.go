package trace_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
	"github.com/trackscribe/trackscribe/internal/serve/trace"
)

var start = time.Date(2025, 11, 24, 10, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// fake is a collector: what it was sent.
type fake struct {
	mu    sync.Mutex
	lines []string
	ids   []string
	whose []string
	paths []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var req collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &req)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paths = append(f.paths, r.URL.Path)
	for _, rs := range req.GetResourceSpans() {
		f.whose = append(f.whose, values(rs.GetResource().GetAttributes()))
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				from := time.Unix(0, int64(s.GetStartTimeUnixNano())).Sub(start).Seconds()
				to := time.Unix(0, int64(s.GetEndTimeUnixNano())).Sub(start).Seconds()
				f.lines = append(f.lines, strings.TrimSpace(fmt.Sprintf("%s %g-%g root=%t %s %s %s", s.GetName(), from, to, len(s.GetParentSpanId()) == 0,
					s.GetStatus().GetCode(), s.GetStatus().GetMessage(), values(s.GetAttributes()))))
				f.ids = append(f.ids, hex.EncodeToString(s.GetTraceId())+"/"+hex.EncodeToString(s.GetSpanId())+"<"+hex.EncodeToString(s.GetParentSpanId()))
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func values(list []*common.KeyValue) string {
	var out []string
	for _, kv := range list {
		v := kv.GetValue().GetStringValue()
		if _, ok := kv.GetValue().GetValue().(*common.AnyValue_IntValue); ok {
			v = fmt.Sprint(kv.GetValue().GetIntValue())
		}
		out = append(out, strings.TrimPrefix(kv.GetKey(), "trackscribe.")+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// send has a run told by a tracer of its own.
func send(t *testing.T, f *fake, recording, run string, events []engine.Event) {
	t.Helper()
	server := httptest.NewServer(f)
	defer server.Close()
	tracer, err := trace.New(t.Context(), trace.Options{Endpoint: server.URL, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	tracer.Run(t.Context(), recording, run, at(0), events)
	if err := tracer.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func failing() []engine.Event {
	return []engine.Event{
		{Track: -1, State: engine.Running, Time: at(2)},
		{Step: "get-recording", Track: -1, State: engine.Running, Attempt: 1, Time: at(5)},
		{Step: "get-recording", Track: -1, State: engine.Succeeded, Attempt: 1, Time: at(6), Took: time.Second},
		{Step: "pad-track", Track: 0, State: engine.Queued, Time: at(6)},
		{Step: "pad-track", Track: 0, State: engine.Running, Attempt: 1, Time: at(7)},
		{Step: "pad-track", Track: 0, State: engine.Running, Attempt: 1, Time: at(7.5), Fraction: 0.5},
		{Step: "pad-track", Track: 0, State: engine.Retrying, Attempt: 1, Time: at(8), Exit: 75, Message: "secret words"},
		{Step: "pad-track", Track: 0, State: engine.Running, Attempt: 2, Time: at(9)},
		{Step: "pad-track", Track: 1, State: engine.Running, Attempt: 1, Time: at(9)},
		{Step: "pad-track", Track: 0, State: engine.Failed, Attempt: 2, Time: at(10), Exit: 65, Message: "secret words"},
		{Step: "pad-track", Track: 1, State: engine.Canceled, Time: at(11)},
		{Track: -1, State: engine.Failed, Time: at(12), Exit: 65, Message: "secret words"},
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	f := &fake{}
	send(t, f, "standup", "r1", failing())
	const whose = "recording=standup run=r1"
	want := []string{
		"get-recording 5-6 root=false STATUS_CODE_OK  attempt=1 " + whose + " state=succeeded step=get-recording",
		"pad-track 7-8 root=false STATUS_CODE_ERROR transient attempt=1 class=transient " + whose + " state=retrying step=pad-track track=0",
		"pad-track 9-10 root=false STATUS_CODE_ERROR permanent attempt=2 class=permanent " + whose + " state=failed step=pad-track track=0",
		"pad-track 9-11 root=false STATUS_CODE_UNSET  attempt=1 " + whose + " state=canceled step=pad-track track=1",
		"queued 0-5 root=false STATUS_CODE_UNSET  " + whose,
		"recording 0-12 root=true STATUS_CODE_ERROR permanent class=permanent " + whose + " state=failed",
	}
	slices.Sort(f.lines)
	if diff := cmp.Diff(want, f.lines); diff != "" {
		t.Error(diff)
	}
	if f.paths[0] != "/v1/traces" || !strings.Contains(f.whose[0], "service.name=trackscribe") || !strings.Contains(f.whose[0], "service.version=v1") {
		t.Errorf("sent to %q as %q", f.paths[0], f.whose[0])
	}
	root := ""
	for _, id := range f.ids {
		if strings.HasSuffix(id, "<") {
			_, root, _ = strings.Cut(strings.TrimSuffix(id, "<"), "/")
		}
	}
	for _, id := range f.ids {
		if !strings.HasSuffix(id, "<") && !strings.HasSuffix(id, "<"+root) {
			t.Errorf("%s is no child of %s", id, root)
		}
	}
}

// Whoever tells of a run gives the same ids; another run has others.
func TestIDs(t *testing.T) {
	t.Parallel()
	one, again, other := &fake{}, &fake{}, &fake{}
	send(t, one, "standup", "r1", failing())
	send(t, again, "standup", "r1", failing())
	send(t, other, "standup", "r2", failing())
	if diff := cmp.Diff(one.ids, again.ids); diff != "" {
		t.Error(diff)
	}
	seen := map[string]bool{}
	for _, id := range slices.Concat(one.ids, other.ids) {
		if seen[id] {
			t.Errorf("id %s is there twice", id)
		}
		seen[id] = true
	}
	if len(seen) != 12 || one.ids[0][:32] == other.ids[0][:32] {
		t.Errorf("%d ids, want 12 in two traces", len(seen))
	}
}

// What the store remembers has no beginning of an attempt that failed, and
// events may come twice or miss their end.
func TestEventsOfTheStore(t *testing.T) {
	t.Parallel()
	f := &fake{}
	send(t, f, "standup", "r1", []engine.Event{
		{Track: -1, State: engine.Running, Time: at(0)},
		{Step: "finalize", Track: -1, State: engine.Retrying, Attempt: 1, Time: at(3), Exit: 9},
		{Step: "finalize", Track: -1, State: engine.Running, Attempt: 2, Time: at(4)},
		{Step: "finalize", Track: -1, State: engine.Succeeded, Attempt: 2, Time: at(5), Took: time.Second},
		{Step: "finalize", Track: -1, State: engine.Running, Attempt: 2, Time: at(4)},
		{Step: "get-recording", Track: -1, State: engine.Cached, Time: at(5)},
		{Step: "post-zulip", Track: -1, State: engine.Running, Attempt: 1, Time: at(5)},
	})
	const whose = "recording=standup run=r1"
	want := []string{
		"finalize 3-3 root=false STATUS_CODE_ERROR unknown attempt=1 class=unknown " + whose + " state=retrying step=finalize",
		"finalize 4-5 root=false STATUS_CODE_OK  attempt=2 " + whose + " state=succeeded step=finalize",
		"get-recording 5-5 root=false STATUS_CODE_OK  attempt=1 " + whose + " state=cached step=get-recording",
		"post-zulip 5-5 root=false STATUS_CODE_UNSET  attempt=1 " + whose + " state=running step=post-zulip",
		"queued 0-3 root=false STATUS_CODE_UNSET  " + whose,
		"recording 0-5 root=true STATUS_CODE_UNSET  " + whose + " state=running",
	}
	slices.Sort(f.lines)
	if diff := cmp.Diff(want, f.lines); diff != "" {
		t.Error(diff)
	}
}

// A collector that never answers holds up neither a run nor the end.
func TestCollectorThatHangs(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-free }))
	defer server.Close()
	defer close(free)
	tracer, err := trace.New(t.Context(), trace.Options{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for i := range 3000 { // more spans than are kept
		tracer.Run(t.Context(), "standup", fmt.Sprint("r", i), at(0), failing())
	}
	// Waiting for those that find no room would take a minute and a half.
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("the runs took %s", took)
	}
	begun = time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tracer.Shutdown(ctx); err == nil {
		t.Error("the spans were sent to nobody")
	}
	if took := time.Since(begun); took > 4*time.Second { // a single call takes five
		t.Errorf("the end took %s", took)
	}
}

func TestFailureIsLoggedOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "go away\nnow", http.StatusForbidden)
	}))
	defer server.Close()
	var mu sync.Mutex
	var logged []string
	tracer, err := trace.New(t.Context(), trace.Options{Endpoint: server.URL, Log: logtest.New(func(line string) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, line)
	})})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 { // several batches
		tracer.Run(t.Context(), "standup", fmt.Sprint("r", i), at(0), failing())
	}
	_ = tracer.Shutdown(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if len(logged) != 1 || !strings.Contains(logged[0], "403") || strings.Contains(logged[0], "\n") {
		t.Errorf("logged %q", logged)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	tracer, err := trace.New(t.Context(), trace.Options{})
	if tracer != nil || err != nil {
		t.Errorf("without an endpoint: %v, %v", tracer, err)
	}
	tracer.Run(t.Context(), "standup", "r1", at(0), failing())
	if err := tracer.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"collector:4318", "ftp://x", "http://", "http://me:hunter2@x", "http://x?key=hunter2", "http://%zz"} {
		if _, err := trace.New(t.Context(), trace.Options{Endpoint: bad}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}
