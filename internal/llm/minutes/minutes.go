// Package minutes writes a meeting's topics, title and summary with a language
// model. It is the other way of the steps detect-topics, generate-title and
// generate-summary; without a model they extract (see internal/text).
//
// Models are told the transcript in numbered lines and answer with numbers, so
// that every claim leads back to what was said. It promises: each topic,
// subject, action item and decision has the time it comes from; a line that is
// not among those given is refused, and after a bounded number of questions
// what rests on it is left out; an owner or decider is one of the participants;
// a deadline has words that were said there. It cannot tell whether the prose is
// true.
//
// Whatever is left out is a warning, without names. Every finished call is kept
// with the job, so that a later attempt goes on from there.
package minutes

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/llm/prompts"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Options say how minutes are written.
type Options struct {
	Client      *llm.Client
	Concurrency int    // requests at a time, per job; 0: one
	Prompts     string // folder of prompts instead of the built-in ones; empty: none
}

// A Writer writes minutes. It may be used from many goroutines.
type Writer struct {
	opt     Options
	prompts func() (prompts.Set, error)
}

// New returns a writer. Prompts are read when they are first needed.
func New(opt Options) *Writer {
	return &Writer{opt: opt, prompts: sync.OnceValues(func() (prompts.Set, error) { return prompts.Load(opt.Prompts) })}
}

// asks lists the prompts of each step.
var asks = map[string][]string{
	"detect-topics":    {"topics"},
	"generate-title":   {"title"},
	"generate-summary": {"subjects", "detail", "recap", "actions"},
}

// Basis returns the digest of what a step's questions say.
func (w *Writer) Basis(step string) (string, error) {
	set, err := w.prompts()
	if err != nil {
		return "", err
	}
	return set.Digest(asks[step]...), nil
}

// A session is one job's questions.
type session struct {
	*meeting
	opt     Options
	prompts prompts.Set
	job     *steps.Job
	model   string
	window  int // tokens

	mu   sync.Mutex
	used steps.Usage
}

func (w *Writer) session(job *steps.Job, model string, window int, t artifact.Transcript) (*session, error) {
	set, err := w.prompts()
	if err != nil {
		return nil, err
	}
	return &session{meeting: newMeeting(t), opt: w.opt, prompts: set, job: job, model: model, window: window}, nil
}

// done tells the job what it used.
func (s *session) done() { s.job.Used(s.model, s.used) }

// each does something for 0 to n-1, several at a time. After a failure nothing
// new is begun; what has begun is finished, for it is paid for.
func (s *session) each(n int, do func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(max(1, s.opt.Concurrency))
	var failed atomic.Bool
	for i := range n {
		g.Go(func() error {
			if failed.Load() {
				return nil
			}
			err := do(i)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	return g.Wait()
}

// A question is asked with a prompt.
type question struct {
	part   string // name of the finished call among the job's parts
	op     string // for people
	prompt string
	values map[string]string
	schema llm.Schema
}

// text returns the prompt with all values, those that every prompt has too.
func (s *session) text(q question) (system, user string) {
	values := map[string]string{"people": s.people.list(), "language": s.language()}
	for k, v := range q.values {
		values[k] = v
	}
	return s.prompts[q.prompt].Fill(values)
}

// replyShare is the part of the window that is left for the reply, and for the
// thinking before it.
const replyShare = 0.25

// room returns how many tokens are left for the value that the question does
// not have yet.
func (s *session) room(q question) (int, error) {
	system, user := s.text(q)
	left := s.window - int(replyShare*float64(s.window)) - llm.Tokens(system) - llm.Tokens(user) - llm.Reserve(q.schema, s.window)
	if left < 200 {
		return 0, steps.Wrong("set LLM_CONTEXT_WINDOW to what the model takes, or shorten the prompts",
			"a context window of %d tokens leaves no room for the transcript beside prompt %q", s.window, q.prompt+".txt")
	}
	return left, nil
}

// finished is a call whose answer was accepted, as the job keeps it.
type finished[T any] struct {
	Question string      `json:"question"` // digest of what was asked
	Answer   T           `json:"answer"`
	Usage    steps.Usage `json:"usage"`
	Warnings []string    `json:"warnings,omitempty"`
}

// ask asks a question, or takes the answer of an earlier attempt. read checks
// the answer and puts it in order; what it leaves out, when the model will not
// be asked again, it returns as warnings.
func ask[T any](ctx context.Context, s *session, q question, read func(answer *T, last bool) (left []string, err error)) (finished[T], error) {
	var f finished[T]
	ok, err := s.job.Parts.Load(ctx, q.part, &f)
	if err != nil {
		return f, err
	}
	system, user := s.text(q)
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(system+"\x00"+user)))
	if !ok || f.Question != digest {
		f = finished[T]{Question: digest}
		f.Usage, err = s.opt.Client.Ask(ctx, llm.Question{
			Op: q.op, Model: s.model, System: system, User: user, Name: q.prompt, Schema: q.schema, Window: s.window,
			Accept: func(b []byte, last bool) error {
				var answer T
				if err := json.Unmarshal(b, &answer); err != nil {
					return err
				}
				left, err := read(&answer, last)
				if err != nil {
					return err
				}
				f.Answer, f.Warnings = answer, left
				return nil
			},
		})
		if err != nil {
			return f, err
		}
		if err := s.job.Parts.Save(ctx, q.part, f); err != nil {
			return f, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = s.used.Plus(f.Usage)
	return f, nil
}

// warn passes on what was left out, in the order of the questions.
func (s *session) warn(warnings []string) {
	for _, w := range warnings {
		s.job.Warn("%s", w)
	}
}

// A sieve refuses items of an answer: it complains of the first, so that the
// model is asked again, or leaves them out when it is not.
type sieve struct {
	last bool
	left []string
	err  error
}

// refuse notes that an item is not taken because of its fault. what is the item
// for people ("an action item").
func (s *sieve) refuse(what, format string, args ...any) {
	fault := fmt.Sprintf(format, args...)
	switch {
	case s.last:
		s.left = append(s.left, fmt.Sprintf("left out of the language model's answer: %s: %s", what, fault))
	case s.err == nil:
		s.err = llm.Complain("%s: %s", what, fault)
	}
}

// fit returns the first of some texts, from long to short, that fits.
func fit(room int, texts ...func() string) (string, bool) {
	for _, text := range texts {
		if s := text(); llm.Tokens(s) <= room {
			return s, true
		}
	}
	return "", false
}

// overview lists things by number with their text, shortened as far as the
// question's room asks for. Where even the heads are too many, which only a very
// small window makes them, every second is listed, or every fourth, and so on.
func (s *session) overview(q question, heads, bodies []string) (string, error) {
	room, err := s.room(q)
	if err != nil {
		return "", err
	}
	var texts []func() string
	view := func(every, most int) {
		texts = append(texts, func() string {
			var b strings.Builder
			for i := 0; i < len(heads); i += every {
				fmt.Fprintf(&b, "[%d] %s", i+1, heads[i])
				if body := shorten(bodies[i], most); body != "" {
					fmt.Fprintf(&b, ": %s", body)
				}
				b.WriteByte('\n')
			}
			return strings.TrimSpace(b.String())
		})
	}
	for _, most := range []int{1 << 20, 400, 200, 80, 0} {
		view(1, most)
	}
	for every := 2; every < len(heads); every *= 2 {
		view(every, 0)
	}
	text, ok := fit(room, texts...)
	if !ok {
		return "", steps.Wrong("set LLM_CONTEXT_WINDOW to what the model takes", "a context window of %d tokens is too small for %d topics", s.window, len(heads))
	}
	return text, nil
}
