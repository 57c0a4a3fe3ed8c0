// Package consenttest is a consent endpoint for tests: GET <id> answers with
// the decisions about that recording, 404 when there are none.
package consenttest

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// Token is what a request must bear.
const Token = "consent-token-for-tests"

// A Server knows decisions. It may be used from many goroutines.
type Server struct {
	mu        sync.Mutex
	documents map[string]string // by recording
}

// New returns a server without decisions.
func New() *Server { return &Server{documents: map[string]string{}} }

// Set gives a recording's answer, whatever it is.
func (s *Server) Set(recording, document string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[recording] = document
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"detail":"unknown token"}`)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	doc, ok := s.documents[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"detail":"no such recording"}`)
		return
	}
	io.WriteString(w, doc)
}
