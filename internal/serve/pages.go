package serve

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/serve/web"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// perPage is how many recordings a page of the list shows.
const perPage = 50

func viewer(r *http.Request) web.Viewer {
	p := guard.From(r.Context())
	return web.Viewer{MayWrite: p.Write, SignedIn: p.Known}
}

// listPage shows the recordings.
func (s *Server) listPage(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, perPage)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, err.Error(), steps.Hint(err))
		return
	}
	list, total := s.shelf.List(q)
	at := func(offset int) string {
		v := url.Values{}
		for name, value := range map[string]string{"q": q.Text, "state": string(q.State)} {
			if value != "" {
				v.Set(name, value)
			}
		}
		if offset > 0 {
			v.Set("offset", strconv.Itoa(offset))
		}
		return "/?" + v.Encode()
	}
	v := web.ListView{Entries: list, Total: total, Query: q.Text, State: string(q.State), Now: s.opt.Now(), Viewer: viewer(r)}
	if q.Offset > 0 {
		v.Prev = at(max(0, q.Offset-q.Limit))
	}
	if q.Offset+len(list) < total {
		v.Next = at(q.Offset + q.Limit)
	}
	s.page(w, r, http.StatusOK, func(w io.Writer) error { return s.site.List(w, v) })
}

// recordingView gathers what a recording's page shows.
func (s *Server) recordingView(r *http.Request) (v web.RecordingView, err error) {
	ctx := r.Context()
	e, runs, err := s.recording(ctx, r.PathValue("id"))
	if err != nil {
		return v, err
	}
	v = web.RecordingView{Entry: e, Runs: runs, Viewer: viewer(r), Now: s.opt.Now()}
	if v.DAG, err = s.dag(ctx, e); err != nil {
		return v, err
	}
	for _, n := range s.opt.Graph.Nodes {
		v.Steps = append(v.Steps, n.Name())
	}
	index, _, err := s.index(ctx, e.ID)
	if err != nil {
		return v, err
	}
	v.Files = index.Files
	made, err := s.shown(ctx, e, runs)
	if err != nil || made == nil || made.report == nil {
		return v, err
	}
	v.Report = made.report
	v.Report.AudioGone = e.AudioDeleted
	v.Report.Pending = made.run == e.Run && !e.State.Ended()
	v.Report.Skipped = index.Skipped
	v.Player = s.player(e.ID, made)
	return v, nil
}

// player says where the page finds what it plays.
func (s *Server) player(id string, made *works) *web.Player {
	p := &web.Player{
		Words:    "/recordings/" + url.PathEscape(id) + "/runs/" + url.PathEscape(made.run) + "/words.json",
		Duration: made.report.Transcript.Duration,
	}
	at := func(name string) string {
		if _, ok := made.files[name]; !ok {
			return ""
		}
		return "/v1/recordings/" + url.PathEscape(id) + "/runs/" + url.PathEscape(made.run) + "/" + name
	}
	p.Audio, p.Waveform = at("audio.webm"), at("waveform.json")
	switch {
	case made.report.AudioGone:
		p.Audio, p.Waveform, p.Missing = "", "", "The audio was deleted for want of consent."
	case p.Audio == "" && made.report.Pending:
		p.Missing = "The audio is not mixed yet."
	case p.Audio == "":
		p.Missing = "There is no mixed audio."
	}
	return p
}

func (s *Server) recordingPage(w http.ResponseWriter, r *http.Request) {
	v, err := s.recordingView(r)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.page(w, r, http.StatusOK, func(w io.Writer) error { return s.site.Recording(w, v) })
}

func (s *Server) recordingPart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !web.IsPart(name) {
		s.problem(w, r, http.StatusNotFound, "there is no such part", "")
		return
	}
	v, err := s.recordingView(r)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.page(w, r, http.StatusOK, func(w io.Writer) error { return s.site.Part(w, name, v) })
}

// words serves the times of a run's words, for the player.
func (s *Server) words(w http.ResponseWriter, r *http.Request) {
	var t artifact.Transcript
	o, ok, err := s.output(r.Context(), r.PathValue("id"), r.PathValue("run"), "transcript.json")
	if ok {
		ok, err = s.load(r.Context(), o, &t)
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if !ok {
		s.problem(w, r, http.StatusNotFound, "there is no transcript yet", "")
		return
	}
	tag := `"` + o.SHA256 + `-w"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	b, err := report.Words(t)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	compressed(w, r, http.StatusOK, b)
}

// runAgain starts a run by a form of the page.
func (s *Server) runAgain(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "the form cannot be read", "")
		return
	}
	var refresh []string
	if step := r.PostFormValue("refresh"); step != "" {
		refresh = []string{step}
	}
	o, err := s.again(r.Context(), r.PathValue("id"), refresh)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/recordings/"+url.PathEscape(o.Recording), http.StatusSeeOther)
}

// message shows a page that says one thing.
func (s *Server) message(w http.ResponseWriter, r *http.Request, status int, text, hint string) {
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:] + "."
	}
	v := web.MessageView{Title: http.StatusText(status), Text: text, Hint: hint, Status: status}
	s.page(w, r, status, func(w io.Writer) error { return s.site.Message(w, v) })
}

// SignIn shows the page to sign in on.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request, status int, next, problem string) {
	v := web.SignInView{OIDC: s.opt.Guard.HasOIDC(), Token: s.opt.Guard.HasToken(), Next: next, Error: problem}
	s.page(w, r, status, func(w io.Writer) error { return s.site.SignIn(w, v) })
}

// page answers with HTML.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, write func(io.Writer) error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		s.opt.Log.Error("a page cannot be drawn", "route", r.Pattern, "error", err)
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store")
	compressed(w, r, status, b.Bytes())
}

// compressed answers with gzip where that is worth it and understood.
func compressed(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Add("Vary", "Accept-Encoding")
	if len(body) < 1000 || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return // the level is one
	}
	_, _ = z.Write(body)
	_ = z.Close()
}
