package minutes

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/subtitle"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	maxTitleWords = 10
	maxBasis      = 3 // moments that a title names
)

type titleAnswer struct {
	Title  string   `json:"title"`
	Topics []number `json:"topics"`
}

var titleSchema = llm.Object(llm.Schema{
	"title":  llm.Text("at most ten words"),
	"topics": llm.List(llm.Number("number of a topic that the title rests on")),
})

// Title names the meeting after its topics. A title of more than ten words is
// asked for again, and cut when that does not help.
func (w *Writer) Title(ctx context.Context, job *steps.Job, model string, window int, t artifact.Transcript, found artifact.Topics) (artifact.Title, error) {
	out := artifact.Title{Engine: model, Basis: []artifact.Moment{}}
	s, err := w.session(job, model, window, t)
	if err != nil {
		return out, err
	}
	list := topicsOf(t, found)
	q := question{part: "title", op: "choose a title", prompt: "title", schema: titleSchema}
	heads, bodies := headsOf(list)
	text, err := s.overview(q, heads, bodies)
	if err != nil {
		return out, err
	}
	q.values = map[string]string{"topics": text}
	answer, err := ask(ctx, s, q, func(a *titleAnswer, last bool) ([]string, error) { return a.check(len(list), t.Language, last) })
	if err != nil {
		return out, err
	}
	s.warn(answer.Warnings)
	out.Title = answer.Answer.Title
	lines := s.byTopic(list)
	for _, n := range answer.Answer.Topics {
		if own := lines[n-1]; len(own) > 0 && len(out.Basis) < maxBasis {
			out.Basis = append(out.Basis, s.moment(s.best(own, out.Title+" "+list[n-1].Title)))
		}
	}
	s.done()
	return out, nil
}

func (a *titleAnswer) check(topics int, language string, last bool) ([]string, error) {
	a.Title = shorten(caption(a.Title), maxCaption)
	if a.Title == "" {
		return nil, llm.Complain(`it has no "title"`)
	}
	if words := strings.Fields(a.Title); len(words) > maxTitleWords {
		if !last {
			return nil, llm.Complain("the title has %d words, and may have %d", len(words), maxTitleWords)
		}
		a.Title = caption(strings.Join(words[:maxTitleWords], " "))
	}
	if language == "" || language == "en" {
		a.Title = phrase.TitleCase(a.Title)
	} else {
		r, n := utf8.DecodeRuneInString(a.Title)
		a.Title = string(unicode.ToUpper(r)) + a.Title[n:]
	}
	v := sieve{last: last}
	a.Topics = numbers(a.Topics, topics, &v, "what the title rests on", "topic")
	return v.left, v.err
}

// numbers returns those of 1 to most, each once; others are refused.
func numbers(list []number, most int, v *sieve, what, noun string) []number {
	kept := []number{}
	seen := map[number]bool{}
	for _, n := range list {
		switch {
		case n < 1 || int(n) > most:
			v.refuse(what, "there is no such %s: they go from 1 to %d", noun, most)
		case !seen[n]:
			seen[n] = true
			kept = append(kept, n)
		}
	}
	return kept
}

// topicsOf returns the topics that a model is told of; where there are none,
// those that the transcript's words show.
func topicsOf(t artifact.Transcript, found artifact.Topics) []artifact.Topic {
	if len(found.Topics) > 0 {
		return found.Topics
	}
	if list := topics.Detect(t).Topics; len(list) > 0 {
		return list
	}
	return []artifact.Topic{{Title: "Conversation", End: t.Duration}}
}

// headsOf returns how a model sees topics: time and title, and the summary.
func headsOf(list []artifact.Topic) (heads, bodies []string) {
	for _, t := range list {
		heads = append(heads, clock(t.Start)+"–"+clock(t.End)+" "+subtitle.OneLine(t.Title))
		bodies = append(bodies, subtitle.OneLine(t.Summary))
	}
	return heads, bodies
}
