package phrase

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pick returns the best phrases that say different things: at most n, with at
// most maxWords words together, each with at least the given share of the
// best one's score. A phrase that shares a word with one already
// taken is left out, unless it contains that one whole and is at least half as
// good: then it takes its place.
func Pick(phrases []Phrase, n, maxWords int, share float64) []Phrase {
	var out []Phrase
	words := 0
	for i, p := range phrases {
		if len(out) == n {
			break
		}
		if i > 0 && p.Score < share*phrases[0].Score && len(out) > 0 {
			break
		}
		if words+len(p.Stems) > maxWords {
			continue
		}
		shared := false
		for k, o := range out {
			if !sharesStem(p, o) {
				continue
			}
			shared = true
			if len(p.Stems) > len(o.Stems) && p.Score >= 0.5*o.Score && contains(p, o) && words+len(p.Stems)-len(o.Stems) <= maxWords {
				words += len(p.Stems) - len(o.Stems)
				out[k] = p
			}
			break
		}
		if !shared {
			out = append(out, p)
			words += len(p.Stems)
		}
	}
	return out
}

func sharesStem(a, b Phrase) bool {
	return slices.ContainsFunc(a.Stems, func(s string) bool { return slices.Contains(b.Stems, s) })
}

func contains(a, b Phrase) bool {
	return !slices.ContainsFunc(b.Stems, func(s string) bool { return !slices.Contains(a.Stems, s) })
}

// Heading joins phrases to a heading in title case: "Release Date, Backups and
// Hiring Plan".
func Heading(phrases []Phrase) string {
	var b strings.Builder
	for i, p := range phrases {
		switch {
		case i > 0 && i == len(phrases)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(TitleCase(p.Text))
	}
	return b.String()
}

// TitleCase gives every word a capital but short function words; words with
// capitals of their own ("API", "iPhone") stay.
func TitleCase(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		lower := strings.ToLower(w)
		switch {
		case i > 0 && i < len(words)-1 && isSmall(lower):
			words[i] = lower
		case w == lower:
			words[i] = capitalise(w)
		}
	}
	return strings.Join(words, " ")
}

func isSmall(lower string) bool {
	switch lower {
	case "a", "an", "the", "and", "or", "of", "in", "on", "to", "for", "at", "by", "with", "from", "as":
		return true
	}
	return false
}

func capitalise(w string) string {
	r, n := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(r)) + w[n:]
}
