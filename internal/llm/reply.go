package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
)

// reply is the answer of /chat/completions, as far as anything is done with it.
// Servers differ in the types of its parts, so those are read later.
type reply struct {
	Choices []struct {
		Message struct {
			Content      json.RawMessage `json:"content"` // text, or a list of parts
			Reasoning    json.RawMessage `json:"reasoning_content"`
			Refusal      json.RawMessage `json:"refusal"`
			ToolCalls    []call          `json:"tool_calls"`
			FunctionCall *function       `json:"function_call"`
		} `json:"message"`
		FinishReason any `json:"finish_reason"`
	} `json:"choices"`
	Usage usage           `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type call struct {
	Function function `json:"function"`
}

type function struct {
	Arguments json.RawMessage `json:"arguments"` // an object, or one as a string
}

// usage is a reply's count of tokens; some servers leave it out.
type usage struct {
	Prompt     json.Number `json:"prompt_tokens"`
	Completion json.Number `json:"completion_tokens"`
}

func (u usage) in() int  { return whole(u.Prompt) }
func (u usage) out() int { return whole(u.Completion) }

func whole(n json.Number) int {
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1e12 {
		return 0
	}
	return int(f)
}

// refused is the failure that some gateways send with a status of success.
func (r reply) refused(q Question) error {
	if len(r.Choices) > 0 || len(r.Error) == 0 || string(r.Error) == "null" {
		return nil
	}
	class := steps.Transient // nobody vouches for it
	var e struct {
		Code json.Number `json:"code"`
	}
	if json.Unmarshal(r.Error, &e) == nil {
		if code := whole(e.Code); code >= 400 && code < 600 {
			class = remote.ClassOf(code)
		}
	}
	said := remote.Said(r.Error)
	if repeats(said, q.System, q.User) {
		said = ""
	}
	return remote.NewError(service, q.Op, class, "", "it answers with an error%s", also(said))
}

// A fault is why a reply cannot be used: in words for the model, which may
// quote it, and in words for people, which do not.
type fault struct {
	told, what, hint string
}

// take hands the answer in the reply over.
func (r reply) take(q Question, last bool) *fault {
	if len(r.Choices) == 0 {
		return &fault{told: "it was empty", what: "it is empty"}
	}
	m := r.Choices[0].Message
	finish, _ := r.Choices[0].FinishReason.(string)
	if finish == "content_filter" {
		return &fault{told: "it was withheld", what: "the server's content filter withholds it"}
	}
	var texts []string // where the answer may be, most likely first
	for _, c := range m.ToolCalls {
		texts = append(texts, unquote(c.Function.Arguments))
	}
	if m.FunctionCall != nil {
		texts = append(texts, unquote(m.FunctionCall.Arguments))
	}
	// Some servers take what a model writes in its thinking's place for
	// thinking.
	texts = append(texts, withoutThinking(content(m.Content)), content(m.Reasoning))

	var first error
	for _, text := range texts {
		for _, object := range objects(text) {
			err := q.Accept(object, last)
			if err == nil {
				return nil
			}
			if first == nil {
				first = err
			}
		}
	}
	switch {
	case finish == "length":
		return &fault{
			told: "it was longer than it may be and cut off; be shorter", what: "it is cut off at its length limit",
			hint: "let the server write longer replies, or lower LLM_CONTEXT_WINDOW",
		}
	case first != nil:
		return &fault{told: first.Error(), what: plain(first)}
	case content(m.Refusal) != "":
		return &fault{told: "it was a refusal", what: "the model refuses to answer"}
	case strings.TrimSpace(strings.Join(texts, "")) == "":
		return &fault{told: "it was empty", what: "it is empty"}
	}
	return &fault{told: "it held no whole JSON object", what: "it holds no whole JSON object"}
}

// A Complaint is an error about an answer whose text may be shown to people:
// it quotes nothing of the answer.
type Complaint struct{ Text string }

func (c *Complaint) Error() string { return c.Text }

// Complain returns a [Complaint].
func Complain(format string, args ...any) error { return &Complaint{fmt.Sprintf(format, args...)} }

// plain is what people are told of an answer that was not accepted.
func plain(err error) string {
	var c *Complaint
	if errors.As(err, &c) {
		return c.Text
	}
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return fmt.Sprintf("%q is a %s", t.Field, strings.Fields(t.Value + " ?")[0])
	}
	return "its JSON has another form than asked for"
}

// content reads a message's content: text, or a list of parts with text.
func content(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return string(raw) // an object in place of its text
	}
	for _, p := range parts {
		s += p.Text
	}
	return s
}

// unquote returns arguments that are JSON, or a string of JSON.
func unquote(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

var thinking = regexp.MustCompile(`(?is)<(think|thinking|thought|reasoning)>.*?</(think|thinking|thought|reasoning)>`)

// withoutThinking leaves out what a model thinks before it answers. The opening
// tag may be missing: it can be the prompt's last.
func withoutThinking(s string) string {
	s = thinking.ReplaceAllString(s, "")
	for _, end := range []string{"</think>", "</thinking>"} {
		if i := strings.LastIndex(s, end); i >= 0 {
			s = s[i+len(end):]
		}
	}
	return s
}

// maxStarts bounds how many braces are tried as the start of an object.
const maxStarts = 1000

// objects returns the JSON objects in a text, whatever stands around them.
func objects(s string) [][]byte {
	var out [][]byte
	for range maxStarts {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			return out
		}
		s = s[i:]
		var raw json.RawMessage
		d := json.NewDecoder(strings.NewReader(s))
		if err := d.Decode(&raw); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				// What follows may only be the inside of this one.
				return out
			}
			s = s[1:]
			continue
		}
		out = append(out, bytes.Clone(raw))
		s = s[d.InputOffset():]
	}
	return out
}
