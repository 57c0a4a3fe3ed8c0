// Package segment cuts a transcript's words into what people read: segments
// (a sentence or a part of one), turns (what one person says until somebody
// else speaks) and sentences (segments that a pause tore apart, joined again).
//
// It promises that segments hold every word once, that one speaker's words
// stay in their order, and that equal input gives equal output. It does not
// add punctuation, correct words or translate; its idea of a sentence is
// English punctuation, and where there is none it goes by pauses.
package segment

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	// pause ends a segment wherever it falls, in seconds.
	pause = 1.0
	// A pause shorter than that ends a segment when somebody else speaks in
	// it: any word in a turnPause, some words in a turnPauseShort. Otherwise
	// every "mhm" would tear up the sentence of the one who has the floor.
	turnPause      = 0.6
	turnPauseShort = 0.3
	turnWords      = 3
	// maxChars is where a long sentence is cut, minChars the least that a cut
	// leaves before it.
	maxChars = 240
	minChars = 60
)

// Split cuts words into segments. Words must be in transcript order: by start
// time. Segments come in order of their first word.
func Split(words []artifact.TranscriptWord) []artifact.Segment {
	segs := []artifact.Segment{}
	for _, g := range Groups(words) {
		s := artifact.Segment{Speaker: g[0].Speaker, Start: g[0].Start, End: g[0].End, Text: Join(g)}
		for _, w := range g {
			s.End = max(s.End, w.End)
		}
		segs = append(segs, s)
	}
	return segs
}

// Groups returns the words of each segment that [Split] makes, in the same
// order.
func Groups(words []artifact.TranscriptWord) [][]artifact.TranscriptWord {
	open := map[string][]int{} // speaker -> indexes of the words of the open segment
	var done [][]int
	flush := func(speaker string) {
		if ix := open[speaker]; len(ix) > 0 {
			done = append(done, splitLong(words, ix)...)
			open[speaker] = nil
		}
	}
	var order []string
	seen := map[string]bool{}
	for i, w := range words {
		if !seen[w.Speaker] {
			seen[w.Speaker] = true
			order = append(order, w.Speaker)
		}
		if ix := open[w.Speaker]; len(ix) > 0 && ends(words, ix[len(ix)-1], i) {
			flush(w.Speaker)
		}
		open[w.Speaker] = append(open[w.Speaker], i)
	}
	for _, s := range order {
		flush(s)
	}
	// First words are in time order, so their index is the reading order; a
	// slot per word sorts without comparing.
	slot := make([][]int, len(words))
	for _, ix := range done {
		slot[ix[0]] = ix
	}
	out := make([][]artifact.TranscriptWord, 0, len(done))
	for _, ix := range slot {
		if ix == nil {
			continue
		}
		g := make([]artifact.TranscriptWord, len(ix))
		for k, i := range ix {
			g[k] = words[i]
		}
		out = append(out, g)
	}
	return out
}

// ends reports whether a segment ends between word i and the same speaker's
// next word j.
func ends(words []artifact.TranscriptWord, i, j int) bool {
	a, b := words[i], words[j]
	gap := b.Start - a.End
	if gap > pause || EndsSentence(a.Text, b.Text, gap) {
		return true
	}
	if gap < turnPauseShort {
		return false
	}
	others := 0
	for k := i + 1; k < j; k++ {
		if words[k].Speaker != a.Speaker && words[k].Start >= a.End-0.2 {
			others++
		}
	}
	return others >= turnWords || (others > 0 && gap >= turnPause)
}

// splitLong cuts the words of a sentence of more than maxChars where it hurts
// least: after a comma, in a pause, before a conjunction.
func splitLong(words []artifact.TranscriptWord, ix []int) [][]int {
	var out [][]int
	for {
		total := 0
		for _, i := range ix {
			total += utf8.RuneCountInString(words[i].Text) + 1
		}
		if total-1 <= maxChars || len(ix) < 2 {
			return append(out, ix)
		}
		best, bestScore, n := 1, math.Inf(-1), 0
		for k := 1; k < len(ix); k++ {
			n += utf8.RuneCountInString(words[ix[k-1]].Text) + 1
			if n-1 > maxChars && k > 1 {
				break
			}
			s := cutScore(words[ix[k-1]], words[ix[k]])
			s += float64(min(n, maxChars)) / maxChars // longer is better where all else is equal
			if n < minChars || total-n < minChars/2 {
				s -= 10
			}
			if s > bestScore {
				best, bestScore = k, s
			}
		}
		out, ix = append(out, ix[:best]), ix[best:]
	}
}

// cutScore says how well a long sentence is cut between a and b.
func cutScore(a, b artifact.TranscriptWord) float64 {
	s := 0.0
	switch last, _ := utf8.DecodeLastRuneInString(a.Text); last {
	case ',', '–', '—':
		s += 2
	case ';', ':', '.', '?', '!', '…':
		s += 3
	}
	if gap := b.Start - a.End; gap > 0.15 {
		s += min(2.5, 4*gap)
	}
	switch strings.ToLower(b.Text) {
	case "and", "but", "so", "because", "or", "which", "then", "although", "while":
		s++
	}
	return s
}

// Join returns the words' text with single spaces.
func Join(words []artifact.TranscriptWord) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
	}
	return b.String()
}
