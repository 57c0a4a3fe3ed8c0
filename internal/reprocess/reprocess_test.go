package reprocess_test

import (
	"context"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/reprocess"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// world is a store with runs in all states, and a source.
type world struct {
	t  *testing.T
	g  graph.Graph
	st store.Store
}

func newWorld(t *testing.T) *world {
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, pipeline.New(), st}
}

func (w *world) put(key string, v any) {
	w.t.Helper()
	if _, err := store.PutJSON(context.Background(), w.st, key, v, store.PutOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// asked writes a run's run.json.
func (w *world) asked(recording, id string, age time.Duration, change func(*run.Run)) run.Run {
	r := run.Run{
		ID: id, Recording: recording, Source: "s3://raw/" + recording, Created: now.Add(-age), Steps: map[string]string{},
		Graph: run.GraphRef{Name: w.g.Name, Version: w.g.Version, Digest: w.g.Digest()},
	}
	for _, n := range w.g.Nodes {
		r.Steps[n.Name()] = n.Step.Version
	}
	if change != nil {
		change(&r)
	}
	w.put(run.RunKey(recording, id), r)
	return r
}

// done writes receipts of the given steps; nil: of all.
func (w *world) done(r run.Run, age time.Duration, names ...string) {
	if names == nil {
		for _, n := range w.g.Nodes {
			if n.Each == "" {
				names = append(names, n.Name())
			}
		}
	}
	for _, name := range names {
		t := run.Task{Recording: r.Recording, Run: r.ID, Step: name, Track: -1}
		w.put(t.ReceiptKey(), run.Receipt{Step: name, CacheKey: "x", Run: r.ID, Finished: now.Add(-age)})
	}
}

func (w *world) ended(r run.Run, state, message string) {
	w.put(run.EndKey(r.Recording, r.ID), run.End{Run: r.ID, State: state, Message: message, Finished: r.Created.Add(time.Minute)})
}

func (w *world) selected(o reprocess.Options) map[string]string {
	w.t.Helper()
	o.Now = now
	picks, err := reprocess.Select(w.t.Context(), w.g, w.st, o)
	if err != nil {
		w.t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range picks {
		got[p.Recording] = p.Why + ": " + p.Reason
	}
	return got
}

func TestSelect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done(w.asked("fine", "r1", time.Hour, nil), time.Hour)
	w.ended(w.asked("failed", "r1", time.Hour, nil), run.Failed, "failed: pad-track[1]")
	w.ended(w.asked("canceled", "r1", time.Hour, nil), run.Canceled, "")
	// It failed once, and somebody made it work since.
	again := w.asked("retried", "r1", time.Hour, nil)
	w.ended(again, run.Failed, "failed: finalize")
	w.done(again, time.Minute)
	// Only the newest run counts.
	w.ended(w.asked("mended", "r1", 2*time.Hour, nil), run.Failed, "")
	w.done(w.asked("mended", "r2", time.Hour, nil), time.Hour)
	w.done(w.asked("stuck", "r1", 9*time.Hour, nil), 8*time.Hour, "get-recording")
	w.done(w.asked("slow", "r1", 9*time.Hour, nil), 10*time.Minute, "get-recording")
	w.asked("running", "r1", 9*time.Hour, nil)
	w.done(w.asked("old-step", "r1", time.Hour, func(r *run.Run) { r.Steps["detect-topics"] = "0" }), time.Hour)
	w.done(w.asked("old-graph", "r1", time.Hour, func(r *run.Run) { r.Graph.Version = "0" }), time.Hour)
	// What only a result needs counts: the webhook of this one never went out.
	half := w.asked("no-webhook", "r1", time.Hour, nil)
	w.done(half, time.Hour, "get-recording", "get-participants", "merge-transcripts", "finalize")
	live := func(recording, _ string) bool { return recording == "running" }

	for name, c := range map[string]struct {
		o    reprocess.Options
		want map[string]string
	}{
		"failed": {reprocess.Options{Failed: true}, map[string]string{"failed": "failed: failed: pad-track[1]"}},
		"stuck":  {reprocess.Options{Stuck: 6 * time.Hour, Live: live}, map[string]string{"stuck": "stuck: no sign of life for 8h0m0s"}},
		"stale": {reprocess.Options{Stale: true}, map[string]string{
			"old-step":  `stale: step detect-topics was version "0", is "` + version(w.g, "detect-topics") + `"`,
			"old-graph": "stale: graph multitrack v0, now multitrack v1",
		}},
		"nothing": {reprocess.Options{}, map[string]string{}},
		"since":   {reprocess.Options{Failed: true, Stuck: time.Hour, Live: live, Since: now.Add(-2 * time.Hour)}, map[string]string{"failed": "failed: failed: pad-track[1]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, w.selected(c.o)); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
		})
	}
}

func version(g graph.Graph, name string) string {
	n, _ := g.Node(name)
	return n.Step.Version
}

func TestMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done(w.asked("known", "r1", time.Hour, nil), time.Hour)
	source := t.TempDir()
	raw, err := folder.New(folder.Options{Root: source})
	if err != nil {
		t.Fatal(err)
	}
	for key, content := range map[string]string{
		"known/anna.webm": "x", "new/anna.webm": "x",
		"by-id/recording.json": `{"id": "0f5a2c1e"}`, "by-id/tracks/x.webm": "x",
	} {
		if _, err := raw.Put(t.Context(), key, strings.NewReader(content), store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"new": "missing: never processed", "0f5a2c1e": "missing: never processed"}
	if diff := cmp.Diff(want, w.selected(reprocess.Options{Missing: true, Source: source})); diff != "" {
		t.Errorf("selected (-want +got):\n%s", diff)
	}
}

// What must not be heard any more is not run again, and does not take the place
// of what can be.
func TestSelectLeavesDeletedAudioAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"a-deleted", "b-deleting", "c-failed"} {
		w.ended(w.asked(id, "r1", time.Hour, nil), run.Failed, "failed: post-zulip")
	}
	w.put(run.EffectKey("a-deleted", "cleanup-consent"), artifact.Cleanup{Run: "r1", Reason: "denied", AudioGone: true})
	w.put(run.EffectKey("b-deleting", "cleanup-consent"), artifact.Cleanup{Run: "r1", Reason: "missing"})
	picks, err := reprocess.Select(t.Context(), w.g, w.st, reprocess.Options{Failed: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	got := [][2]string{}
	for _, p := range picks {
		got = append(got, [2]string{p.Recording, p.Skip})
	}
	want := [][2]string{
		{"c-failed", ""},
		{"a-deleted", "its audio was deleted: somebody did not consent"},
		{"b-deleting", "its audio is to be deleted: nobody consented"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("picks (-want +got):\n%s", diff)
	}
}

// TestMissingAtDaily picks what Daily has and nobody ran, by one listing.
func TestMissingAtDaily(t *testing.T) {
	t.Parallel()
	account := dailytest.New()
	for _, r := range []map[string]any{
		{"id": "known"}, {"id": "new-1"}, {"id": "going-on", "status": "in-progress"}, {"id": "mixed", "type": "cloud"}, {"id": "old", "start_ts": now.Add(-48 * time.Hour).Unix()},
	} {
		full := map[string]any{"start_ts": now.Add(-time.Hour).Unix(), "status": "finished", "tracks": []any{map[string]any{"type": "audio", "s3Key": "d/r/x"}}}
		maps.Copy(full, r)
		account.Add(full)
	}
	srv := httptest.NewServer(account)
	defer srv.Close()
	w := newWorld(t)
	w.asked("known", "r1", time.Hour, nil)
	picks, err := reprocess.Select(t.Context(), w.g, w.st, reprocess.Options{
		Missing: true, Source: "daily", Since: now.Add(-24 * time.Hour), Now: now, Sources: source.Options{Daily: settings.Daily{URL: srv.URL, Key: dailytest.Key}},
	})
	if err != nil || len(picks) != 1 || picks[0].Recording != "new-1" || picks[0].Source != "daily:new-1" || picks[0].Why != "missing" {
		t.Errorf("picked %+v (%v)", picks, err)
	}
	if n := len(account.Requests()); n != 1 {
		t.Errorf("%d requests, want one", n)
	}
}
