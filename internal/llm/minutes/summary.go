package minutes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Kind says that a summary was written, not taken from what was said.
const Kind = "summary"

const (
	maxMoments   = 6 // that a subject names
	maxParagraph = 2000
	maxDetail    = 8000
)

type subjectsAnswer struct {
	Subjects []subjectAnswer `json:"subjects"`
}

type subjectAnswer struct {
	Title  string   `json:"title"`
	Topics []number `json:"topics"`
}

type detailAnswer struct {
	Paragraph string   `json:"paragraph"`
	Detail    string   `json:"detail"`
	Lines     []number `json:"lines"`
}

type recapAnswer struct {
	Recap string `json:"recap"`
}

var (
	subjectsSchema = llm.Object(llm.Schema{"subjects": llm.List(llm.Object(llm.Schema{
		"title":  llm.Text("three to eight words"),
		"topics": llm.List(llm.Number("number of a topic that belongs to it")),
	}))})
	detailSchema = llm.Object(llm.Schema{
		"paragraph": llm.Text("two to four sentences"),
		"detail":    llm.Text("one to four paragraphs"),
		"lines":     llm.List(llm.Number("number of a line that it rests on")),
	})
	recapSchema = llm.Object(llm.Schema{"recap": llm.Text("one paragraph")})
)

// Summarise tells the meeting's subjects, its action items and decisions, and
// all of it in one paragraph.
func (w *Writer) Summarise(ctx context.Context, job *steps.Job, model string, window int, t artifact.Transcript, found artifact.Topics) (artifact.Summary, error) {
	out := artifact.Summary{
		Engine: model, Kind: Kind, Highlights: []artifact.Moment{}, ActionItems: []artifact.ActionItem{}, Decisions: []artifact.Decision{},
	}
	s, err := w.session(job, model, window, t)
	if err != nil {
		return out, err
	}
	topics := topicsOf(t, found)
	chosen, err := s.subjects(ctx, topics)
	if err != nil {
		return out, err
	}
	s.warn(chosen.Warnings)
	details, err := s.detailQuestions(chosen.Answer.Subjects, topics)
	if err != nil {
		return out, err
	}
	actions, err := s.actionQuestions()
	if err != nil {
		return out, err
	}
	calls := newCount(job, len(details)+len(actions)+2)
	calls.one()
	told := make([]finished[detailAnswer], len(details))
	done := make([]finished[actionsAnswer], len(actions))
	err = s.each(len(details)+len(actions), func(i int) (err error) {
		if i < len(details) {
			d := details[i]
			told[i], err = ask(ctx, s, d.question, func(a *detailAnswer, last bool) ([]string, error) { return a.check(s, d.lines, last) })
		} else {
			a := actions[i-len(details)]
			done[i-len(details)], err = ask(ctx, s, a.question, func(r *actionsAnswer, last bool) ([]string, error) { return r.check(s, a.lines, last) })
		}
		calls.one()
		return err
	})
	if err != nil {
		return out, err
	}
	for i, d := range told {
		s.warn(d.Warnings)
		again := i > 0 && details[i-1].subject == details[i].subject
		out.Subjects = s.tell(out.Subjects, again, chosen.Answer.Subjects[details[i].subject], details[i].lines, d.Answer)
	}
	for _, d := range done {
		s.warn(d.Warnings)
		out.ActionItems = append(out.ActionItems, s.actionItems(d.Answer)...)
		out.Decisions = append(out.Decisions, s.decisions(d.Answer)...)
	}
	if out.Recap, err = s.recap(ctx, out.Subjects); err != nil {
		return out, err
	}
	s.done()
	return out, nil
}

// SubjectCap is how many subjects a meeting has at most.
func SubjectCap(minutes float64) int {
	for n, limit := range []float64{5, 15, 30, 45, 60} {
		if minutes <= limit {
			return n + 1
		}
	}
	return 6
}

// subjects asks what the meeting was mainly about. Where that is nothing in
// particular, everything is one subject.
func (s *session) subjects(ctx context.Context, topics []artifact.Topic) (finished[subjectsAnswer], error) {
	most := SubjectCap(s.minutes())
	q := question{part: "subjects", op: "choose the subjects", prompt: "subjects", schema: subjectsSchema, values: map[string]string{"count": fmt.Sprint(most)}}
	heads, bodies := headsOf(topics)
	text, err := s.overview(q, heads, bodies)
	if err != nil {
		return finished[subjectsAnswer]{}, err
	}
	q.values["topics"] = text
	f, err := ask(ctx, s, q, func(a *subjectsAnswer, last bool) ([]string, error) { return a.check(most, len(topics), last) })
	if err == nil && len(f.Answer.Subjects) == 0 {
		all := subjectAnswer{Title: topics[0].Title}
		for i := range topics {
			all.Topics = append(all.Topics, number(i+1))
		}
		f.Answer.Subjects = []subjectAnswer{all}
	}
	return f, err
}

