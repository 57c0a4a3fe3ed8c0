// Package summary says in short what a meeting said, without a language model:
// its most telling sentences, and the tasks and decisions that were put into
// words.
//
// Everything in it was said: highlights are sentences of the transcript, and
// each task and decision points to the moment it comes from. Tasks and
// decisions prefer precision: a hypothetical, denied, reported or past one is
// none, and one said in a way the rules do not know is missed. Rules are for
// English.
package summary

import (
	"math"

	"github.com/trackscribe/trackscribe/internal/text/rank"
	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	// Engine is what this package calls itself in what it makes.
	Engine = "lexical"
	// Highlights says that the summary holds sentences that were said.
	Highlights = "highlights"
)

// Number of highlights: one more per highlightWords words, within bounds.
const (
	minHighlights  = 3
	maxHighlights  = 10
	highlightWords = 1500.0
)

// Summarise returns the meeting's highlights, tasks and decisions. Topics may
// be empty.
func Summarise(t artifact.Transcript, topics artifact.Topics) artifact.Summary {
	sentences := segment.Sentences(t)
	clauses := make([]clause, len(sentences))
	words := 0
	for i, s := range sentences {
		clauses[i] = newClause(s)
		words += len(clauses[i].raw)
	}
	who := newNames(t)
	out := artifact.Summary{
		Engine:      Engine,
		Kind:        Highlights,
		Highlights:  []artifact.Moment{},
		ActionItems: actionItems(clauses, who),
		Decisions:   decisions(clauses, who),
	}
	r := rank.New(sentences)
	for _, i := range r.Best(0, len(sentences), highlights(words)) {
		out.Highlights = append(out.Highlights, sentences[i].Moment)
	}
	return out
}

// highlights says how many a meeting of so many words has.
func highlights(words int) int {
	n := minHighlights + int(math.Round(float64(words)/highlightWords))
	return min(maxHighlights, n)
}
