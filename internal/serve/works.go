package serve

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// makers are the steps whose files people see, in the order in which they come.
var makers = []string{"get-recording", "mixdown-tracks", "generate-waveform", "merge-transcripts", "detect-topics", "generate-title", "generate-summary"}

// works is what a run has made so far, by its receipts.
type works struct {
	run   string
	files map[string]run.Output // by name; of makers
	// report is nil as long as there is no transcript.
	report *report.Input
}

// outputs yields the files that a run has made so far, each receipt read when it
// is its turn.
func (s *Server) outputs(ctx context.Context, recording, id string) iter.Seq2[run.Output, error] {
	return func(yield func(run.Output, error) bool) {
		for _, step := range makers {
			rec, _, err := runner.Receipt(ctx, s.opt.Store, run.Task{Recording: recording, Run: id, Step: step, Track: -1})
			if err != nil {
				yield(run.Output{}, err)
				return
			}
			for _, o := range rec.Outputs {
				if o.Index == nil && !yield(o, nil) {
					return
				}
			}
		}
	}
}

// output returns the file of that name; false: the run has not made it.
func (s *Server) output(ctx context.Context, recording, id, name string) (run.Output, bool, error) {
	for o, err := range s.outputs(ctx, recording, id) {
		if err != nil || o.Name == name {
			return o, err == nil, err
		}
	}
	return run.Output{}, false, nil
}

// worksOf reads what a run has made.
func (s *Server) worksOf(ctx context.Context, recording, id string) (*works, error) {
	w := &works{run: id, files: map[string]run.Output{}}
	for o, err := range s.outputs(ctx, recording, id) {
		if err != nil {
			return nil, err
		}
		w.files[o.Name] = o
	}
	in := &report.Input{}
	if ok, err := s.document(ctx, w, "transcript.json", &in.Transcript); err != nil || !ok {
		return w, err
	}
	w.report = in
	_, err := s.document(ctx, w, "recording.json", &in.Recording)
	return w, errors.Join(err,
		optional(ctx, s, w, "topics.json", &in.Topics), optional(ctx, s, w, "title.json", &in.Title),
		optional(ctx, s, w, "summary.json", &in.Summary), optional(ctx, s, w, "peaks.json", &in.Peaks))
}

// document reads a file that the run made; false: it did not, or it was deleted.
func (s *Server) document(ctx context.Context, w *works, name string, v any) (bool, error) {
	o, ok := w.files[name]
	if !ok {
		return false, nil
	}
	return s.load(ctx, o, v)
}

// load reads a file that was made; false: it was deleted.
func (s *Server) load(ctx context.Context, o run.Output, v any) (bool, error) {
	_, err := store.GetJSON(ctx, s.opt.Store, o.Key, v)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func optional[T any](ctx context.Context, s *Server, w *works, name string, into **T) error {
	v := new(T)
	ok, err := s.document(ctx, w, name, v)
	if ok {
		*into = v
	}
	return err
}

// shown returns what there is to see of a recording: what its newest run made,
// or, until that has a transcript, what the last finished one did.
func (s *Server) shown(ctx context.Context, e shelf.Entry, runs []shelf.Run) (*works, error) {
	w, err := s.worksOf(ctx, e.ID, e.Run)
	if err != nil || w.report != nil || !e.HasResult {
		return w, err
	}
	for _, r := range runs {
		if r.State == engine.Succeeded && r.ID != e.Run {
			return s.worksOf(ctx, e.ID, r.ID)
		}
	}
	return w, nil
}

// index reads the index of the latest result; false: there is none.
func (s *Server) index(ctx context.Context, recording string) (r artifact.Result, ok bool, err error) {
	_, err = store.GetJSON(ctx, s.opt.Store, run.ResultKey(recording, "result.json"), &r)
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

// mediaOf is what a browser is told of a file without a media type.
func mediaOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".json"):
		return "application/json"
	default:
		return "application/octet-stream"
	}
}
