package topics

import (
	"slices"

	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Untitled is the title of a meeting that has none.
const Untitled = "Untitled meeting"

const (
	titlePhrases = 3
	titleWords   = 8
)

// Title returns a title of up to eight words: the meeting's key phrases, each
// with a moment where it was said. Phrases that are keywords of a topic count
// more, the longer the topic. A meeting in which nothing was said, or nothing
// with a content word, is [Untitled].
func Title(t artifact.Transcript, topics artifact.Topics) artifact.Title {
	out := artifact.Title{Engine: Engine, Title: Untitled, Basis: []artifact.Moment{}}
	segs := segment.Of(t)
	tokens := make([][]phrase.Token, len(segs))
	for i, s := range segs {
		tokens[i] = phrase.Tokenise(s.Text)
	}
	keys := phrase.Key(tokens, nil, Names(t))
	share := map[string]float64{}
	for _, topic := range topics.Topics {
		for rank, k := range topic.Keywords {
			w := (topic.End - topic.Start) / max(t.Duration, topic.End, 1) / float64(1+rank)
			share[stemsOf(k)] += w
		}
	}
	for i := range keys {
		keys[i].Score *= 1 + 2*share[stemsOf(keys[i].Text)]
	}
	slices.SortStableFunc(keys, func(a, b phrase.Phrase) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	// Commas cost nothing, one "and" costs a word.
	picked := phrase.Pick(keys, titlePhrases, titleWords-1, titleShare)
	if len(picked) == 0 {
		return out
	}
	out.Title = phrase.Heading(picked)
	for _, p := range picked {
		s := segs[p.First]
		m := artifact.Moment{Text: s.Text, Speaker: s.Speaker, Start: s.Start, End: s.End}
		if !slices.Contains(out.Basis, m) {
			out.Basis = append(out.Basis, m)
		}
	}
	return out
}

// stemsOf returns a phrase's stems as one string.
func stemsOf(text string) string {
	s := ""
	for _, t := range phrase.Tokenise(text) {
		s += t.Stem + " "
	}
	return s
}
