// Package subtitle writes a transcript as WebVTT and as plain text.
//
// It promises valid WebVTT (https://www.w3.org/TR/webvtt1/): escaped text and
// names, cues whose starts never go back and whose ends lie after their
// starts, one voice a cue. It keeps every word; it does not shorten text to
// make it readable at speed.
package subtitle

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	lineChars = 42  // usual width of a subtitle line
	maxLines  = 2   // lines of a cue where its words allow
	maxCue    = 7.0 // seconds
	minCue    = 0.3 // seconds; a shorter cue cannot be seen
)

// WebVTT returns the transcript as a WebVTT file in UTF-8. Cues are segments,
// long ones cut by length and time, each with the speaker's name as its voice.
func WebVTT(t artifact.Transcript) []byte {
	names := Names(t)
	var b bytes.Buffer
	b.WriteString("WEBVTT\n")
	last := 0
	for _, c := range cues(t) {
		// Milliseconds are compared as they are printed, or rounding could
		// turn the order around.
		start := max(milliseconds(c.start), last)
		last = start
		end := max(milliseconds(c.end), start+int(minCue*1000))
		fmt.Fprintf(&b, "\n%s --> %s\n<v %s>%s\n", vttTime(start), vttTime(end), escapeVoice(names[c.speaker]), escapeText(c.lines))
	}
	return b.Bytes()
}

// Text returns the transcript as plain text in UTF-8: one line per turn,
// "[MM:SS] Name: text", with hours from the first hour on.
func Text(t artifact.Transcript) []byte {
	names := Names(t)
	var b bytes.Buffer
	for _, turn := range segment.Turns(t) {
		fmt.Fprintf(&b, "[%s] %s: %s\n", Clock(turn.Start), names[turn.Speaker], OneLine(turn.Text))
	}
	return b.Bytes()
}

// Names returns every speaker's name on one line, by participant id; a speaker
// without a name, or unknown to the transcript, is called "Speaker".
func Names(t artifact.Transcript) map[string]string {
	names := map[string]string{}
	for _, p := range t.Participants {
		names[p.ID] = OneLine(p.Name)
	}
	for _, w := range t.Words {
		if names[w.Speaker] == "" {
			names[w.Speaker] = "Speaker"
		}
	}
	for _, s := range t.Segments {
		if names[s.Speaker] == "" {
			names[s.Speaker] = "Speaker"
		}
	}
	return names
}

// Clock returns seconds as MM:SS, from an hour on as H:MM:SS, cut to whole
// seconds.
func Clock(seconds float64) string {
	s := milliseconds(seconds) / 1000
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// vttTime returns milliseconds as HH:MM:SS.mmm.
func vttTime(ms int) string {
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3600000, ms/60000%60, ms/1000%60, ms%1000)
}

// milliseconds returns seconds in whole milliseconds; what is no time is 0.
func milliseconds(seconds float64) int {
	if !(seconds > 0) || seconds > 1e9 {
		return 0
	}
	return int(math.Round(seconds * 1000))
}

// escapeText escapes cue text. Without "<", "&" and ">" no tag, no character
// reference and no "-->" can come from it.
func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// escapeVoice escapes a voice tag's name: the tag ends at the first ">".
func escapeVoice(s string) string {
	if s = escapeText(s); s == "" {
		return "Speaker"
	}
	return s
}

// OneLine returns s in valid UTF-8 on one line without control characters.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.Fields(s), " ")
}

// wrap breaks text into lines as even as possible, of lineChars where words
// allow.
func wrap(words []string) string {
	total := -1
	for _, w := range words {
		total += utf8.RuneCountInString(w) + 1
	}
	if total <= lineChars {
		return strings.Join(words, " ")
	}
	width := max(lineChars/2, (total+maxLines-1)/maxLines)
	var lines []string
	var line strings.Builder
	n := 0
	for _, w := range words {
		l := utf8.RuneCountInString(w)
		// Past the even width, a word goes where it makes the lines more even.
		if n > 0 && (n+1+l > lineChars || (n+1+l > width && len(lines) == 0 && n+1+l-width > width-n)) {
			lines = append(lines, line.String())
			line.Reset()
			n = 0
		}
		if n > 0 {
			line.WriteByte(' ')
			n++
		}
		line.WriteString(w)
		n += l
	}
	return strings.Join(append(lines, line.String()), "\n")
}
