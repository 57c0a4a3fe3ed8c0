// Package servertest is a speech server for tests. It answers in the shapes of
// the servers that are known to differ, written down from their sources and
// documentation.
package servertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Key is what callers must have.
const Key = "speech-key-for-tests"

// A Request is one that the server was sent.
type Request struct {
	Path     string
	Name     string // of the uploaded file
	Audio    []byte
	Form     map[string][]string
	AudioURL string
}

// A Server answers every request alike. It may be used from many goroutines.
type Server struct {
	// Answer writes the answer to a request, which is the nth, from 0.
	Answer func(w http.ResponseWriter, r Request, n int)

	mu   sync.Mutex
	sent []Request
}

// New returns a server that answers with a status and a body.
func New(status int, body string) *Server {
	return &Server{Answer: func(w http.ResponseWriter, _ Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}}
}

// Requests returns what was sent so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.sent...)
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Key {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":{"message":"Incorrect API key provided: %s","type":"invalid_request_error"}}`, r.Header.Get("Authorization"))
		return
	}
	req := Request{Path: r.URL.Path}
	switch r.URL.Path {
	case "/v1/audio/transcriptions":
		file, head, err := r.FormFile("file")
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			io.WriteString(w, `{"detail":[{"type":"missing","loc":["body","file"],"msg":"Field required","input":null}]}`)
			return
		}
		defer file.Close()
		req.Name, req.Form = head.Filename, r.MultipartForm.Value
		req.Audio, _ = io.ReadAll(file)
	case "/v1/audio/transcriptions-from-url":
		var v struct {
			URL string `json:"audio_file_url"`
		}
		if json.NewDecoder(r.Body).Decode(&v) != nil || v.URL == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		req.AudioURL = v.URL
		if res, err := http.Get(v.URL); err == nil {
			req.Audio, _ = io.ReadAll(res.Body)
			res.Body.Close()
		}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.mu.Lock()
	n := len(s.sent)
	s.sent = append(s.sent, req)
	s.mu.Unlock()
	s.Answer(w, req, n)
}

// A Shape is how one server answers. It said "Hello there, world." from 1 to
// 2.5 seconds.
type Shape struct {
	Server    string
	Body      string
	Refuses   string // what a 400 says of the verbose answer, before it gives Body
	Estimated bool   // there are no times of words
	Bare      bool   // nor of anything else
	Plain     bool   // words have no punctuation and cannot get it
}

