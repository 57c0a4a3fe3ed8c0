package shelf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve/logtest"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

var (
	multitrack = pipeline.New()
	noon       = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

// records writes what runs leave in a store.
type records struct {
	testing.TB
	store.Store
	root string // of the store, a folder
}

func newRecords(t testing.TB) records {
	t.Helper()
	root := t.TempDir()
	st, err := folder.New(folder.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return records{t, st, root}
}

func (r records) json(key string, v any) {
	r.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		r.Fatal(err)
	}
	r.text(key, string(b))
}

// text writes the file itself: the store would sync each, and they are many.
func (r records) text(key, text string) {
	r.Helper()
	path := filepath.Join(r.root, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

// ask asks for a run, so many minutes after noon.
func (r records) ask(recording, id string, minutes int) {
	r.Helper()
	versions := map[string]string{}
	for _, n := range multitrack.Nodes {
		versions[n.Name()] = "1"
	}
	r.json(run.RunKey(recording, id), run.Run{
		ID: id, Recording: recording, Source: "test", Created: noon.Add(time.Duration(minutes) * time.Minute), Steps: versions,
		Graph: run.GraphRef{Name: multitrack.Name, Version: multitrack.Version, Digest: multitrack.Digest()},
	})
}

func (r records) receipt(recording, id, step string, outputs ...run.Output) {
	r.Helper()
	t := run.Task{Recording: recording, Run: id, Step: step, Track: -1}
	r.json(t.ReceiptKey(), run.Receipt{Step: step, Version: "1", Run: id, CacheKey: "key", Attempt: 1, Outputs: outputs, Started: noon, Finished: noon})
}

// found leaves what get-recording leaves.
func (r records) found(recording, id, name string) {
	r.Helper()
	key := run.ArtifactKey(recording, "get-recording", "key", "recording.json")
	r.json(key, artifact.Recording{ID: recording, Name: name, Started: noon.Format(time.RFC3339), Duration: 90})
	r.receipt(recording, id, "get-recording", run.Output{Port: "recording", Name: "recording.json", Key: key, SHA256: strings.Repeat("0", 64)})
}

func (r records) fail(recording, id, step, class string) {
	r.Helper()
	t := run.Task{Recording: recording, Run: id, Step: step, Track: -1}
	r.json(t.FailureKey(), run.Failure{Step: step, Run: id, Attempt: 1, Class: class, Message: "the file is broken", Finished: noon})
}

func (r records) end(recording, id, state string) {
	r.Helper()
	r.json(run.EndKey(recording, id), run.End{Run: id, State: state, Finished: noon.Add(time.Hour)})
}

// succeed leaves what a run leaves that went well.
func (r records) succeed(recording, id, name, title string) {
	r.Helper()
	for _, n := range multitrack.Nodes {
		if n.Each == "" {
			r.receipt(recording, id, n.Name())
		}
	}
	r.publish(recording, id, name, title)
}

// publish leaves a run's result and its end.
func (r records) publish(recording, id, name, title string) {
	r.Helper()
	r.json(run.ResultKey(recording, "result.json"), artifact.Result{
		Recording: recording, Name: name, Title: title, Duration: 60, Started: noon.Format(time.RFC3339),
	})
	r.end(recording, id, run.Succeeded)
}

// done asks for a run and has it succeed.
func (r records) done(recording, name, title string, minutes int) {
	r.Helper()
	r.ask(recording, "r1", minutes)
	r.succeed(recording, "r1", name, title)
}

func (r records) purge(recording string) {
	r.Helper()
	for info, err := range r.List(context.Background(), run.Root(recording)) {
		if err != nil {
			r.Fatal(err)
		}
		if err := r.Delete(context.Background(), info.Key); err != nil {
			r.Fatal(err)
		}
	}
}

// permanentClass is how failures are written that no attempt helps.
var permanentClass = steps.Permanent.String()

// flaky is a store that does not answer about some keys for a while, or is slow
// about them.
type flaky struct {
	store.Store

	mu   sync.Mutex
	bad  string        // part of the keys that are not answered about
	slow string        // part of the key that is answered about once gate is closed
	at   chan struct{} // closed when somebody waits there
	gate chan struct{}
}

func (f *flaky) set(bad string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bad = bad
}

func (f *flaky) Get(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	f.mu.Lock()
	bad, slow := f.bad != "" && strings.Contains(key, f.bad), f.slow != "" && strings.Contains(key, f.slow)
	if slow {
		f.slow = "" // once
	}
	f.mu.Unlock()
	if bad {
		return nil, store.Info{}, &store.Error{Op: "get", Key: key, Transient: true, Err: errors.New("slow down")}
	}
	if slow {
		rc, info, err := f.Store.Get(ctx, key) // as it was then
		close(f.at)
		<-f.gate
		return rc, info, err
	}
	return f.Store.Get(ctx, key)
}

// told is who is told of ended runs.
type told struct {
	mu   sync.Mutex
	list []string
}

func (t *told) ended(e Entry, witnessed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, fmt.Sprint(e.ID, " ", e.Run, " ", e.State, " ", witnessed))
}

func (t *told) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string{}, t.list...)
}

func newShelf(t testing.TB, st store.Store, who *told) *Shelf {
	o := Options{Store: st, Graph: multitrack, Log: logtest.To(t)}
	if who != nil {
		o.Ended = who.ended
	}
	return New(o)
}
