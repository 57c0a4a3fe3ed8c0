package minutes

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	maxKeywords = 8
	maxCaption  = 120 // runes of a title
	maxAbstract = 1200
)

// topicsAnswer is what a model says of one piece of the transcript.
type topicsAnswer struct {
	Topics []topicAnswer `json:"topics"`
}

type topicAnswer struct {
	Line     number   `json:"line"`
	Title    string   `json:"title"`
	Summary  string   `json:"summary"`
	Keywords []string `json:"keywords"`
}

var topicsSchema = llm.Object(llm.Schema{"topics": llm.List(llm.Object(llm.Schema{
	"line":     llm.Number("number of the line with which the topic begins"),
	"title":    llm.Text("three to eight words"),
	"summary":  llm.Text("one to three sentences"),
	"keywords": llm.List(llm.Text("a term that was used")),
}))})

// Topics divides the meeting into topics. Together they cover every line of
// which the model said something usable.
func (w *Writer) Topics(ctx context.Context, job *steps.Job, model string, window int, t artifact.Transcript) (artifact.Topics, error) {
	out := artifact.Topics{Engine: model, Topics: []artifact.Topic{}}
	s, err := w.session(job, model, window, t)
	if err != nil {
		return out, err
	}
	q := question{op: "find the topics", prompt: "topics", schema: topicsSchema}
	room, err := s.room(q)
	if err != nil {
		return out, err
	}
	pieces := s.cut(s.all(), s.pieceSize(room), room)
	answers := make([]finished[topicsAnswer], len(pieces))
	finishedCalls := newCount(job, len(pieces))
	err = s.each(len(pieces), func(i int) error {
		q := q
		first, last := pieces[i][0], pieces[i][len(pieces[i])-1]
		q.part = fmt.Sprintf("topics-%d-%d", first+1, last+1)
		q.values = map[string]string{"lines": s.lines(pieces[i], room)}
		var err error
		answers[i], err = ask(ctx, s, q, func(a *topicsAnswer, final bool) ([]string, error) { return a.check(first+1, last+1, final) })
		finishedCalls.one()
		return err
	})
	if err != nil {
		return out, err
	}
	for i, a := range answers {
		s.warn(a.Warnings)
		out.Topics = append(out.Topics, s.topics(a.Answer, pieces[i])...)
	}
	out.Topics = s.join(out.Topics)
	if len(out.Topics) == 0 {
		return out, steps.Bad("try another model", "the language model names no topic that is in the transcript")
	}
	for i := range out.Topics {
		out.Topics[i].ID = fmt.Sprintf("topic-%d", i+1)
	}
	s.done()
	return out, nil
}

// pieceSize is how many tokens of the transcript are asked about at once: about
// one topic's. How many topics a meeting has grows slower than its length.
func (s *session) pieceSize(room int) int {
	words, tokens := 0, 0
	for i := range s.segs {
		words += len(strings.Fields(s.segs[i].Text))
		tokens += s.weight(i, room)
	}
	return max(1, PieceWords(words, s.minutes())*tokens/max(1, words))
}

// PieceWords returns how many words of a meeting are asked about at once.
func PieceWords(words int, minutes float64) int {
	target := math.Round(min(max(0.833*math.Pow(minutes, 0.723), 2), 50))
	return min(max(words/int(target), 375), 1500)
}

// check puts an answer about lines first to last in order.
func (a *topicsAnswer) check(first, last int, final bool) ([]string, error) {
	if a.Topics == nil {
		return nil, llm.Complain(`it lacks "topics"`)
	}
	v := sieve{last: final}
	var kept []topicAnswer
	for i, t := range a.Topics {
		what := "a topic"
		t.Title, t.Summary = shorten(caption(t.Title), maxCaption), shorten(plain(t.Summary), maxAbstract)
		switch {
		case int(t.Line) < first || int(t.Line) > last:
			v.refuse(what, "its line is not among those from %d to %d", first, last)
		case t.Title == "":
			v.refuse(what, "it has no title")
		case t.Summary == "":
			v.refuse(what, "it has no summary")
		case slices.ContainsFunc(kept, func(k topicAnswer) bool { return k.Line == t.Line }):
			v.refuse(what, "it begins with the same line as another")
		default:
			t.Keywords = keywords(t.Keywords)
			kept = append(kept, a.Topics[i])
			kept[len(kept)-1] = t
		}
	}
	if len(a.Topics) == 0 {
		v.refuse("a topic", "there is none for lines %d to %d", first, last)
	}
	slices.SortStableFunc(kept, func(a, b topicAnswer) int { return cmp.Compare(a.Line, b.Line) })
	a.Topics = kept
	return v.left, v.err
}

func keywords(list []string) []string {
	out := []string{}
	for _, k := range list {
		k = shorten(strings.Trim(plain(k), `"'.,`), 60)
		if k != "" && len(out) < maxKeywords && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, k) }) {
			out = append(out, k)
		}
	}
	return out
}

// topics gives the topics of a piece their time. They cover the piece: the first
// begins with it, and each lasts until the next.
func (s *session) topics(a topicsAnswer, piece []int) []artifact.Topic {
	var out []artifact.Topic
	for i, t := range a.Topics {
		first, last := int(t.Line)-1, piece[len(piece)-1]
		if i == 0 {
			first = piece[0]
		}
		if i+1 < len(a.Topics) {
			last = int(a.Topics[i+1].Line) - 2
		}
		out = append(out, artifact.Topic{
			Title: t.Title, Summary: t.Summary, Keywords: t.Keywords,
			Start: s.segs[first].Start, End: s.end(first, last), Speakers: topics.Speakers(s.t, s.segs[first:last+1]),
		})
	}
	return out
}

func (s *session) end(first, last int) float64 {
	end := s.segs[first].End
	for _, seg := range s.segs[first : last+1] {
		end = max(end, seg.End)
	}
	return end
}

// join makes one of neighbours with the same title: the cut between two pieces
// may go through a topic.
func (s *session) join(list []artifact.Topic) []artifact.Topic {
	out := []artifact.Topic{}
	for _, t := range list {
		if n := len(out); n > 0 && slices.Equal(wordsOf(out[n-1].Title), wordsOf(t.Title)) {
			p := &out[n-1]
			if p.Summary != t.Summary {
				p.Summary = shorten(p.Summary+" "+t.Summary, maxAbstract)
			}
			p.Keywords = keywords(append(slices.Clone(p.Keywords), t.Keywords...))
			p.End = max(p.End, t.End)
			var own []artifact.Segment
			for _, seg := range s.segs {
				if seg.Start >= p.Start && seg.Start < p.End {
					own = append(own, seg)
				}
			}
			p.Speakers = topics.Speakers(s.t, own)
			continue
		}
		out = append(out, t)
	}
	return out
}
