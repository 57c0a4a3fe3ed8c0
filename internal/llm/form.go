package llm

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
)

// A form is how a server is asked for JSON, the best first.
type form int32

const (
	bySchema form = iota // response_format of type json_schema
	byTool               // the arguments of a tool call
	byProse              // the prompt says it
)

// request is the body of POST /chat/completions.
type request struct {
	Model          string    `json:"model"`
	Messages       []message `json:"messages"`
	Temperature    *float64  `json:"temperature,omitempty"`
	ResponseFormat any       `json:"response_format,omitempty"`
	Tools          []any     `json:"tools,omitempty"`
	ToolChoice     any       `json:"tool_choice,omitempty"`
	// No max_tokens: thinking counts as well, and a cut reply is worthless.
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

const (
	inProse  = "Reply with one JSON object and nothing else: no explanation, no Markdown. It must match this JSON Schema, named %s:\n%s"
	askAgain = "An earlier reply to this could not be used: %s\nReply anew with one JSON object, and nothing else, that matches this JSON Schema, named %s:\n%s"
)

// body makes the request. A reason says what was wrong with the reply before.
// It goes into the one user message, for some models want the roles to
// alternate, and the reply itself would take room that the window may not have.
func (c *Client) body(q Question, f form, reason string) request {
	r := request{Model: q.Model}
	if !c.bare.Load() {
		t := temperature
		r.Temperature = &t
	}
	schema := remote.JSONBody(q.Schema)
	user := q.User
	switch {
	case reason != "":
		user += "\n\n" + fmt.Sprintf(askAgain, reason, q.Name, schema)
	case f == byProse:
		user += "\n\n" + fmt.Sprintf(inProse, q.Name, schema)
	}
	if q.System != "" {
		r.Messages = append(r.Messages, message{"system", q.System})
	}
	r.Messages = append(r.Messages, message{"user", user})
	switch f {
	case bySchema:
		r.ResponseFormat = map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": q.Name, "strict": true, "schema": q.Schema}}
	case byTool:
		r.Tools = []any{map[string]any{"type": "function", "function": map[string]any{
			"name": q.Name, "description": "Hand over the answer.", "parameters": q.Schema,
		}}}
		r.ToolChoice = map[string]any{"type": "function", "function": map[string]any{"name": q.Name}}
	}
	return r
}

var (
	aboutForm        = pattern.New(`(?i)response_?format|json_?schema|json mode|structured|guided|grammar|schema`)
	aboutTools       = pattern.New(`(?i)tool|function`)
	aboutTemperature = pattern.New(`(?i)temperature`)
	aboutWindow      = pattern.New(`(?i)context_length_exceeded|context (length|window|size)|maximum context|too many tokens|prompt is too long|exceeds? the (available|model)`)
	aboutModel       = pattern.New(`(?i)model.*(not exist|not found|unknown|invalid|not (a )?valid|not available)|(unknown|invalid|no such) model|model_not_found`)
)

// concede notes what the server does not take of a request in that form, with a
// temperature or not, and reports whether it is worth asking without.
func (c *Client) concede(err error, f form, temperate bool) bool {
	var e *remote.Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest && e.Status != http.StatusUnprocessableEntity && e.Status != http.StatusNotImplemented && e.Status != http.StatusNotFound {
		return false
	}
	switch {
	case aboutModel.MatchString(e.Said) || aboutWindow.MatchString(e.Said):
		return false
	case temperate && aboutTemperature.MatchString(e.Said):
		c.bare.Store(true)
	case f == bySchema && (aboutForm.MatchString(e.Said) || aboutTools.MatchString(e.Said)):
		c.form.CompareAndSwap(int32(bySchema), int32(byTool))
	case f == byTool && (aboutForm.MatchString(e.Said) || aboutTools.MatchString(e.Said)):
		c.form.CompareAndSwap(int32(byTool), int32(byProse))
	default:
		return false
	}
	return true
}

// explain adds to a failed request what people can do about it, and takes out
// what they should not read.
func explain(err error, q Question) error {
	var e *remote.Error
	if !errors.As(err, &e) {
		return err
	}
	said := e.Said
	if repeats(said, q.System, q.User) {
		e.Said = ""
	}
	switch client := e.Status >= 400 && e.Status < 500; {
	case client && aboutWindow.MatchString(said):
		return remote.NewError(service, q.Op, steps.Permanent, "set LLM_CONTEXT_WINDOW to the tokens that the model takes", "the question is longer than the model takes%s", also(e.Said))
	case client && e.Class() == steps.Permanent && aboutModel.MatchString(said):
		return remote.NewError(service, q.Op, steps.Misuse, "set LLM_MODEL to a model that the server has", "the server does not have the model %q%s", q.Model, also(e.Said))
	}
	return err
}

func also(said string) string {
	if said == "" {
		return ""
	}
	return ": " + said
}

// repeats reports whether a server's words hold three words in a row of what it
// was sent. Some put the whole request into their complaint.
func repeats(said string, sent ...string) bool {
	words := strings.FieldsFunc(strings.ToLower(said), notWord)
	all := " " + strings.Join(strings.FieldsFunc(strings.ToLower(strings.Join(sent, " ")), notWord), " ") + " "
	for i := 0; i+3 <= len(words); i++ {
		if strings.Contains(all, " "+strings.Join(words[i:i+3], " ")+" ") {
			return true
		}
	}
	return false
}

// notWord reports whether r parts words. An apostrophe does: servers escape it.
func notWord(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
