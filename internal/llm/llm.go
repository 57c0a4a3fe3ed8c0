// Package llm asks a language model behind an OpenAI-compatible chat API for
// JSON of a given form.
//
// It asks for structured output by JSON Schema; where the server has none, for
// a tool call; where it has that neither, for JSON in the prompt. A reply that
// cannot be used is asked for again, with the reason, a bounded number of
// times: that is another question, not another attempt. A request that fails is
// never made again here (see package remote).
//
// Errors name what was wrong with a request or a reply; they never quote the
// question, the reply, or a server that repeats them.
package llm

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
)

const (
	service = "the language model"
	// maxReply bounds an answer, in bytes.
	maxReply = 8 << 20
	// maxReason bounds the reason that a model is told when it is asked again,
	// in runes.
	maxReason = 2000
	// temperature keeps answers close to each other when asked again.
	temperature = 0.2
)

// Options say how the model is reached.
type Options struct {
	URL     string // with its /v1
	Key     string
	Timeout time.Duration // of one request; 0: a minute
	// Again is how often a reply that cannot be used is asked for again.
	Again     int
	Transport http.RoundTripper // nil: the usual one
}

// A Client asks a server. It remembers what the server does not take, so it
// should live as long as its server is asked. It may be used from many
// goroutines.
type Client struct {
	remote remote.Client
	again  int

	form atomic.Int32 // a form
	bare atomic.Bool  // the model takes no temperature
}

// New returns a client.
func New(opt Options) *Client {
	c := &Client{again: opt.Again, remote: remote.Client{
		Service: service, Setting: "LLM_URL", KeyName: "LLM_API_KEY", Base: opt.URL,
		Timeout: opt.Timeout, Authorize: remote.Bearer(opt.Key), Transport: opt.Transport,
	}}
	if opt.Key != "" {
		c.remote.Secrets = []string{opt.Key}
	}
	return c
}

// A Question is what a model is asked.
type Question struct {
	Op     string // for people: "find the topics"
	Model  string
	System string // what it is to do
	User   string // what it is given
	Name   string // of the answer's form, in letters and underscores
	Schema Schema // the answer's form
	Window int    // tokens that the model takes; 0: not known
	// Accept takes over the answer, one JSON object, or says what is wrong with
	// it; the model is told. last is set when it will not be asked again:
	// what can be left out then should be.
	Accept func(answer []byte, last bool) error
}

// Ask asks until an answer is accepted and returns what that used up, even
// where it fails.
func (c *Client) Ask(ctx context.Context, q Question) (steps.Usage, error) {
	var used steps.Usage
	reason := ""
	for n := 0; ; {
		f := form(c.form.Load())
		body := c.body(q, f, reason)
		req := remote.Request{
			Op: q.Op, Method: http.MethodPost, Path: "chat/completions", MaxBytes: maxReply,
			Body: remote.JSONBody(body), ContentType: "application/json",
		}
		var r reply
		err := c.remote.JSON(ctx, req, &r)
		if err == nil {
			err = r.refused(q)
		}
		used.Calls++
		used.Bytes += int64(len(req.Body))
		if err != nil {
			if c.concede(err, f, body.Temperature != nil) {
				continue // another question: the server takes it in another form
			}
			return used, explain(err, q)
		}
		used.TokensIn += r.Usage.in()
		used.TokensOut += r.Usage.out()
		last := n >= c.again
		wrong := r.take(q, last)
		if wrong == nil {
			return used, nil
		}
		if last {
			return used, remote.NewError(service, q.Op, steps.Permanent, wrong.hint, "no usable reply after %s: %s", times(n+1), wrong.what)
		}
		reason = clip(wrong.told, reasonRunes(q.Window))
		n++
	}
}

func times(n int) string {
	if n == 1 {
		return "one try"
	}
	return fmt.Sprintf("%d tries", n)
}

func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// A Schema is a JSON Schema, of the few keywords that every server takes.
type Schema = map[string]any

// Object is the schema of an object with these fields, all of them required and
// no others.
func Object(fields Schema) Schema {
	names := make([]string, 0, len(fields))
	for n := range fields {
		names = append(names, n)
	}
	return Schema{"type": "object", "properties": fields, "required": sorted(names), "additionalProperties": false}
}

// List is the schema of a list.
func List(of Schema) Schema { return Schema{"type": "array", "items": of} }

// Text is the schema of a string that the model is told the meaning of.
func Text(doc string) Schema { return Schema{"type": "string", "description": doc} }

// Number is the schema of a whole number.
func Number(doc string) Schema { return Schema{"type": "integer", "description": doc} }

// Tokens estimates, rather too high, how many tokens a text has: a third of its
// ASCII characters, and every other one.
func Tokens(s string) int {
	ascii, other := 0, 0
	for _, r := range s {
		if r < utf8.RuneSelf {
			ascii++
		} else {
			other++
		}
	}
	return (ascii+2)/3 + other
}

// Reserve is what asking again in whatever form adds to a question, in tokens.
func Reserve(s Schema, window int) int {
	return Tokens(string(remote.JSONBody(s))) + Tokens(strings.Repeat("x", reasonRunes(window))) + Tokens(askAgain) + 20
}

// reasonRunes bounds the reason that a model with that window is told.
func reasonRunes(window int) int {
	if window <= 0 {
		return maxReason
	}
	return min(maxReason, window/3)
}
