package minutes

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/trackscribe/trackscribe/internal/text/subtitle"
)

// number is a line or topic number. Models write it as a number, as text, or
// with the brackets around it.
type number int

var digits = regexp.MustCompile(`^\D{0,6}(\d{1,9})\D{0,2}$`)

// UnmarshalJSON implements [json.Unmarshaler]. What is no number is 0, which is
// never one of those given.
func (n *number) UnmarshalJSON(b []byte) error {
	*n = 0
	var f float64
	if json.Unmarshal(b, &f) == nil {
		if f == math.Trunc(f) && f > 0 && f < 1e9 {
			*n = number(f)
		}
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) == nil {
		if m := digits.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
			v, _ := strconv.Atoi(m[1])
			*n = number(v)
		}
	}
	return nil
}

// clock writes seconds as 3:05 or 1:03:05.
func clock(seconds float64) string {
	s := int(max(0, seconds))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

var (
	between  = regexp.MustCompile(`\n\s*\n`)
	heading  = regexp.MustCompile(`^(#{1,6}|[-*•]|\d{1,2}[.)])\s+`)
	emphasis = regexp.MustCompile("\\*\\*|__|`")
	cited    = regexp.MustCompile(`\s*\[(lines? )?\d+([-–, ]+\d+)*\]`)
)

// plain makes plain text on one line of what a model wrote: without the marks
// of Markdown, and without line numbers, which nobody else knows.
func plain(s string) string {
	return subtitle.OneLine(cited.ReplaceAllString(emphasis.ReplaceAllString(heading.ReplaceAllString(subtitle.OneLine(s), ""), ""), ""))
}

// paragraphs does the same for several, parted by empty lines.
func paragraphs(s string) string {
	var out []string
	for _, p := range between.Split(strings.ReplaceAll(s, "\r", ""), -1) {
		if p = plain(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}

// caption makes a title of what a model wrote as one.
func caption(s string) string {
	s = plain(s)
	for _, label := range []string{"Title:", "Topic:", "Subject:"} {
		if len(s) > len(label) && strings.EqualFold(s[:len(label)], label) {
			s = strings.TrimSpace(s[len(label):])
		}
	}
	s = strings.Trim(s, `"'“”„«»‘’ `)
	return strings.TrimRight(s, ".:;, ")
}

// shorten cuts s to at most n runes.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	if n < 2 {
		return ""
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

// wordsOf returns a text's words in lower case.
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
