// Package phrase takes English text apart: tokens, stop words, stems, and the
// phrases that say what a text is about (runs of content words as in RAKE,
// weighed by how much more often their words are said here than elsewhere).
//
// It promises equal output for equal input. It knows no grammar: a phrase is
// words that were said one after the other, and it knows only English.
package phrase

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// A Token is one word of a text.
type Token struct {
	Text  string // as written, without punctuation around it
	Lower string // lower case, apostrophes straight, possessive 's removed
	Stem  string // of Lower; "" for a stop word
	Break bool   // punctuation follows: phrases end here
}

// Tokenise takes text apart. Numbers are tokens without a stem, as stop words
// are; so are words of one letter.
func Tokenise(text string) []Token {
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r == '/' || r == '—' || r == '–'
	})
	out := make([]Token, 0, len(fields))
	for _, f := range fields {
		core := strings.TrimFunc(f, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if core == "" {
			if len(out) > 0 {
				out[len(out)-1].Break = true
			}
			continue
		}
		lower := strings.ReplaceAll(strings.ToLower(core), "’", "'")
		t := Token{Text: core, Lower: lower}
		if !IsStop(lower) {
			t.Lower = strings.TrimSuffix(lower, "'s")
		}
		t.Stem = stem(t.Lower)
		last, _ := utf8.DecodeLastRuneInString(f)
		t.Break = strings.ContainsRune(",.;:?!…)]\"”", last)
		out = append(out, t)
	}
	return out
}

// Content returns the stems of a text's content words, in order.
func Content(text string) []string {
	var out []string
	for _, t := range Tokenise(text) {
		if t.Stem != "" {
			out = append(out, t.Stem)
		}
	}
	return out
}

// Stem returns a lower-case word's Snowball stem.
func Stem(lower string) string { return english.Stem(lower, false) }

func stem(lower string) string {
	if utf8.RuneCountInString(lower) < 2 || IsStop(lower) {
		return ""
	}
	letters := false
	for _, r := range lower {
		letters = letters || unicode.IsLetter(r)
	}
	if !letters {
		return ""
	}
	return Stem(lower)
}

// IsStop reports whether a lower-case word says nothing about a topic.
func IsStop(lower string) bool {
	return stopWords[lower] || strings.Contains(lower, "'") && stopWords[lower[:strings.IndexByte(lower, '\'')]]
}
