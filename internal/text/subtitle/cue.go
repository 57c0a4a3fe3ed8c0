package subtitle

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A cue is one subtitle.
type cue struct {
	speaker    string
	start, end float64
	lines      string
}

// cues returns the transcript's cues by start.
func cues(t artifact.Transcript) []cue {
	var out []cue
	for _, g := range groups(t) {
		for _, words := range cut(g) {
			c := cue{speaker: words[0].Speaker, start: words[0].Start, end: words[0].End}
			var text []string
			for _, w := range words {
				c.end = max(c.end, w.End)
				if s := OneLine(w.Text); s != "" {
					text = append(text, s)
				}
			}
			if len(text) > 0 {
				c.lines = wrap(text)
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b cue) int {
		return milliseconds(a.start) - milliseconds(b.start)
	})
	return out
}

// groups returns the words of each segment. A transcript with segments and no
// words gets words with estimated times.
func groups(t artifact.Transcript) [][]artifact.TranscriptWord {
	if len(t.Words) > 0 {
		return segment.Groups(t.Words)
	}
	var out [][]artifact.TranscriptWord
	for _, s := range t.Segments {
		fields := strings.Fields(s.Text)
		total := 0
		for _, f := range fields {
			total += utf8.RuneCountInString(f) + 1
		}
		var g []artifact.TranscriptWord
		at := 0
		for _, f := range fields {
			n := utf8.RuneCountInString(f) + 1
			length := s.End - s.Start
			g = append(g, artifact.TranscriptWord{
				Text: f, Speaker: s.Speaker,
				Start: s.Start + length*float64(at)/float64(total),
				End:   s.Start + length*float64(at+n)/float64(total),
			})
			at += n
		}
		if len(g) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// cut cuts a segment's words until every part fits a cue, each time where it
// reads best: near the middle, after punctuation or in a pause.
func cut(words []artifact.TranscriptWord) [][]artifact.TranscriptWord {
	if len(words) < 2 || fits(words) {
		return [][]artifact.TranscriptWord{words}
	}
	total := chars(words)
	best, bestScore, n := 1, -1e9, 0
	for k := 1; k < len(words); k++ {
		n += utf8.RuneCountInString(words[k-1].Text) + 1
		// Distance from the middle as a share of the whole costs up to 1.5.
		score := -3 * max(float64(n)/float64(total)-0.5, 0.5-float64(n)/float64(total))
		if last, _ := utf8.DecodeLastRuneInString(words[k-1].Text); strings.ContainsRune(",;:–—", last) {
			score += 0.6
		}
		score += min(0.6, max(0, words[k].Start-words[k-1].End))
		if score > bestScore {
			best, bestScore = k, score
		}
	}
	return append(cut(words[:best]), cut(words[best:])...)
}

func fits(words []artifact.TranscriptWord) bool {
	if words[len(words)-1].End-words[0].Start > maxCue || chars(words) > maxLines*lineChars {
		return false
	}
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = w.Text
	}
	return strings.Count(wrap(text), "\n") < maxLines
}

func chars(words []artifact.TranscriptWord) int {
	n := -1
	for _, w := range words {
		n += utf8.RuneCountInString(w.Text) + 1
	}
	return n
}
