package wer

import (
	"regexp"
	"strings"
	"unicode"
)

// Normalise returns the words of a text as they are said: lower case, without
// punctuation, numbers spelled out ("1813" as the year it may be, "2" as two,
// "3rd" as third, "£5" as five pounds, "40%" as forty percent), titles written
// out, hyphens as spaces. "And" inside a number is left out, since some say it
// and some do not. An apostrophe inside a word stays.
func Normalise(text string) []string {
	text = strings.ToLower(text)
	text = replacer.Replace(text)
	text = numeric.ReplaceAllStringFunc(text, func(s string) string { return " " + spell(s) + " " })
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && !unicode.IsMark(r)
	})
	words := make([]string, 0, len(fields))
	for _, w := range fields {
		w = strings.Trim(w, "'")
		if full, ok := written[w]; ok {
			w = full
		}
		words = append(words, strings.Fields(w)...)
	}
	return dropAnd(words)
}

var replacer = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "per cent", "percent", "&", " and ", "@", " at ", "–", "-")

// written are ways to write what is said alike.
var written = map[string]string{
	"mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "st": "saint", "ok": "okay", "o'k": "okay", "vs": "versus",
	"etc": "et cetera", "alright": "all right", "gonna": "going to", "wanna": "want to", "gotta": "got to", "'em": "them",
	"oclock": "o'clock",
}

// numeric finds what is written with digits: an amount, a time of day, an
// ordinal, a decimal, a percentage.
var numeric = regexp.MustCompile(`([$£€]) ?(\d+(?:,\d{3})*)(\.\d+)?(?: ?(k|m|bn|thousand|million|billion)\b)?|(\d{1,2}):(\d{2})(?::\d{2})?|(\d+(?:,\d{3})*)(st|nd|rd|th)\b|(\d{2,4})s\b|(\d+(?:,\d{3})*)((?:\.\d+)*)(?: ?(%|‰))?`)

var currencies = map[string][2]string{"$": {"dollar", "dollars"}, "£": {"pound", "pounds"}, "€": {"euro", "euros"}}

var magnitudes = map[string]string{"k": "thousand", "m": "million", "bn": "billion", "thousand": "thousand", "million": "million", "billion": "billion"}

// spell returns one match of numeric in words.
func spell(s string) string {
	m := numeric.FindStringSubmatch(s)
	switch {
	case m == nil:
		return s
	case m[1] != "":
		return amount(m[1], plain(m[2]), m[3], magnitudes[m[4]])
	case m[5] != "":
		return clock(m[5], m[6])
	case m[7] != "":
		return ordinal(plain(m[7]))
	case m[9] != "":
		return decade(m[9])
	}
	out := number(m[10])
	if m[11] != "" || m[12] != "" {
		out = cardinal(plain(m[10])) // no year
	}
	for i, part := range strings.Split(m[11], ".") {
		if i > 0 {
			out += " point " + digits(part)
		}
	}
	switch m[12] {
	case "%":
		out += " percent"
	case "‰":
		out += " per mille"
	}
	return out
}

func plain(s string) string { return strings.ReplaceAll(s, ",", "") }

// dropAnd leaves out "and" between number words: "one hundred and five".
func dropAnd(words []string) []string {
	out := words[:0]
	for i, w := range words {
		if w == "and" && i > 0 && i+1 < len(words) && isMagnitude(words[i-1]) && isNumber(words[i+1]) {
			continue
		}
		out = append(out, w)
	}
	return out
}

func isMagnitude(w string) bool { return w == "hundred" || w == "thousand" || w == "million" }

func isNumber(w string) bool {
	for _, list := range [][]string{ones, tens} {
		for _, x := range list {
			if x == w && x != "" {
				return true
			}
		}
	}
	return false
}