func (a *subjectsAnswer) check(most, topics int, last bool) ([]string, error) {
	if a.Subjects == nil {
		return nil, llm.Complain(`it lacks "subjects"`)
	}
	v := sieve{last: last}
	kept := []subjectAnswer{}
	for _, t := range a.Subjects {
		t.Title = shorten(caption(t.Title), maxCaption)
		t.Topics = numbers(t.Topics, topics, &v, "part of a subject", "topic")
		slices.Sort(t.Topics)
		switch {
		case t.Title == "":
			v.refuse("a subject", "it has no title")
		case len(t.Topics) == 0:
			v.refuse("a subject", "no topic belongs to it")
		case len(kept) == most:
			v.refuse("a subject", "there may be %d", most)
		default:
			kept = append(kept, t)
		}
	}
	slices.SortStableFunc(kept, func(a, b subjectAnswer) int { return cmp.Compare(a.Topics[0], b.Topics[0]) })
	a.Subjects = kept
	return v.left, v.err
}

// A piece is a question about some lines.
type piece struct {
	question
	lines   []int
	subject int // index of the subject, for its detail
}

// detailQuestions ask about each subject, in as many pieces as the window makes
// of it.
func (s *session) detailQuestions(subjects []subjectAnswer, topics []artifact.Topic) ([]piece, error) {
	lines := s.byTopic(topics)
	var out []piece
	for k, subject := range subjects {
		q := question{op: "summarise a subject", prompt: "detail", schema: detailSchema, values: map[string]string{"subject": subject.Title}}
		room, err := s.room(q)
		if err != nil {
			return nil, err
		}
		var own []int
		for _, n := range subject.Topics {
			own = append(own, lines[n-1]...)
		}
		slices.Sort(own)
		for i, list := range s.cut(own, room, room) {
			q := q
			q.part = fmt.Sprintf("subject-%d-%d", k+1, i+1)
			q.values = map[string]string{"subject": subject.Title, "lines": s.lines(list, room)}
			out = append(out, piece{q, list, k})
		}
	}
	return out, nil
}

func (a *detailAnswer) check(s *session, given []int, last bool) ([]string, error) {
	a.Paragraph, a.Detail = shorten(plain(a.Paragraph), maxParagraph), shorten(paragraphs(a.Detail), maxDetail)
	switch {
	case a.Paragraph == "":
		return nil, llm.Complain(`it has no "paragraph"`)
	case a.Detail == "":
		return nil, llm.Complain(`it has no "detail"`)
	}
	v := sieve{last: last}
	a.Lines = s.cited(a.Lines, given, &v)
	return v.left, v.err
}

// cited returns those of some line numbers that were given, in order. A line
// that was not is no evidence.
func (s *session) cited(lines []number, given []int, v *sieve) []number {
	kept := []number{}
	for _, n := range lines {
		switch {
		case !slices.Contains(given, int(n)-1):
			v.refuse("what a subject rests on", "its line is not among those given, %s", span(given))
		case !slices.Contains(kept, n):
			kept = append(kept, n)
		}
	}
	if len(kept) == 0 && v.err == nil && !v.last {
		v.refuse("what a subject rests on", "no line is named")
	}
	slices.Sort(kept)
	return kept
}

// span tells which lines were given, for a model and for people.
func span(given []int) string {
	return fmt.Sprintf("%s from %d to %d", plural(len(given), "line"), given[0]+1, given[len(given)-1]+1)
}

// tell adds what was said of a subject. One that was asked about in pieces is
// told in pieces: again marks those after the first. Without a line that it rests on, it is the line that has most
// of its words.
func (s *session) tell(list []artifact.Subject, again bool, subject subjectAnswer, lines []int, a detailAnswer) []artifact.Subject {
	var moments []artifact.Moment
	for _, n := range a.Lines {
		moments = append(moments, s.moment(int(n)-1))
	}
	if len(moments) == 0 {
		moments = append(moments, s.moment(s.best(lines, subject.Title+" "+a.Paragraph)))
	}
	moments = moments[:min(len(moments), maxMoments)]
	if again {
		p := &list[len(list)-1]
		p.Paragraph += " " + a.Paragraph
		p.Detail += "\n\n" + a.Detail
		p.Moments = append(p.Moments, moments...)
		return list
	}
	return append(list, artifact.Subject{Title: subject.Title, Paragraph: a.Paragraph, Detail: a.Detail, Moments: moments})
}

// recap puts the subjects into one paragraph; that of a single one is its own.
func (s *session) recap(ctx context.Context, subjects []artifact.Subject) (string, error) {
	if len(subjects) == 1 {
		return subjects[0].Paragraph, nil
	}
	q := question{part: "recap", op: "write the recap", prompt: "recap", schema: recapSchema}
	var heads, bodies []string
	for _, subject := range subjects {
		heads = append(heads, subject.Title)
		bodies = append(bodies, subject.Paragraph)
	}
	text, err := s.overview(q, heads, bodies)
	if err != nil {
		return "", err
	}
	q.values = map[string]string{"paragraphs": text}
	f, err := ask(ctx, s, q, func(a *recapAnswer, _ bool) ([]string, error) {
		if a.Recap = shorten(strings.Join(strings.Fields(paragraphs(a.Recap)), " "), 2*maxParagraph); a.Recap == "" {
			return nil, llm.Complain(`it has no "recap"`)
		}
		return nil, nil
	})
	return f.Answer.Recap, err
}
