package summary

import (
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A kind is who a trigger gives the task to.
type kind int

const (
	promise   kind = iota // the speaker takes it
	duty                  // the speaker has it; a task only with a deadline
	offer                 // the speaker could do it; a task only with a deadline or as an answer
	joint                 // everybody, that is nobody in particular
	request               // whoever is asked
	third                 // whoever is named
	wanted                // somebody; a task only when somebody takes it
	announced             // said to be a task, in so many words
)

var triggers = []struct {
	kind kind
	re   *pattern.Regexp
}{
	{promise, pattern.New(` i (?:will|shall|am going to|promise to) ` + adverbs)},
	{duty, pattern.New(` i (?:need to|have to|have got to|must|got to|want to|am supposed to) ` + adverbs)},
	{offer, pattern.New(` (?:i can|let me|i am happy to|i would be happy to) ` + adverbs)},
	{joint, pattern.New(` (?:we (?:will )?(?:need to|have to|have got to|must)|let us) ` + adverbs)},
	{request, pattern.New(` (?:(?:can|could|will|would) you (?:(?:maybe|perhaps|possibly|please|also|just|then|quickly|all) )*|please (?:also |just |then )*|i need you to |i want you to |i would like you to |do not forget to |remember to )(?:be sure to )?`)},
	{third, pattern.New(` (?:will|is going to|needs to|has to|has agreed to|is supposed to) ` + adverbs)},
	{wanted, pattern.New(` (?:someone|somebody|anyone|anybody|one of us|who) (?:needs to|has to|must|should|can|will|could|is going to) ` + adverbs)},
	{announced, pattern.New(` (?:action items?|action points?|the next steps?|to dos?)(?: (?:here|for \w+|number \w+))? (?:is|are|would be|:|,)(?: (?:that|for))?(?: \w+ (?:is|will|needs))? (?:to )?`)},
}

// An item is a task on its way to be one.
type item struct {
	artifact.ActionItem
	sentence int
	kind     kind
	named    bool // the owner was named
	taken    bool // and agreed, or promised
	stems    map[string]bool
	context  map[string]bool // of the turn a request was made in, from there on
}

// actionItems finds tasks in sentences.
func actionItems(clauses []clause, who names) []artifact.ActionItem {
	var items []item
	for i, c := range clauses {
		for _, it := range c.items(who) {
			it.sentence = i
			it.context = turnStems(clauses, i)
			it.resolve(clauses, who)
			items = merge(items, it)
		}
	}
	out := []artifact.ActionItem{}
	for _, it := range items {
		if it.stands() {
			out = append(out, it.ActionItem)
		}
	}
	return out
}

// items returns what the sentence itself has.
func (c clause) items(who names) []item {
	type hit struct {
		kind        kind
		first, verb int
	}
	var hits []hit
	for _, t := range triggers {
		for _, m := range c.find(t.re) {
			// "Can you please": what begins first has the verb.
			if !slices.ContainsFunc(hits, func(h hit) bool { return h.kind == t.kind && h.verb == m[1] }) {
				hits = append(hits, hit{t.kind, m[0], m[1]})
			}
		}
	}
	var out []item
	for _, h := range hits {
		end := c.end(h.verb)
		for _, o := range hits { // a task ends where the next begins
			if o.first > h.verb && o.first < end {
				end = o.first
			}
		}
		for end > h.verb && (isJoint(c.words[end-1]) || c.words[end-1] == "," || c.words[end-1] == "then") {
			end--
		}
		if it, ok := c.item(h.kind, h.first, h.verb, end, who); ok {
			out = append(out, it)
		}
	}
	return out
}

// item judges one trigger: its words are first..verb-1, the task's verb..end-1.
func (c clause) item(k kind, first, verb, end int, who names) (item, bool) {
	if verb >= end || !c.isReal(k, first) {
		return item{}, false
	}
	task := c.normText(verb, end)
	begin := c.start(first)
	when := deadline(task)
	if when == "" {
		when = deadline(c.normText(begin, first))
	}
	word := c.words[verb]
	for end-2 > verb && who.at(c, end-1) != "" && c.words[end-2] == "," {
		end -= 2 // "..., Victor": who is asked is not part of the task
	}
	switch {
	case hedges[word] && !compound.MatchString(task), idioms.MatchString(task[1:]):
		return item{}, false
	case k == joint && !jointTasks[word], k != joint && !tasks[word] && !compound.MatchString(task):
		return item{}, false
	case strings.Contains(task, " if i "), k == request && pastTime.MatchString(task):
		return item{}, false
	case k == promise && c.isQuestion() && end == len(c.words)-1:
		return item{}, false
	}
	it := item{kind: k, stems: map[string]bool{}}
	it.Task = strings.TrimRight(segment.Tidy(c.text(verb, end)), ".")
	it.Deadline = when
	it.Moment = c.Moment
	for _, s := range phrase.Content(task) {
		it.stems[s] = true
	}
	if bare := strings.Replace(task, " "+when+" ", " ", 1); empty.MatchString(strings.TrimLeft(bare, " ")) {
		it.Task = ""
	}
	switch k {
	case promise, duty, offer:
		it.Owner, it.taken = c.Speaker, true
	case request:
		it.Owner = who.addressed(c, begin, first, end)
		it.named = it.Owner != ""
		if it.named && it.Owner == c.Speaker {
			return item{}, false
		}
	case third:
		it.Owner = who.before(c, first)
		it.named = it.Owner != ""
		if !it.named || c.isQuestion() {
			return item{}, false
		}
	case announced:
		it.Owner = who.within(c, first, verb+1)
		it.named = true
	}
	if k == joint && c.isQuestion() {
		return item{}, false
	}
	return it, true
}

// compound tasks begin with verbs that are none alone.
var compound = pattern.New(`^ (have a look|have (it|that|this|the|a|an) .*ready|make sure|let (\w+ )?(him|her|them|everyone|everybody|people|the \w+) know|find out|figure out|double check) `)

var pastTime = pattern.New(` (yesterday|ago|last (week|month|year|night|time)) `)

// isReal reports whether what begins at word first is neither hypothetical nor
// denied, reported or past.
func (c clause) isReal(k kind, first int) bool {
	begin := c.start(first)
	comma := begin
	for i := begin; i < first; i++ {
		if c.words[i] == "," {
			comma = i + 1
		}
	}
	if conditional.MatchString(c.normText(begin, first)) {
		return false
	}
	near := c.normText(comma, first)
	if reported.MatchString(near) {
		return false
	}
	if k == wanted || k == announced {
		return !strings.Contains(near, " no ") && !strings.Contains(near, " any ") && !strings.Contains(near, " not ")
	}
	return !unreal.MatchString(near)
}

// stands reports whether the evidence is enough.
func (it item) stands() bool {
	if it.Task == "" || len(strings.Fields(it.Task)) < 2 {
		return false
	}
	switch it.kind {
	case duty:
		return it.Deadline != ""
	case offer:
		return it.Deadline != ""
	case request:
		return it.named || it.taken || it.Deadline != ""
	case wanted:
		return it.taken
	}
	return true
}

// merge adds an item; one that only answers or repeats another is joined with
// it.
func merge(items []item, it item) []item {
	for k := len(items) - 1; k >= 0 && items[k].sentence >= it.sentence-4; k-- {
		p := &items[k]
		open := p.kind == request || p.kind == wanted || p.kind == joint
		mine := it.kind == promise || it.kind == offer || it.kind == duty
		switch {
		case mine && open && (p.Owner == it.Owner || (p.Owner == "" && !p.taken && it.Task == "")) && p.Moment.Speaker != "" &&
			(it.Task == "" || shares(p.context, it.stems)):
			p.Owner, p.taken = it.Owner, true
		case p.Owner == it.Owner && it.Task != "" && p.Task != "" && similar(p.stems, it.stems):
		default:
			continue
		}
		if p.Deadline == "" {
			p.Deadline = it.Deadline
		}
		return items
	}
	return append(items, it)
}

// turnStems returns the stems of sentence i and what follows it in its turn.
func turnStems(clauses []clause, i int) map[string]bool {
	stems := map[string]bool{}
	for k := i; k < len(clauses) && clauses[k].Turn == clauses[i].Turn; k++ {
		for _, s := range phrase.Content(clauses[k].Text) {
			stems[s] = true
		}
	}
	return stems
}

func shares(a, b map[string]bool) bool {
	for s := range a {
		if b[s] {
			return true
		}
	}
	return false
}

// similar reports whether half of the smaller set's stems, and two at least,
// are in both.
func similar(a, b map[string]bool) bool {
	n := 0
	for s := range a {
		if b[s] {
			n++
		}
	}
	return n >= 2 && 2*n >= min(len(a), len(b))
}
