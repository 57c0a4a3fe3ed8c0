// Package llmtest is a language model's server for tests: it speaks the wire
// format of OpenAI's chat completions, as far as they are documented, with the
// habits of other servers and models on demand. The model behind it is a few
// rules that answer from the numbered lines in the question, so that whole runs
// work with it, and equal questions get equal answers.
package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Server answers POST …/chat/completions. Its fields may be set before it is
// used.
type Server struct {
	Key    string   // wanted as bearer token; empty: any
	Models []string // that it has
	Window int      // tokens, at three bytes each, that it takes; 0: any number

	NoSchema      bool // refuses response_format
	NoTools       bool // refuses tools
	NoTemperature bool // refuses a temperature
	NoUsage       bool // counts no tokens
	Parts         bool // writes content as a list of parts
	Objects       bool // writes a tool call's arguments as an object
	Echo          bool // repeats the question in its errors

	Thinking string // said before the answer, in <think> tags
	Fence    bool   // the answer stands in a code fence, with a word before it
	Finish   string // finish_reason; empty: stop

	// Answer changes the answer to a question of that form, the n-th of all
	// from 0; nil: it stays.
	Answer func(n int, name, answer string) string

	mu    sync.Mutex
	asked []Asked
}

// Asked is a question that the server got.
type Asked struct {
	Model  string
	Name   string // of the answer's form; empty when it is in the prompt
	Form   string // "schema", "tool" or "prose"
	System string
	User   string
	Warm   bool // with a temperature
	Tokens int  // of the prompt
}

// New returns a server with a model that is named "test-model".
func New() *Server { return &Server{Models: []string{"test-model"}} }

// Asked returns the questions so far.
func (s *Server) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

type question struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	Temperature    *float64 `json:"temperature"`
	ResponseFormat *struct {
		Type       string `json:"type"`
		JSONSchema struct {
			Name   string `json:"name"`
			Strict bool   `json:"strict"`
			Schema schema `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
	Tools []struct {
		Type     string `json:"type"`
		Function struct {
			Name       string `json:"name"`
			Parameters schema `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
}

type schema struct {
	Type       string                     `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Additional *bool                      `json:"additionalProperties"`
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q question
	list := r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/models")
	switch {
	case !list && (r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/chat/completions")):
		s.fail(w, 404, "", "Unknown request URL: %s %s", r.Method, r.URL.Path)
		return
	case s.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.Key:
		s.fail(w, 401, "invalid_api_key", "Incorrect API key provided: %s", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		return
	}
	if list {
		models := []map[string]string{}
		for _, m := range s.Models {
			models = append(models, map[string]string{"id": m, "object": "model"})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": models})
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Header.Get("Content-Type") != "application/json" {
		s.fail(w, 400, "", "We could not parse the JSON body of your request.")
		return
	}
	a := Asked{Model: q.Model, Form: "prose", Warm: q.Temperature != nil}
	form := schema{}
	for _, m := range q.Messages {
		a.Tokens += (len(m.Content) + 2) / 3
		switch m.Role {
		case "system":
			a.System += m.Content
		case "user":
			a.User += m.Content
		}
	}
	if i := strings.LastIndex(a.User, "\n{"); i >= 0 {
		_ = json.Unmarshal([]byte(a.User[i+1:]), &form) // the prompt may say it
	}
	if f := q.ResponseFormat; f != nil {
		a.Form, a.Name, form = "schema", f.JSONSchema.Name, f.JSONSchema.Schema
	}
	if len(q.Tools) > 0 {
		a.Form, a.Name, form = "tool", q.Tools[0].Function.Name, q.Tools[0].Function.Parameters
	}
	s.mu.Lock()
	n := len(s.asked)
	s.asked = append(s.asked, a)
	s.mu.Unlock()
	switch {
	case !slices.Contains(s.Models, q.Model):
		s.fail(w, 404, "model_not_found", "The model `%s` does not exist", q.Model)
	case s.Window > 0 && a.Tokens > s.Window:
		s.fail(w, 400, "context_length_exceeded", "This model's maximum context length is %d tokens. However, your messages resulted in %d tokens.", s.Window, a.Tokens)
	case s.Echo:
		s.fail(w, 400, "", "[{'type': 'missing', 'msg': 'Field required', 'input': '%s'}]", a.User)
	case a.Form == "schema" && s.NoSchema:
		s.fail(w, 400, "", "'response_format.type' must be 'text'")
	case a.Form == "tool" && s.NoTools:
		s.fail(w, 422, "", "tool_choice is not supported by this model")
	case a.Warm && s.NoTemperature:
		s.fail(w, 400, "unsupported_value", "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.")
	case a.Form != "prose" && (form.Type != "object" || form.Additional == nil || *form.Additional || len(form.Required) != len(form.Properties)):
		s.fail(w, 400, "", "Invalid schema: 'additionalProperties' is required to be supplied and to be false.")
	default:
		name, answer := think(form, a)
		if s.Answer != nil {
			answer = s.Answer(n, name, answer)
		}
		s.reply(w, a, answer)
	}
}

func (s *Server) fail(w http.ResponseWriter, status int, code, format string, args ...any) {
	write(w, status, map[string]any{"error": map[string]any{"message": fmt.Sprintf(format, args...), "type": "invalid_request_error", "param": nil, "code": code}})
}

func (s *Server) reply(w http.ResponseWriter, a Asked, answer string) {
	message := map[string]any{"role": "assistant", "content": nil}
	finish := s.Finish
	if finish == "" {
		finish = "stop"
	}
	if a.Form == "tool" {
		var arguments any = answer
		if s.Objects {
			arguments = json.RawMessage(answer)
		}
		message["tool_calls"] = []any{map[string]any{"id": "call_1", "type": "function", "function": map[string]any{"name": a.Name, "arguments": arguments}}}
	} else {
		text := answer
		if s.Fence {
			text = "Here is what you asked for:\n```json\n" + text + "\n```\nIs there anything else?"
		}
		if s.Thinking != "" {
			text = "<think>\n" + s.Thinking + "\n</think>\n\n" + text
		}
		message["content"] = text
		if s.Parts {
			message["content"] = []any{map[string]any{"type": "text", "text": text}}
		}
	}
	body := map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": a.Model,
		"choices": []any{map[string]any{"index": 0, "message": message, "logprobs": nil, "finish_reason": finish}},
	}
	if !s.NoUsage {
		out := (len(answer) + 2) / 3
		body["usage"] = map[string]any{"prompt_tokens": a.Tokens, "completion_tokens": out, "total_tokens": a.Tokens + out}
	}
	write(w, 200, body)
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
