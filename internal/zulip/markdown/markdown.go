// Package markdown makes text safe in Zulip's Markdown, which has no backslash
// escapes.
package markdown

import (
	"regexp"
	"strings"
	"unicode"
)

// joiner is an invisible character that joins words. Zulip's Markdown has no
// backslash escapes, so markup is broken up by it.
const joiner = "\u2060"

// dotted finds what looks like a host name, which Zulip makes a link of.
var dotted = regexp.MustCompile(`([\pL\pN])\.(\pL)`)

// Plain makes one line of text that is nothing but text: it mentions nobody,
// links nowhere, opens no block and ends none
// (https://zulip.com/help/format-your-message-using-markdown). What it does not
// need for that it leaves as it is.
func Plain(s string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ") {
		switch {
		case r == '*':
			b.WriteRune('∗') // like it, and no markup
		case r == '`':
			b.WriteRune('\'')
		case strings.ContainsRune("@#]$~<!", r):
			b.WriteRune(r)
			b.WriteString(joiner)
		case r == ':': // schemes, emoji
			b.WriteRune(r)
			b.WriteString(joiner)
		case r == '\u200d': // part of many emoji
			b.WriteRune(r)
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r): // turns text around, or hides it
		default:
			b.WriteRune(r)
		}
	}
	// Twice, because neighbours share a letter: a.b.c.
	out := dotted.ReplaceAllString(b.String(), "$1."+joiner+"$2")
	return dotted.ReplaceAllString(out, "$1."+joiner+"$2")
}

// Start makes a text fit for the beginning of a line, where some characters
// make headings, quotes, lists, tables and commands.
func Start(s string) string {
	if strings.IndexAny(s, "#>/-+|=") == 0 {
		return joiner + s
	}
	return s
}

// Short is plain text of at most n characters.
func Short(s string, n int) string { return Clip(Plain(Clip(s, n)), n) }

// Clip shortens a text to n characters.
func Clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimRight(string(r[:n-1]), " ") + "…"
}
