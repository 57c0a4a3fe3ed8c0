// Package dailytest is Daily's REST API for tests: the part that reading
// recordings takes, with the answers that Daily documents.
package dailytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// Key is what callers must have.
const Key = "daily-key-for-tests"

// A Server is an account. It may be used from many goroutines.
type Server struct {
	mu           sync.Mutex
	recordings   []map[string]any            // newest first
	participants map[string][]map[string]any // by meeting
	requests     []string
}

// New returns an account without recordings.
func New() *Server { return &Server{participants: map[string][]map[string]any{}} }

// Add puts a recording before the others. It must have an id.
func (s *Server) Add(recording map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recordings = append([]map[string]any{recording}, s.recordings...)
}

// Meet says who was in a meeting.
func (s *Server) Meet(meeting string, people []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.participants[meeting] = people
}

// Requests returns the paths that were asked for, with their queries.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Key {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "authentication-error"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.URL.RequestURI())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /recordings", s.list)
	mux.HandleFunc("GET /recordings/{id}", s.recording)
	mux.HandleFunc("GET /meetings/{id}/participants", s.people)
	mux.HandleFunc("/", notFound)
	mux.ServeHTTP(w, r)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	at := after(s.recordings, "id", r.FormValue("starting_after"))
	page := cut(s.recordings[at:], r)
	answer(w, http.StatusOK, map[string]any{"total_count": len(s.recordings), "data": page})
}

func (s *Server) recording(w http.ResponseWriter, r *http.Request) {
	for _, rec := range s.recordings {
		if rec["id"] == r.PathValue("id") {
			answer(w, http.StatusOK, rec)
			return
		}
	}
	notFound(w, r)
}

// people answers 404 after the last page, as Daily does.
func (s *Server) people(w http.ResponseWriter, r *http.Request) {
	all, ok := s.participants[r.PathValue("id")]
	at := after(all, "participant_id", r.FormValue("joined_after"))
	if !ok || at == len(all) && r.FormValue("joined_after") != "" {
		notFound(w, r)
		return
	}
	answer(w, http.StatusOK, map[string]any{"data": cut(all[at:], r)})
}

// after returns where to go on behind an entry.
func after(list []map[string]any, field, id string) int {
	i := slices.IndexFunc(list, func(m map[string]any) bool { return m[field] == id })
	return i + 1
}

func cut(list []map[string]any, r *http.Request) []map[string]any {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 100
	}
	return append([]map[string]any{}, list[:min(limit, len(list))]...)
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusNotFound, map[string]any{"error": "not-found", "info": "not found"})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
