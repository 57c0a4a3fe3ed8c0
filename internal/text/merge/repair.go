package merge

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	// maxWord is the longest a word can last, in seconds; recognisers that
	// lose track give longer ones.
	maxWord = 10.0
	// slack is how far past the recording's end a word may be.
	slack = 5.0
	// maxTime is the limit when nobody says how long the recording is.
	maxTime = 7 * 24 * 3600.0
)

// timeLimit returns the time after which no word can be.
func timeLimit(rec artifact.Recording, tracks []artifact.TrackWords) float64 {
	d := finite(rec.Duration)
	for _, tw := range tracks {
		d = max(d, finite(tw.Duration))
	}
	if d <= 0 || d > maxTime {
		return maxTime
	}
	return d + slack
}

// repair returns a track's words with clean text and possible times, in order,
// and how many had times that could not be. A word without a possible start is
// put after the one before it, one without a possible end gets a usual length.
func repair(in []artifact.Word, limit float64) ([]word, int) {
	out := make([]word, 0, len(in))
	repaired := 0
	previous := 0.0
	for _, w := range in {
		text := cleanText(w.Text)
		if text == "" {
			continue
		}
		if n := len(out); n > 0 && isTail(text) {
			out[n-1].text += text
			continue
		}
		bad := false
		start, end := w.Start, w.End
		if !(start >= 0 && start <= limit) {
			bad = true
			start = previous
			if usual := usualLength(text); end > usual && end <= limit && end >= previous {
				start = max(previous, end-usual)
			}
		}
		if !(end >= start && end <= limit && end-start <= maxWord) {
			bad = true
			end = min(start+usualLength(text), max(limit, start))
		}
		if bad {
			repaired++
		}
		prob := w.Probability
		if !(prob >= 0) {
			prob = 0
		}
		x := word{text: text, norm: normal(text), start: round(start), end: round(end), prob: round(min(prob, 1)), level: finite(w.Level)}
		previous = x.end
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b word) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	return out, repaired
}

// usualLength estimates how long it takes to say text, in seconds.
func usualLength(text string) float64 {
	return min(1.2, 0.12+0.055*float64(utf8.RuneCountInString(text)))
}

// cleanText returns text on one line, without control characters.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// isTail reports whether text is punctuation that belongs to the word before.
func isTail(text string) bool {
	for _, r := range text {
		if !strings.ContainsRune(".,;:?!…%)”’", r) {
			return false
		}
	}
	return true
}

// normal returns text for comparing: lower case letters and digits.
func normal(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// similar reports whether two normalised words are probably the same word
// heard twice: equal, or one edit apart in four letters or more, two in eight.
func similar(a, b string) bool {
	if a == b {
		return a != ""
	}
	long := max(len(a), len(b))
	allowed := 0
	switch {
	case long >= 8:
		allowed = 2
	case long >= 4:
		allowed = 1
	}
	if d := len(a) - len(b); allowed == 0 || d > allowed || -d > allowed {
		return false
	}
	return distance(a, b) <= allowed
}

// distance is the Levenshtein distance in bytes; words are short.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return math.MaxInt
	}
	var row [65]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