// Shapes lists the servers.
func Shapes() []Shape {
	return []Shape{
		{Server: "OpenAI whisper-1", Body: `{"task":"transcribe","language":"english","duration":4.0,"text":"Hello there, world.","words":[{"word":"Hello","start":1.0,"end":1.4},{"word":"there","start":1.4,"end":1.8},{"word":"world","start":2.0,"end":2.5}],"segments":[{"id":0,"seek":0,"start":1.0,"end":2.5,"text":" Hello there, world.","tokens":[1],"temperature":0.0,"avg_logprob":-0.2,"compression_ratio":1.1,"no_speech_prob":0.01}]}`},
		{Server: "OpenAI gpt-4o-transcribe", Refuses: "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'. Use 'json' or 'text' instead.", Body: `{"text":"Hello there, world.","usage":{"type":"tokens"}}`, Estimated: true, Bare: true},
		{Server: "OpenAI gpt-4o-transcribe-diarize", Body: `{"task":"transcribe","duration":4.0,"text":"Hello there, world.","segments":[{"type":"transcript.text.segment","id":"seg_001","start":1.0,"end":2.5,"text":"Hello there, world.","speaker":"A"}]}`, Estimated: true},
		{Server: "Groq", Body: `{"task":"transcribe","language":"English","duration":4,"text":" Hello there, world.","words":[{"word":"Hello","start":1,"end":1.4},{"word":"there,","start":1.4,"end":1.8},{"word":"world.","start":2,"end":2.5}],"segments":[],"x_groq":{"id":"req_1"}}`},
		{Server: "speaches", Body: `{"task":"transcribe","language":"en","duration":4.0,"text":"Hello there, world.","words":[{"start":1.0,"end":1.4,"word":" Hello","probability":0.9},{"start":1.4,"end":1.8,"word":" there,","probability":0.9},{"start":2.0,"end":2.5,"word":" world.","probability":0.8}],"segments":[{"id":1,"seek":0,"start":1.0,"end":2.5,"text":" Hello there, world.","tokens":[],"temperature":0.0,"avg_logprob":-0.3,"compression_ratio":1.0,"no_speech_prob":0.1,"words":null}]}`},
		{Server: "speaches without words", Body: `{"task":"transcribe","language":"en","duration":4.0,"text":"Hello there, world.","words":null,"segments":[{"id":1,"start":1.0,"end":2.5,"text":" Hello there, world.","avg_logprob":-0.3}]}`, Estimated: true},
		{Server: "whisper.cpp", Body: `{"task":"transcribe","language":"english","duration":4.0,"text":" Hello there, world.\n","segments":[{"id":0,"text":" Hello there, world.","start":1.0,"end":2.5,"tokens":[50364,2425],"words":[{"word":"[_BEG_]","start":1.0,"end":1.0,"t_dtw":-1,"probability":0.99},{"word":" Hel","start":1.0,"end":1.2,"t_dtw":-1,"probability":0.95},{"word":"lo","start":1.2,"end":1.4,"t_dtw":-1,"probability":0.9},{"word":" there","start":1.4,"end":1.7,"t_dtw":-1,"probability":0.97},{"word":",","start":1.7,"end":1.8,"t_dtw":-1,"probability":0.5},{"word":" world","start":2.0,"end":2.4,"t_dtw":-1,"probability":0.98},{"word":".","start":2.4,"end":2.5,"t_dtw":-1,"probability":0.8}],"temperature":0.0,"avg_logprob":-0.2,"no_speech_prob":0.0}]}`},
		{Server: "LocalAI, parakeet backend", Body: `{"segments":[{"id":0,"start":1.0,"end":2.5,"text":"Hello there, world.","tokens":[1],"words":[{"start":1.0,"end":1.4,"text":"Hello"},{"start":1.4,"end":1.8,"text":"there,"},{"start":2.0,"end":2.5,"text":"world."}]}],"words":[{"start":1.0,"end":1.4,"text":"Hello"},{"start":1.4,"end":1.8,"text":"there,"},{"start":2.0,"end":2.5,"text":"world."}],"text":"Hello there, world."}`},
		{Server: "LocalAI, whisper backend", Body: `{"segments":[{"id":0,"start":1.0,"end":2.5,"text":"Hello there, world.","tokens":[1]}],"text":"Hello there, world."}`, Estimated: true},
		{Server: "vLLM", Body: `{"duration":"4.0","language":"en","text":"Hello there, world.","segments":[{"id":0,"avg_logprob":-0.4,"compression_ratio":1.0,"end":2.5,"seek":0,"start":1.0,"temperature":0.0,"text":"Hello there, world.","tokens":[1],"no_speech_prob":null}],"words":null}`, Estimated: true},
		{Server: "vLLM, other models", Refuses: "Currently do not support verbose_json for this model", Body: `{"text":"Hello there, world.","usage":{"type":"duration","seconds":4}}`, Estimated: true, Bare: true},
		{Server: "hosted vLLM", Body: `{"duration":"4.0","language":null,"text":"Hello there, world.","words":null,"segments":[{"start":1.0,"end":2.5,"text":" Hello there, world."}]}`, Estimated: true},
		{Server: "parakeet.cpp", Body: `{"text":"Hello there, world.","words":[{"word":"Hello","start":1.0,"end":1.4},{"word":"there,","start":1.4,"end":1.8},{"word":"world.","start":2.0,"end":2.5}],"segments":[{"start":1.0,"end":2.5,"text":"Hello there, world."}]}`},
		{Server: "Reflector's own, words out of order", Body: `{"text":"Hello there, world.","words":[{"word":"world.","start":2.0,"end":2.5},{"word":"Hello ","start":1.0,"end":1.4},{"word":" there, ","start":1.4,"end":1.8}]}`},
	}
}
