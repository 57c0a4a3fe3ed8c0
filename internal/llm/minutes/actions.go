package minutes

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// actionsAnswer is what a model finds in one piece of the transcript.
type actionsAnswer struct {
	ActionItems []actionAnswer   `json:"action_items"`
	Decisions   []decisionAnswer `json:"decisions"`
}

type actionAnswer struct {
	Task     string `json:"task"`
	Owner    string `json:"owner"` // a participant's id, once checked
	Deadline string `json:"deadline"`
	Line     number `json:"line"`
}

type decisionAnswer struct {
	Decision string `json:"decision"`
	By       string `json:"by"` // a participant's id, once checked
	Line     number `json:"line"`
}

var actionsSchema = llm.Object(llm.Schema{
	"action_items": llm.List(llm.Object(llm.Schema{
		"task":     llm.Text("what is to be done"),
		"owner":    llm.Text("name of a participant, or empty"),
		"deadline": llm.Text("in the words that were said, or empty"),
		"line":     llm.Number("number of the line in which it is said"),
	})),
	"decisions": llm.List(llm.Object(llm.Schema{
		"decision": llm.Text("what was decided"),
		"by":       llm.Text("name of a participant, or empty"),
		"line":     llm.Number("number of the line in which it is said"),
	})),
})

// actionQuestions ask about the whole transcript, in as many pieces as the
// window makes of it.
func (s *session) actionQuestions() ([]piece, error) {
	q := question{op: "find the action items", prompt: "actions", schema: actionsSchema}
	room, err := s.room(q)
	if err != nil {
		return nil, err
	}
	var out []piece
	for _, list := range s.cut(s.all(), room, room) {
		q := q
		q.part = fmt.Sprintf("actions-%d-%d", list[0]+1, list[len(list)-1]+1)
		q.values = map[string]string{"lines": s.lines(list, room)}
		out = append(out, piece{question: q, lines: list})
	}
	return out, nil
}

// check puts an answer about some lines in order.
func (a *actionsAnswer) check(s *session, given []int, last bool) ([]string, error) {
	switch {
	case a.ActionItems == nil:
		return nil, llm.Complain(`it lacks "action_items"`)
	case a.Decisions == nil:
		return nil, llm.Complain(`it lacks "decisions"`)
	}
	v := sieve{last: last}
	var notes []string // on what is left out without asking again
	items := []actionAnswer{}
	for _, t := range a.ActionItems {
		t.Task = sentence(t.Task)
		switch {
		case t.Task == "":
			v.refuse("an action item", "it has no task")
		case !slices.Contains(given, int(t.Line)-1):
			v.refuse("an action item", "its line is not among those given, %s", span(given))
		default:
			t.Owner, notes = s.whom(t.Owner, "owner of an action item", notes)
			t.Deadline, notes = s.deadline(t.Deadline, int(t.Line)-1, notes)
			items = append(items, t)
		}
	}
	decisions := []decisionAnswer{}
	for _, d := range a.Decisions {
		d.Decision = sentence(d.Decision)
		switch {
		case d.Decision == "":
			v.refuse("a decision", "it says nothing")
		case !slices.Contains(given, int(d.Line)-1):
			v.refuse("a decision", "its line is not among those given, %s", span(given))
		default:
			d.By, notes = s.whom(d.By, "decider", notes)
			decisions = append(decisions, d)
		}
	}
	slices.SortStableFunc(items, func(a, b actionAnswer) int { return int(a.Line - b.Line) })
	slices.SortStableFunc(decisions, func(a, b decisionAnswer) int { return int(a.Line - b.Line) })
	a.ActionItems, a.Decisions = items, decisions
	return append(v.left, notes...), v.err
}

// sentence makes a task or decision of what a model wrote as one: a capital
// first, no full stop.
func sentence(s string) string {
	s = strings.TrimRight(shorten(plain(s), 400), ". ")
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// whom returns the participant whom a name means; of several, the first.
func (s *session) whom(name, what string, notes []string) (string, []string) {
	if id, ok := s.people.find(name); ok {
		return id, notes
	}
	several := strings.FieldsFunc(strings.NewReplacer(" and ", ",", " & ", ",", "/", ",", ";", ",").Replace(name), func(r rune) bool { return r == ',' })
	first := ""
	for i, one := range several {
		id, ok := s.people.find(one)
		if !ok || id == "" {
			first = ""
			break
		}
		if i == 0 {
			first = id
		}
	}
	if first == "" {
		return "", append(notes, "the "+what+" that the language model names was left out: nobody of that name takes part, or more than one")
	}
	return first, append(notes, "of the several people whom the language model names as "+what+", only the first was kept")
}

// near is how many lines before and after a task its deadline may be said in.
const near = 6

// small words say nothing about a time.
var small = strings.Fields("by the on at of in a an and or to for until till before after due within next this that no later than end")

// deadline returns the words about a task's time, if some of those that count
// were said near line i.
func (s *session) deadline(text string, i int, notes []string) (string, []string) {
	text = strings.TrimRight(shorten(plain(text), 80), ". ")
	asked := wordsOf(text)
	if slices.Contains(nobody, strings.Join(asked, " ")) {
		return "", notes
	}
	said := map[string]bool{}
	for _, seg := range s.segs[max(0, i-near):min(len(s.segs), i+near+1)] {
		for _, w := range wordsOf(seg.Text) {
			said[w] = true
		}
	}
	if slices.ContainsFunc(asked, func(w string) bool { return said[w] && !slices.Contains(small, w) }) {
		return text, notes
	}
	return "", append(notes, "a deadline that the language model names was left out: nobody says it there")
}

func (s *session) actionItems(a actionsAnswer) []artifact.ActionItem {
	var out []artifact.ActionItem
	for _, t := range a.ActionItems {
		out = append(out, artifact.ActionItem{Task: t.Task, Owner: t.Owner, Deadline: t.Deadline, Moment: s.moment(int(t.Line) - 1)})
	}
	return out
}

func (s *session) decisions(a actionsAnswer) []artifact.Decision {
	var out []artifact.Decision
	for _, d := range a.Decisions {
		out = append(out, artifact.Decision{Decision: d.Decision, By: d.By, Moment: s.moment(int(d.Line) - 1)})
	}
	return out
}
