package serve

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// mostListed is how many recordings are listed at once.
const mostListed = 500

// listAnswer is the body of GET /v1/recordings.
type listAnswer struct {
	Recordings []shelf.Entry `json:"recordings"`
	Total      int           `json:"total"`
	Offset     int           `json:"offset"`
}

// recordingAnswer is the body of GET /v1/recordings/{id}.
type recordingAnswer struct {
	shelf.Entry
	DAG   progress.DAG          `json:"dag"`
	Runs  []shelf.Run           `json:"history"` // the newest first
	Files []artifact.ResultFile `json:"files"`   // of the latest result
}

// ordered is the body that answers POST /v1/recordings/{id}/runs.
type ordered struct {
	Recording string       `json:"recording"`
	Run       string       `json:"run"`
	State     engine.State `json:"state"`
}

// problemAnswer is the body of every failure of the API.
type problemAnswer struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// query reads what is wanted of a list.
func query(r *http.Request, most int) (shelf.Query, error) {
	v := r.URL.Query()
	q := shelf.Query{Text: v.Get("q"), State: engine.State(v.Get("state")), May: guard.From(r.Context()).May, Limit: most}
	switch q.State {
	case "", engine.Queued, engine.Running, engine.Succeeded, engine.Failed, engine.Canceled:
	default:
		return q, steps.Wrong("use queued, running, succeeded, failed or canceled", "state %q is none", q.State)
	}
	for name, into := range map[string]*int{"offset": &q.Offset, "limit": &q.Limit} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, steps.Wrong("give a whole number", "%s %q is none", name, text)
		}
		*into = n
	}
	if q.Limit == 0 || q.Limit > most {
		q.Limit = most
	}
	return q, nil
}

func (s *Server) listRecordings(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, mostListed)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, err.Error(), steps.Hint(err))
		return
	}
	list, total := s.shelf.List(q)
	if list == nil {
		list = []shelf.Entry{}
	}
	s.json(w, r, http.StatusOK, listAnswer{list, total, q.Offset})
}

// recording is what is known of one recording, read anew.
func (s *Server) recording(ctx context.Context, id string) (shelf.Entry, []shelf.Run, error) {
	e, runs, ok, err := s.shelf.History(ctx, id)
	if err == nil && !ok {
		err = errUnknown
	}
	return e, runs, err
}

var errUnknown = errors.New("there is no such recording")

// dag tells how the newest run stands.
func (s *Server) dag(ctx context.Context, e shelf.Entry) (progress.DAG, error) {
	if e.Run == "" {
		return progress.Empty(s.opt.Graph, ""), nil
	}
	return s.hub.DAG(ctx, e.ID, e.Run)
}

func (s *Server) getRecording(w http.ResponseWriter, r *http.Request) {
	e, runs, err := s.recording(r.Context(), r.PathValue("id"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	a := recordingAnswer{Entry: e, Runs: append([]shelf.Run{}, runs...), Files: []artifact.ResultFile{}}
	if a.DAG, err = s.dag(r.Context(), e); err != nil {
		s.failed(w, r, err)
		return
	}
	if index, ok, err := s.index(r.Context(), e.ID); err != nil {
		s.failed(w, r, err)
		return
	} else if ok {
		a.Files = append(a.Files, index.Files...)
	}
	s.json(w, r, http.StatusOK, a)
}

// askedRun is the body of POST /v1/recordings/{id}/runs.
type askedRun struct {
	Refresh []string `json:"refresh"` // steps to do again although their work is there
}

func (s *Server) postRun(w http.ResponseWriter, r *http.Request) {
	var asked askedRun
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&asked); err != nil && !errors.Is(err, io.EOF) {
		s.problem(w, r, http.StatusBadRequest, "the body is not what is expected", `send {"refresh": ["<step>"]}, or nothing`)
		return
	}
	o, err := s.again(r.Context(), r.PathValue("id"), asked.Refresh)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.json(w, r, http.StatusAccepted, ordered{o.Recording, o.Run, engine.Queued})
}

// again orders another run of a recording, or the first one of a recording that
// the source has.
func (s *Server) again(ctx context.Context, id string, refresh []string) (Order, error) {
	if err := operate.Check(s.opt.Graph, nil, refresh); err != nil {
		return Order{}, err
	}
	o := orderOf(id, s.opt.Now())
	o.Refresh = refresh
	if e, runs, err := s.recording(ctx, id); err == nil {
		if e.State == engine.Queued {
			o.Recording, o.Run = e.ID, e.Run
			return o, nil // it was asked for already
		}
		o.Recording, o.Run = e.ID, operate.NewRunID(s.opt.Now())
		if len(runs) > 0 {
			o.Location, o.Source = runs[0].Source, ""
		}
	} else if !errors.Is(err, errUnknown) {
		return o, err
	} else if !daily.IsID(id) {
		return o, errUnknown
	} else if o.Location, err = s.opt.Source.Find(ctx, id); err != nil {
		return o, err
	}
	if err := operate.CheckConsent(ctx, s.opt.Store, o.Recording, o.Run); err != nil {
		return o, err
	}
	_, err := s.order(ctx, o)
	return o, err
}

// json answers with v.
func (s *Server) json(w http.ResponseWriter, _ *http.Request, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.opt.Log.Error("an answer cannot be encoded", "error", err)
		status, b = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// failed answers a request that could not be answered.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil:
		return // nobody listens
	case errors.Is(err, errUnknown), errors.Is(err, engine.ErrUnknownRun):
		s.problem(w, r, http.StatusNotFound, errUnknown.Error(), "")
	case steps.Classify(err) == steps.Misuse:
		s.problem(w, r, http.StatusUnprocessableEntity, err.Error(), steps.Hint(err))
	default:
		s.opt.Log.Error("a request cannot be answered", "route", r.Pattern, "error", err)
		s.problem(w, r, http.StatusServiceUnavailable, "the store or the engine does not answer as it should", "try again; the server's log has the reason")
	}
}

// problem answers with a failure: a page for browsers, JSON for programs.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, status int, text, hint string) {
	for _, h := range []string{"ETag", "Content-Disposition"} {
		w.Header().Del(h)
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		s.json(w, r, status, problemAnswer{text, hint})
		return
	}
	s.message(w, r, status, text, hint)
}

// guarded lets a request through that may see the recording it is about, or may
// write.
func (s *Server) guarded(write bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, id := guard.From(r.Context()), r.PathValue("id")
		switch {
		case r.PathValue("run") != "" && run.CheckID("run", r.PathValue("run")) != nil:
			s.problem(w, r, http.StatusNotFound, "there is no such run", "")
		// Whoever may not see it is not told that it is there.
		case run.CheckID("recording", run.MakeID(id)) != nil, !write && run.MakeID(id) != id, !p.May(run.MakeID(id)):
			s.problem(w, r, http.StatusNotFound, errUnknown.Error(), "")
		case write && !p.Write:
			s.problem(w, r, http.StatusForbidden, "runs cannot be started here", "")
		default:
			next(w, r)
		}
	}
}
