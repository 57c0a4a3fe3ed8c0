package serve_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
)

// TestAfterARun has a run end well and another fail while a server looks on: both
// are counted and traced, and of the failure people are told, although that does
// not work at first.
func TestAfterARun(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	old := newMeeting(t, st, "old") // it ended long before
	old.at = now.Add(-48 * time.Hour)
	old.failed("pad-track", "no audio")
	var mu sync.Mutex
	told, traced := map[string]int{}, map[string]int{}
	tries := 0
	o := options(t, st, nil)
	o.Again = 10 * time.Millisecond
	o.Notice = func(_ context.Context, e shelf.Entry, hint string) error {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries < 3 {
			return errors.New("zulip is away")
		}
		told[e.ID+": "+e.Step+": "+e.Error+": "+hint]++
		return nil
	}
	o.Trace = func(_ context.Context, e shelf.Entry, events []engine.Event) {
		mu.Lock()
		defer mu.Unlock()
		traced[e.ID] = len(events)
	}
	server, url := start(t, o)
	work(t, server)
	until(t, "the list is full", func() bool { _, b := get(t, url+"/v1/recordings"); return strings.Contains(b, `"total":1`) })
	newMeeting(t, st, "well").whole()
	newMeeting(t, st, "ill").failed("pad-track", "no audio")
	for _, want := range []string{
		`trackscribe_runs_total{state="succeeded"} 1`, `trackscribe_runs_total{state="failed"} 1`, `trackscribe_step_failures_total{class="permanent",step="pad-track"} 1`,
		`trackscribe_recordings{state="failed"} 2`, `trackscribe_recordings{state="succeeded"} 1`, `trackscribe_step_seconds_count{step="finalize"} 1`,
	} {
		until(t, want, func() bool { _, b := get(t, url+"/metrics"); return strings.Contains(b, want+"\n") })
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) != 1 || told["ill: pad-track: pad-track[0]: no audio: record it anew"] != 1 {
		t.Errorf("told are %v", told)
	}
	if traced["well"] < 20 || traced["ill"] < 3 || len(traced) != 2 {
		t.Errorf("traced are %v", traced)
	}
}
