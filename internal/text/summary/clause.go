package summary

import (
	"slices"
	"strings"
	"unicode"

	"github.com/trackscribe/trackscribe/internal/pattern"
	"github.com/trackscribe/trackscribe/internal/text/segment"
)

// A clause is a sentence made ready for patterns: lower case, contractions
// written out, punctuation as words of its own, single spaces. It remembers
// which word as said every one of its words comes from.
type clause struct {
	segment.Sentence
	norm  string   // " ana , can you ask them ? ", with a space at both ends
	words []string // of norm
	raw   []string // words as said
	at    []int    // words[i] comes from raw[at[i]]
	byte  []int    // words[i] begins at norm[byte[i]]
}

// contractions are written out so that one pattern sees every way to say a
// thing.
var contractions = map[string]string{
	"it's": "it is", "that's": "that is", "what's": "what is", "there's": "there is", "here's": "here is", "who's": "who is",
	"he's": "he is", "she's": "she is",
	"won't": "will not", "can't": "can not", "cannot": "can not", "shan't": "shall not",
	"let's": "let us", "lets": "let us", "gonna": "going to", "gotta": "got to", "wanna": "want to",
	"i'm": "i am", "ain't": "is not", "y'all": "you", "todo": "to do", "to-do": "to do", "to-dos": "to dos",
	"ill": "i will", "im": "i am", "dont": "do not", "wont": "will not", "cant": "can not",
}

var suffixes = []struct{ end, full string }{
	{"n't", " not"}, {"'ll", " will"}, {"'re", " are"}, {"'ve", " have"}, {"'d", " would"},
}

func newClause(s segment.Sentence) clause {
	c := clause{Sentence: s, raw: strings.Fields(s.Text)}
	for i, w := range c.raw {
		core := strings.ToLower(strings.ReplaceAll(w, "’", "'"))
		head := strings.TrimLeftFunc(core, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		body := strings.TrimRightFunc(head, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, part := range strings.Fields(expand(body)) {
			c.words, c.at = append(c.words, part), append(c.at, i)
		}
		if tail := head[len(body):]; tail != "" {
			for _, mark := range []string{"?", "!", ".", ";", ":", ","} {
				if strings.Contains(tail, mark) {
					c.words, c.at = append(c.words, mark), append(c.at, i)
					break
				}
			}
		}
	}
	var b strings.Builder
	b.WriteByte(' ')
	for _, w := range c.words {
		c.byte = append(c.byte, b.Len())
		b.WriteString(w)
		b.WriteByte(' ')
	}
	c.norm = b.String()
	return c
}

func expand(w string) string {
	if full, ok := contractions[w]; ok {
		return full
	}
	for _, s := range suffixes {
		if strings.HasSuffix(w, s.end) && len(w) > len(s.end) {
			return strings.TrimSuffix(w, s.end) + s.full
		}
	}
	return w
}

// isQuestion reports whether the sentence ends with a question mark.
func (c clause) isQuestion() bool {
	return len(c.words) > 0 && c.words[len(c.words)-1] == "?"
}

// find returns where re matches, overlaps included: the index of its first
// word and of the word after it.
func (c clause) find(re *pattern.Regexp) [][2]int {
	var out [][2]int
	for from := 0; from < len(c.norm); {
		m := re.FindStringIndex(c.norm[from:])
		if m == nil {
			break
		}
		first, _ := slices.BinarySearch(c.byte, from+m[0])
		after, _ := slices.BinarySearch(c.byte, from+m[1])
		if first < after {
			out = append(out, [2]int{first, after})
		}
		from += m[0] + 1
	}
	return out
}

// text returns words from..to-1 of the clause as they were said, without the
// punctuation at the ends.
func (c clause) text(from, to int) string {
	if from >= to || from >= len(c.at) {
		return ""
	}
	// A word inside a contraction begins after it: "I'll send" from "send".
	first, last := c.at[from], c.at[to-1]
	return strings.Trim(strings.Join(c.raw[first:last+1], " "), " .,;:?!…-–—")
}

// normText returns the words from..to-1 as patterns see them.
func (c clause) normText(from, to int) string {
	return " " + strings.Join(c.words[from:to], " ") + " "
}

// start returns where the clause that word i stands in begins: after a strong
// mark, or after a comma before "and", "but" or "so".
func (c clause) start(i int) int {
	for k := i - 1; k >= 0; k-- {
		switch c.words[k] {
		case ".", ";", ":", "?", "!":
			return k + 1
		case ",":
			if k+1 < len(c.words) && isJoint(c.words[k+1]) {
				return k + 1
			}
		}
	}
	return 0
}

// end returns where what began at word i is over: at a mark, or at a comma
// before something new.
func (c clause) end(i int) int {
	for k := i; k < len(c.words); k++ {
		switch c.words[k] {
		case ".", ";", "?", "!":
			return k
		case ",":
			if k+1 < len(c.words) && (isJoint(c.words[k+1]) || isAside(c.words[k+1])) {
				return k
			}
		}
	}
	return len(c.words)
}

func isJoint(w string) bool {
	switch w {
	case "and", "but", "so", "because", "otherwise", "or", "though", "although":
		return true
	}
	return false
}

func isAside(w string) bool {
	switch w {
	case "i", "we", "you", "it", "that", "they", "he", "she", "right", "okay", "ok", "if", "unless", "which", "not", "my", "our":
		return true
	}
	return false
}
