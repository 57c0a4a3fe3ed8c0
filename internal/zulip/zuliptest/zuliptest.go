// Package zuliptest is a Zulip server for tests: the part of its REST API that
// posting takes, with the answers that Zulip documents
// (https://zulip.com/api/send-message, /update-message, /rest-error-handling).
package zuliptest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// Who may post, and where.
const (
	Email   = "bot@example.com"
	Key     = "zulip-key-for-tests"
	Channel = "meetings"
)

// A Message is one that was posted.
type Message struct {
	ID      int64
	Channel string
	Topic   string
	Content string
	Edits   int
}

// A Server keeps messages. It may be used from many goroutines.
type Server struct {
	mu       sync.Mutex
	messages map[int64]*Message
	next     int64
	fixed    bool
	lost     bool
}

// New returns a server without messages.
func New() *Server { return &Server{messages: map[int64]*Message{}, next: 100} }

// Messages returns a copy of what is there, by id.
func (s *Server) Messages() map[int64]Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[int64]Message{}
	for id, m := range s.messages {
		all[id] = *m
	}
	return all
}

// Vanish deletes all messages, as a moderator may.
func (s *Server) Vanish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.messages)
}

// Fix lets the time end in which messages may be changed.
func (s *Server) Fix() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixed = true
}

// LoseAnswer lets the connection break off after the next message is taken.
func (s *Server) LoseAnswer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/messages", s.post)
	mux.HandleFunc("GET /api/v1/messages", s.list)
	mux.HandleFunc("PATCH /api/v1/messages/{id}", s.update)
	mux.HandleFunc("GET /api/v1/users/me", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"result": "success", "msg": "", "email": Email})
	})
	mux.HandleFunc("GET /api/v1/get_stream_id", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("stream") != Channel {
			answer(w, 400, map[string]any{"result": "error", "msg": "Invalid channel name '" + r.FormValue("stream") + "'", "code": "BAD_REQUEST"})
			return
		}
		answer(w, 200, map[string]any{"result": "success", "msg": "", "stream_id": 15})
	})
	email, key, ok := r.BasicAuth()
	if !ok || email != Email || key != Key {
		answer(w, 401, map[string]any{"result": "error", "msg": "Invalid API key", "code": "INVALID_API_KEY"})
		return
	}
	mux.ServeHTTP(w, r)
}

func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.FormValue("type") != "stream":
		answer(w, 400, map[string]any{"result": "error", "msg": "Invalid type", "code": "BAD_REQUEST"})
	case r.FormValue("to") != Channel:
		answer(w, 400, map[string]any{"result": "error", "msg": "Channel '" + r.FormValue("to") + "' does not exist", "code": "STREAM_DOES_NOT_EXIST", "stream": r.FormValue("to")})
	case r.FormValue("content") == "":
		answer(w, 400, map[string]any{"result": "error", "msg": "Message must not be empty", "code": "BAD_REQUEST"})
	default:
		s.next++
		s.messages[s.next] = &Message{ID: s.next, Channel: r.FormValue("to"), Topic: r.FormValue("topic"), Content: r.FormValue("content")}
		if s.lost {
			s.lost = false
			panic(http.ErrAbortHandler)
		}
		answer(w, 200, map[string]any{"result": "success", "msg": "", "id": s.next})
	}
}

func (s *Server) update(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	m, ok := s.messages[id]
	if !ok {
		answer(w, 400, map[string]any{"result": "error", "msg": "Invalid message(s)", "code": "BAD_REQUEST"})
		return
	}
	if s.fixed {
		answer(w, 400, map[string]any{"result": "error", "msg": "The time limit for editing this message has passed", "code": "BAD_REQUEST"})
		return
	}
	if topic := r.FormValue("topic"); topic != "" {
		m.Topic = topic
	}
	m.Content, m.Edits = r.FormValue("content"), m.Edits+1
	answer(w, 200, map[string]any{"result": "success", "msg": ""})
}

// list answers with the messages of a narrow, oldest first.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var narrow []struct{ Operator, Operand string }
	if err := json.Unmarshal([]byte(r.FormValue("narrow")), &narrow); err != nil || r.FormValue("anchor") == "" {
		answer(w, 400, map[string]any{"result": "error", "msg": "narrow is not valid JSON", "code": "BAD_REQUEST"})
		return
	}
	list := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(s.messages)) {
		m := s.messages[id]
		has := map[string]string{"stream": m.Channel, "topic": m.Topic, "sender": Email}
		if !slices.ContainsFunc(narrow, func(n struct{ Operator, Operand string }) bool { return has[n.Operator] != n.Operand }) {
			list = append(list, map[string]any{"id": m.ID, "content": m.Content, "sender_email": Email, "subject": m.Topic})
		}
	}
	answer(w, 200, map[string]any{"result": "success", "msg": "", "messages": list, "found_newest": true})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
