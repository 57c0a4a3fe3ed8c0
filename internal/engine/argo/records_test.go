package argo

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// shelf is a store with what the steps of one run left.
type shelf struct {
	t    *testing.T
	st   store.Store
	task run.Task
	at   time.Time
}

func newShelf(t *testing.T, s Status) *shelf {
	t.Helper()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{t: t, st: st, task: run.Task{Recording: s.Recording, Run: s.Run}, at: s.Started.Add(5 * time.Second)}
}

func (s *shelf) put(key string, v any) {
	s.t.Helper()
	if _, err := store.PutJSON(s.t.Context(), s.st, key, v, store.PutOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// did writes the receipt of a task that took a second.
func (s *shelf) did(step string, track int, edit func(*run.Receipt)) {
	s.t.Helper()
	task := s.task
	task.Step, task.Track = step, track
	rec := run.Receipt{Step: step, Run: task.Run, CacheKey: "key", Outputs: []run.Output{}, Attempt: 1, Started: s.at, Finished: s.at.Add(time.Second)}
	if edit != nil {
		edit(&rec)
	}
	s.put(task.ReceiptKey(), rec)
}

func (s *shelf) failed(step string, track int, class steps.Class, at time.Time) {
	s.t.Helper()
	task := s.task
	task.Step, task.Track = step, track
	s.put(task.FailureKey(), run.Failure{Step: step, Run: task.Run, Attempt: 1, Class: class.String(), Message: "it is broken", Hint: "mend it", Finished: at})
}

// tracks lets get-recording list so many tracks.
func tracks(n int) func(*run.Receipt) {
	return func(rec *run.Receipt) {
		for i := range n {
			rec.Outputs = append(rec.Outputs, run.Output{Port: "tracks", Index: &i, Key: "k", SHA256: strings.Repeat("0", 64)})
		}
	}
}

func (s *shelf) look(t *testing.T, st Status) map[string]Task {
	t.Helper()
	if err := newRecords(s.st, pipeline.New()).enrich(t.Context(), &st); err != nil {
		t.Fatal(err)
	}
	found := map[string]Task{}
	for _, task := range st.Tasks {
		found[task.Name()] = task
	}
	return found
}

func wantStates(t *testing.T, got map[string]Task, want map[string]engine.State) {
	t.Helper()
	for name, state := range want {
		if got[name].State != state {
			t.Errorf("%s is %q (%s), want %q", name, got[name].State, got[name].Message, state)
		}
	}
}

// TestRecordsOfSteps: a pod per step, so the store only adds why and how.
func TestRecordsOfSteps(t *testing.T) {
	t.Parallel()
	st := StatusOf(load(t, "track-fails"), pipeline.New())
	s := newShelf(t, st)
	s.did("get-recording", -1, nil)
	s.did("get-participants", -1, func(rec *run.Receipt) { rec.Skipped = "nobody is known" })
	s.did("pad-track", 0, func(rec *run.Receipt) { rec.Cached = "an-earlier-run" })
	s.failed("pad-track", 1, steps.Permanent, st.Finished)
	got := s.look(t, st)
	wantStates(t, got, map[string]engine.State{
		"get-recording": engine.Succeeded, "get-participants": engine.Skipped, "pad-track[0]": engine.Cached, "pad-track[1]": engine.Failed,
		"merge-transcripts": engine.Skipped,
	})
	if bad := got["pad-track[1]"]; bad.Message != "it is broken" || bad.Hint != "mend it" || bad.Exit != 65 {
		t.Errorf("the failure tells %+v", bad)
	}
}

// TestOldFailure does not blame a failure of an earlier attempt.
func TestOldFailure(t *testing.T) {
	t.Parallel()
	st := StatusOf(load(t, "track-fails"), pipeline.New())
	s := newShelf(t, st)
	s.failed("pad-track", 1, steps.Transient, st.Started.Add(-time.Hour))
	if bad := s.look(t, st)["pad-track[1]"]; bad.Message != "Error (exit code 65)" {
		t.Errorf("the failure tells %q", bad.Message)
	}
}

// TestRecordsOfOnePod: only the store knows how the steps in the pod stand.
func TestRecordsOfOnePod(t *testing.T) {
	t.Parallel()
	g := pipeline.New()
	wf := load(t, "one-pod")
	running := StatusOf(moment(t, wf, wf.Status.StartedAt.Add(5*time.Second)), g)
	s := newShelf(t, running)
	s.did("get-recording", -1, tracks(2))
	s.did("pad-track", 0, nil)
	s.failed("pad-track", 1, steps.Transient, s.at)
	wantStates(t, s.look(t, running), map[string]engine.State{
		"get-recording": engine.Succeeded, "get-participants": engine.Running, "pad-track[0]": engine.Succeeded, "pad-track[1]": engine.Retrying,
		"transcribe-track[0]": engine.Running, "transcribe-track[1]": Waiting, "merge-transcripts": Waiting,
	})
	s.did("pad-track", 1, nil)
	s.did("get-participants", -1, nil)
	s.failed("generate-waveform", -1, steps.Permanent, s.at)
	for _, step := range []string{"transcribe-track"} {
		s.did(step, 0, nil)
		s.did(step, 1, nil)
	}
	s.did("mixdown-tracks", -1, nil)
	s.did("merge-transcripts", -1, nil)
	wantStates(t, s.look(t, running), map[string]engine.State{
		"pad-track[1]": engine.Succeeded, "generate-waveform": engine.Failed, "detect-topics": engine.Running, "finalize": Waiting,
	})
	for _, step := range []string{"detect-topics", "generate-title", "generate-summary", "finalize"} {
		s.did(step, -1, nil)
	}
	s.did("cleanup-consent", -1, func(rec *run.Receipt) { rec.Skipped = "nothing to delete" })
	done := s.look(t, StatusOf(wf, g))
	wantStates(t, done, map[string]engine.State{
		"generate-waveform": engine.Failed, "finalize": engine.Succeeded, "cleanup-consent": engine.Skipped, "transcribe-track[1]": engine.Succeeded,
	})
	if took := done["finalize"].Took; took != time.Second {
		t.Errorf("finalize took %s, want its own time and not its pod's", took)
	}
}

func TestRecordsWithoutTracks(t *testing.T) {
	t.Parallel()
	st := StatusOf(load(t, "one-pod"), pipeline.New())
	s := newShelf(t, st)
	s.did("get-recording", -1, tracks(0))
	if pad := s.look(t, st)["pad-track"]; pad.State != engine.Skipped || pad.Message != "no tracks" {
		t.Errorf("pad-track is %s: %s", pad.State, pad.Message)
	}
}

// TestBlind shows a run all the same when the store cannot be read.
func TestBlind(t *testing.T) {
	t.Parallel()
	wf := load(t, "track-fails")
	var told []error
	sight := Sight{Graph: pipeline.New(), Store: deaf{}, Blind: func(err error) { told = append(told, err) }}
	if s := sight.Status(t.Context(), wf); s.State != engine.Failed {
		t.Errorf("run is %s", s.State)
	}
	if len(told) != 1 || !errors.Is(told[0], store.ErrDenied) {
		t.Errorf("told %v", told)
	}
}

// deaf is a store that lets nobody in.
type deaf struct{ store.Store }

func (deaf) List(context.Context, string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		yield(store.Info{}, &store.Error{Op: "list", Kind: store.ErrDenied})
	}
}
