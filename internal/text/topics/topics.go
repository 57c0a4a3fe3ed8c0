// Package topics finds what a meeting was about without a language model: where
// one topic ends and the next begins, what to call each, and what to call the
// whole.
//
// Boundaries come from dynamic programming over word frequencies (Utiyama and
// Isahara, 2001) with a bonus where people announce a new topic; titles are
// key phrases, summaries are sentences that were said. It promises equal output
// for equal input and no topic for a meeting without words. It knows English
// only, and it cannot tell a topic from a change of vocabulary.
package topics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/rank"
	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Engine is what this package calls itself in what it makes.
const Engine = "lexical"

const (
	maxKeywords    = 8
	maxTitlePhrase = 2 // phrases in a topic's title
	maxTitleWords  = 6
	titleShare     = 0.35 // of the best phrase's score, to stand beside it in a title
	keywordShare   = 0.15 // and in the keywords
)

// Detect returns the meeting's topics in order of time; together they cover
// every segment. Titles have up to six words and come from what the topic's
// words have that the rest of the meeting has not.
func Detect(t artifact.Transcript) artifact.Topics {
	out := artifact.Topics{Engine: Engine, Topics: []artifact.Topic{}}
	segs := segment.Of(t)
	units := newUnits(segs)
	if len(units) == 0 {
		return out
	}
	bounds := append(append([]int{0}, boundaries(units)...), len(units))

	skip := Names(t)
	tokens := make([][]phrase.Token, len(segs))
	for i, s := range segs {
		tokens[i] = phrase.Tokenise(s.Text)
	}
	ranking := rank.New(segment.Sentences(t))
	for k := 0; k+1 < len(bounds); k++ {
		first, last := units[bounds[k]].first, units[bounds[k+1]-1].last
		own := tokens[first : last+1]
		rest := append(append([][]phrase.Token{}, tokens[:first]...), tokens[last+1:]...)
		keys := phrase.Key(own, rest, skip)
		topic := artifact.Topic{
			ID:       fmt.Sprintf("topic-%d", k+1),
			Title:    heading(keys, maxTitlePhrase, maxTitleWords),
			Start:    segs[first].Start,
			End:      segs[first].End,
			Keywords: keywords(keys),
			Speakers: Speakers(t, segs[first:last+1]),
		}
		for _, s := range segs[first : last+1] {
			topic.End = max(topic.End, s.End)
		}
		topic.Summary = summary(ranking, first, last)
		if topic.Title == "" {
			topic.Title = fmt.Sprintf("Part %d", k+1)
			if len(bounds) == 2 {
				topic.Title = "Conversation"
			}
		}
		out.Topics = append(out.Topics, topic)
	}
	return out
}

// heading makes a title of the best phrases; "" when there are none.
func heading(keys []phrase.Phrase, n, words int) string {
	return phrase.Heading(phrase.Pick(keys, n, words-(n-1), titleShare))
}

// keywords returns the best phrases that do not repeat each other.
func keywords(keys []phrase.Phrase) []string {
	out := []string{}
	for _, p := range phrase.Pick(keys, maxKeywords, 3*maxKeywords, keywordShare) {
		out = append(out, p.Text)
	}
	return out
}

// summary returns one or two sentences of segments first..last.
func summary(r *rank.Ranking, first, last int) string {
	from, _ := slices.BinarySearchFunc(r.Sentences, first, func(s segment.Sentence, i int) int { return cmp.Compare(s.First, i) })
	to, _ := slices.BinarySearchFunc(r.Sentences, last+1, func(s segment.Sentence, i int) int { return cmp.Compare(s.First, i) })
	n := 2
	if to-from < 6 {
		n = 1
	}
	best := r.Best(from, to, n)
	if len(best) == 0 && from < to {
		best = []int{from}
	}
	var out []string
	for _, i := range best {
		out = append(out, segment.Tidy(r.Sentences[i].Text))
	}
	return strings.Join(out, " ")
}

// Speakers returns who spoke, most words first, then in the order of the
// transcript's participants.
func Speakers(t artifact.Transcript, segs []artifact.Segment) []string {
	n := map[string]int{}
	out := []string{}
	for _, p := range t.Participants {
		n[p.ID] = 0
	}
	listed := map[string]bool{}
	for _, s := range segs {
		n[s.Speaker] += len(strings.Fields(s.Text))
	}
	for _, p := range t.Participants {
		if n[p.ID] > 0 && !listed[p.ID] {
			listed[p.ID] = true
			out = append(out, p.ID)
		}
	}
	for _, s := range segs {
		if !listed[s.Speaker] {
			listed[s.Speaker] = true
			out = append(out, s.Speaker)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(n[b], n[a]) })
	return out
}

// Names returns the participants' names' words in lower case: people are not
// what a meeting is about, and calling somebody is not either.
func Names(t artifact.Transcript) map[string]bool {
	out := map[string]bool{}
	for _, p := range t.Participants {
		for _, tok := range phrase.Tokenise(p.Name) {
			out[tok.Lower] = true
		}
	}
	delete(out, "speaker")
	return out
}
