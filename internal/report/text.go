package report

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
)

// clean makes text from outside fit to be shown on one line: white space
// becomes single blanks, and control characters and those that turn the
// writing direction of what follows are left out.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\ufeff',
			r >= '\u202a' && r <= '\u202e', // embeddings and overrides
			r >= '\u2066' && r <= '\u2069': // isolates
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.Fields(s), " ")
}

// shorten cuts s to at most n runes.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

// clock writes seconds as people read a player's time: 1:05, 1:02:03.
func clock(seconds float64) string {
	s := wholeSeconds(seconds)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// spell writes a length of time in words: 12 s, 4 min 53 s, 1 h 2 min. The
// blanks do not break.
func spell(seconds float64) string {
	s := wholeSeconds(math.Round(seconds))
	switch {
	case s >= 3600 && s/60%60 == 0:
		return fmt.Sprintf("%d\u00a0h", s/3600)
	case s >= 3600:
		return fmt.Sprintf("%d\u00a0h %d\u00a0min", s/3600, s/60%60)
	case s >= 60 && s%60 == 0:
		return fmt.Sprintf("%d\u00a0min", s/60)
	case s >= 60:
		return fmt.Sprintf("%d\u00a0min %d\u00a0s", s/60, s%60)
	}
	return fmt.Sprintf("%d\u00a0s", s)
}

// wholeSeconds rounds down, and takes what is no time at all for 0.
func wholeSeconds(seconds float64) int {
	if !(seconds > 0) || seconds > 1e9 {
		return 0
	}
	return int(seconds + 1e-6)
}

// date writes an RFC 3339 time for people; "" when it is none.
func date(started string) string {
	t, err := time.Parse(time.RFC3339, started)
	if err != nil {
		return ""
	}
	return t.UTC().Format("Monday 2 January 2006, 15:04 UTC")
}

// percent writes a share of 0 to 1.
func percent(share float64) string {
	switch p := math.Round(share * 100); {
	case share > 0 && p < 1:
		return "<1%"
	default:
		return fmt.Sprintf("%.0f%%", p)
	}
}

// count writes a number with its noun; thousands are parted.
func count(n int, one, many string) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n == 1 {
		return s + "\u00a0" + one
	}
	return s + "\u00a0" + many
}

// list joins names: "Ken", "Ken and Ana", "Ken, Ana and Peggy".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
