package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// abbreviations never end a sentence; maybeEnds end one only when the next
// word starts with a capital.
var (
	abbreviations = set("mr mrs ms dr prof st sr jr rev gen col capt lt sgt e.g i.e eg ie vs approx dept est fig cf viz mt")
	maybeEnds     = set("etc inc ltd co corp al a.m p.m am pm u.s u.k e.u jan feb mar apr jun jul aug sep sept oct nov dec")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// EndsSentence reports whether a sentence ends after word, given the same
// speaker's next word ("" at the end) and the pause between them in seconds.
func EndsSentence(word, next string, gap float64) bool {
	core := strings.TrimRight(word, "\"'”’)]»")
	last, _ := utf8.DecodeLastRuneInString(core)
	switch last {
	case '?', '!', '。', '？', '！':
		return true
	case '.', '…':
	default:
		return false
	}
	if next == "" {
		return true
	}
	first := firstLetter(next)
	if strings.HasSuffix(core, "...") || last == '…' {
		// A trailing-off that goes on in lower case is one sentence.
		return !unicode.IsLower(first) || gap > 0.5
	}
	stem := strings.ToLower(strings.TrimLeft(strings.TrimSuffix(core, "."), "\"'“‘([«"))
	switch {
	case stem == "":
		return gap > 0.3
	case abbreviations[stem]:
		return false
	case maybeEnds[stem], strings.Contains(stem, ".") && len(stem) <= 5 && !unicode.IsDigit(firstLetter(stem)):
		return unicode.IsUpper(first)
	case stem == "no" || stem == "nos":
		return !unicode.IsDigit(first)
	case utf8.RuneCountInString(stem) == 1 && unicode.IsLetter(firstLetter(stem)) && stem != "i":
		return !unicode.IsUpper(first) || gap > 0.4 // "J. Smith", but "plan B. Then"
	case isDigits(stem) && unicode.IsDigit(first) && gap < 0.4:
		return false // "3. 5": a decimal that a recogniser tore apart
	}
	return true
}

// firstLetter returns the first letter or digit of s, or 0.
func firstLetter(s string) rune {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
	}
	return 0
}

func isDigits(s string) bool {
	for _, r := range s {
		if !unicode.IsDigit(r) {
			return false
		}
	}
	return s != ""
}

// A Sentence is one or more segments of one speaker that belong together.
type Sentence struct {
	artifact.Moment
	First, Last int // range of the transcript's segments: [First, Last]
	Turn        int // index of the turn it is in
	TurnWords   int // words in that turn
}

const (
	// A sentence is joined over a pause of up to maxJoin seconds, until it has
	// maxSentenceWords.
	maxJoin          = 3.0
	maxSentenceWords = 60
)

// Sentences joins segments that a pause or their length tore apart: a segment
// without an end mark and the same speaker's next. A transcript that hardly
// has any end marks (some recognisers give none) keeps its segments.
func Sentences(t artifact.Transcript) []Sentence {
	segs := Of(t)
	marked := 0
	for _, s := range segs {
		if EndsSentence(s.Text, "", 0) {
			marked++
		}
	}
	punctuated := 2*marked >= len(segs)
	var out []Sentence
	for _, turn := range turns(segs) {
		words := 0
		for _, s := range segs[turn.First : turn.Last+1] {
			words += len(strings.Fields(s.Text))
		}
		for i := turn.First; i <= turn.Last; i++ {
			s := segs[i]
			if n := len(out); n > 0 && punctuated {
				p := &out[n-1]
				if p.Last == i-1 && p.Speaker == s.Speaker && s.Start-p.End <= maxJoin &&
					!EndsSentence(p.Text, "", 0) && len(strings.Fields(p.Text)) < maxSentenceWords {
					p.Text += " " + s.Text
					p.End, p.Last = max(p.End, s.End), i
					continue
				}
			}
			out = append(out, Sentence{
				Moment: artifact.Moment{Text: s.Text, Speaker: s.Speaker, Start: s.Start, End: s.End},
				First:  i, Last: i, Turn: turn.index, TurnWords: words,
			})
		}
	}
	return out
}

// Tidy makes s read as a sentence: first letter upper case, end mark.
func Tidy(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ",;:–—- ")
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "\"'”’)]»")); !strings.ContainsRune(".?!…", last) {
		s += "."
	}
	return s
}
