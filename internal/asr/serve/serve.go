// Package serve is a speech server around a recogniser of this process, at the
// API that OpenAI's has: POST /v1/audio/transcriptions, GET /v1/models, and
// /v1/audio/transcriptions-from-url as Reflector's servers have it. It takes
// WebM, Ogg and WAV, knows English, and keeps nothing.
package serve

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/audio"
)

// Options set up a server.
type Options struct {
	Recognizer asr.Recognizer
	Key        string // bearer token that callers must have; empty: none
	MaxBytes   int64  // of one upload
	Workers    int    // requests that are worked on at once; others wait
	Scratch    string // folder for temporary files; empty: the system's
	// Fetch, when set, gets audio from an address, for -from-url.
	Fetch func(ctx context.Context, url string) (io.ReadCloser, error)
	// Log is told of each request: its status, and seconds of audio.
	Log func(status int, seconds float64)
}

// New returns the server's handler.
func New(o Options) http.Handler {
	s := &server{Options: o, places: make(chan struct{}, max(1, o.Workers))}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/audio/transcriptions", s.guard(s.upload))
	mux.HandleFunc("POST /v1/audio/transcriptions-from-url", s.guard(s.fromURL))
	mux.HandleFunc("GET /v1/models", s.guard(s.models))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing at this path")
	})
	return mux
}

type server struct {
	Options
	places chan struct{}
}

func (s *server) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.Key != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.Key)) != 1 {
			refuse(w, http.StatusUnauthorized, "the key is missing or wrong")
			return
		}
		next(w, r)
	}
}

func (s *server) models(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"object": "list", "data": []any{map[string]any{"id": s.Recognizer.Name(), "object": "model", "owned_by": "trackscribe"}}})
}

// upload reads a multipart form, field by field, as it comes.
func (s *server) upload(w http.ResponseWriter, r *http.Request) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		refuse(w, http.StatusUnprocessableEntity, "send a multipart/form-data form with the field file")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.MaxBytes)
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		s.badForm(w, err)
		return
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	file, _, err := r.FormFile("file")
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, "the field file is missing")
		return
	}
	defer file.Close()
	format := r.FormValue("response_format")
	switch format {
	case "", "json", "text", "verbose_json":
	default:
		refuse(w, http.StatusBadRequest, "response_format must be json, text or verbose_json")
		return
	}
	s.transcribe(w, r, file, r.FormValue("language"), format, r.Form["timestamp_granularities[]"])
}

func (s *server) badForm(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		refuse(w, http.StatusRequestEntityTooLarge, "the upload is too large")
		return
	}
	refuse(w, http.StatusBadRequest, "the form cannot be read")
}

// fromURL fetches the audio itself.
func (s *server) fromURL(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		URL      string `json:"audio_file_url"`
		Language string `json:"language"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&ask); err != nil || ask.URL == "" {
		refuse(w, http.StatusUnprocessableEntity, "send JSON with audio_file_url")
		return
	}
	if s.Fetch == nil {
		refuse(w, http.StatusNotImplemented, "this server fetches nothing")
		return
	}
	file, err := s.Fetch(r.Context(), ask.URL)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the audio cannot be fetched")
		return
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, s.MaxBytes+1))
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "the audio cannot be fetched")
	case int64(len(b)) > s.MaxBytes:
		refuse(w, http.StatusRequestEntityTooLarge, "the audio is too large")
	default:
		s.transcribe(w, r, bytes.NewReader(b), ask.Language, "verbose_json", []string{"word"})
	}
}

// transcribe does the work, when a place is free.
func (s *server) transcribe(w http.ResponseWriter, r *http.Request, file io.ReadSeeker, language, format string, granularities []string) {
	if language != "" && language != "en" && !strings.EqualFold(language, "english") {
		refuse(w, http.StatusBadRequest, "the recogniser only knows the language en")
		return
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-r.Context().Done():
		return
	}
	pcm, closing, err := sound(r.Context(), file, s.Scratch)
	defer closing()
	var heard asr.Result
	if err == nil {
		heard, err = s.recognise(r, pcm)
	}
	switch {
	case r.Context().Err() != nil:
		return
	case errors.Is(err, audio.ErrEmpty):
		s.fail(w, http.StatusBadRequest, "the file is empty")
	case audio.IsBadData(err):
		s.fail(w, http.StatusUnsupportedMediaType, err.Error())
	case err != nil:
		s.fail(w, http.StatusInternalServerError, "the audio could not be recognised")
	default:
		if s.Log != nil {
			s.Log(http.StatusOK, heard.Duration)
		}
		tell(w, heard, format, granularities)
	}
}

// longest is the longest segment, in seconds, that a caller may ask for.
const longest = 13

// recognise listens to the segments that the caller names, or looks for speech
// itself.
func (s *server) recognise(r *http.Request, pcm asr.PCM) (asr.Result, error) {
	if guided, ok := s.Recognizer.(asr.Guided); ok {
		if segments, ok := asr.ParseSegments(r.Header.Get(asr.SegmentsHeader), longest); ok {
			return guided.TranscribeSegments(r.Context(), pcm, segments)
		}
	}
	return s.Recognizer.Transcribe(r.Context(), pcm)
}

func (s *server) fail(w http.ResponseWriter, status int, message string) {
	if s.Log != nil {
		s.Log(status, 0)
	}
	refuse(w, status, message)
}

// The shape of OpenAI's verbose answer, with a probability per word, as
// whisper.cpp has it.
type (
	verbose struct {
		Task     string    `json:"task"`
		Language string    `json:"language"`
		Duration float64   `json:"duration"`
		Text     string    `json:"text"`
		Words    []word    `json:"words,omitempty"`
		Segments []segment `json:"segments,omitempty"`
	}
	word struct {
		Word        string  `json:"word"`
		Start       float64 `json:"start"`
		End         float64 `json:"end"`
		Probability float64 `json:"probability"`
	}
	segment struct {
		ID    int     `json:"id"`
		Start float64 `json:"start"`
		End   float64 `json:"end"`
		Text  string  `json:"text"`
	}
)

func tell(w http.ResponseWriter, heard asr.Result, format string, granularities []string) {
	v := verbose{Task: "transcribe", Language: "english", Duration: round(heard.Duration)}
	var texts []string
	for _, h := range heard.Words {
		texts = append(texts, h.Text)
		v.Words = append(v.Words, word{h.Text, round(h.Start), round(h.End), round(h.Probability)})
	}
	v.Text = strings.Join(texts, " ")
	switch format {
	case "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, v.Text+"\n")
		return
	case "", "json":
		answer(w, http.StatusOK, map[string]string{"text": v.Text})
		return
	}
	at := 0
	for i, s := range heard.Segments {
		v.Segments = append(v.Segments, segment{i, round(s.Start), round(s.End), strings.Join(texts[at:at+s.Words], " ")})
		at += s.Words
	}
	if !slices.Contains(granularities, "word") {
		v.Words = nil
	}
	if !slices.Contains(granularities, "segment") && len(granularities) > 0 {
		v.Segments = nil
	}
	answer(w, http.StatusOK, v)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller went away
}

// refuse answers as OpenAI's server does.
func refuse(w http.ResponseWriter, status int, message string) {
	kind := "invalid_request_error"
	if status >= 500 {
		kind = "server_error"
	}
	answer(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": nil}})
}

// round keeps milliseconds.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
