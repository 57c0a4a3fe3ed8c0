package summary

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// names finds participants by what they are called: their first name, or their
// whole one. A first name that two share finds nobody.
type names map[string]string // lower case -> participant id, "" for shared

func newNames(t artifact.Transcript) names {
	n := names{}
	add := func(word, id string) {
		if old, ok := n[word]; ok && old != id {
			id = ""
		}
		n[word] = id
	}
	for _, p := range t.Participants {
		words := strings.Fields(strings.ToLower(p.Name))
		if len(words) == 0 || words[0] == "speaker" {
			continue
		}
		for i, w := range words {
			w = strings.Trim(w, ".,()\"'")
			// Last names are said too, if rarely; initials are not.
			if utf8.RuneCountInString(w) > 1 && (i == 0 || i == len(words)-1) {
				add(w, p.ID)
			}
		}
	}
	return n
}

// at returns the participant that word i of the clause names. A name that is
// also a word ("Will", "Mark") must be written as a name, and stand apart
// where a sentence's first word has a capital anyway.
func (n names) at(c clause, i int) string {
	id := n.beside(c, i)
	if w := c.words[i]; id != "" && isCommon(w) && c.at[i] == 0 && !n.isApart(c, i) {
		return ""
	}
	return id
}

// beside is [names.at] for a word right before a trigger, where a name is
// expected.
func (n names) beside(c clause, i int) string {
	id := n[c.words[i]]
	if id == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(c.raw[c.at[i]], "\"'“‘("))
	if isCommon(c.words[i]) && !unicode.IsUpper(first) {
		return ""
	}
	return id
}

// isApart reports whether word i stands between marks, as one who is called
// does.
func (n names) isApart(c clause, i int) bool {
	return i+1 >= len(c.words) || isMark(c.words[i+1])
}

// addressed returns whom a request is addressed to: a name before its trigger
// in the same clause or alone before it, right after it, or at the end.
func (n names) addressed(c clause, begin, first, end int) string {
	if first > begin {
		if id := n.beside(c, first-1); id != "" {
			return id
		}
	}
	for i := first - 1; i >= begin; i-- {
		if id := n.at(c, i); id != "" && n.isApart(c, i) {
			return id
		}
	}
	// "Thanks. Tom? Can you ..."
	if begin >= 2 && isMark(c.words[begin-1]) {
		if id := n.at(c, begin-2); id != "" {
			return id
		}
	}
	for i := end; i < len(c.words) && i <= end+2; i++ {
		if !isMark(c.words[i]) {
			if id := n.at(c, i); id != "" && n.isApart(c, i) {
				return id
			}
		}
	}
	if end > 0 && end <= len(c.words) { // no comma before it
		if id := n.at(c, end-1); id != "" && end-1 > first && c.isQuestion() {
			return id
		}
	}
	return ""
}

// before returns whom the word before first names: "Tom will ...".
func (n names) before(c clause, first int) string {
	if first == 0 {
		return ""
	}
	return n.beside(c, first-1)
}

// within returns the first participant that words from..to-1 name.
func (n names) within(c clause, from, to int) string {
	for i := from; i < min(to, len(c.words)); i++ {
		if id := n.at(c, i); id != "" {
			return id
		}
	}
	return ""
}

func isMark(w string) bool {
	return w == "," || w == "." || w == "?" || w == "!" || w == ";" || w == ":"
}

// isCommon reports whether a name is a common word as well.
func isCommon(w string) bool {
	if phrase.IsStop(w) || tasks[w] {
		return true
	}
	switch w {
	case "mark", "may", "bill", "grace", "rob", "sue", "pat", "jack", "dawn", "hope", "joy", "june", "april", "summer", "art", "chip",
		"drew", "frank", "guy", "rich", "faith", "sky", "star", "rose", "penny", "max", "ray", "gene", "case", "page", "miles", "young",
		"will", "long", "don", "earnest", "glen", "lance", "nick", "olive", "pearl", "ruby", "sandy", "ward":
		return true
	}
	return false
}
