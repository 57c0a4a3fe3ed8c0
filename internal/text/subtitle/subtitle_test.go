package subtitle

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/internal/text/texttest"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

func transcript(name string, words ...artifact.TranscriptWord) artifact.Transcript {
	t := artifact.Transcript{Participants: []artifact.Speaker{{ID: "a", Name: name}, {ID: "b", Name: "Ben"}}, Words: words}
	t.Segments = segment.Split(words)
	return t
}

func say(speaker string, start float64, text string) []artifact.TranscriptWord {
	var out []artifact.TranscriptWord
	for _, w := range strings.Fields(text) {
		out = append(out, artifact.TranscriptWord{Text: w, Start: start, End: start + 0.25, Speaker: speaker})
		start += 0.3
	}
	return out
}

func TestWebVTT(t *testing.T) {
	t.Parallel()
	words := append(say("a", 1, "A < B & C --> D. "), say("b", 3661.5, "Yes.")...)
	got := string(WebVTT(transcript("Ana <script> & \"Co\"\r\n> x", words...)))
	want := `WEBVTT

00:00:01.000 --> 00:00:03.050
<v Ana &lt;script&gt; &amp; "Co" &gt; x>A &lt; B &amp; C --&gt; D.

01:01:01.500 --> 01:01:01.800
<v Ben>Yes.
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("WebVTT (-want +got):\n%s", d)
	}
	if got := string(WebVTT(artifact.Transcript{})); got != "WEBVTT\n" {
		t.Errorf("WebVTT of nothing: %q", got)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	words := append(say("a", 1, "Hello there. How are you?"), say("b", 62.9, "Fine.")...)
	words = append(words, say("a", 3700, "Bye.")...)
	words = append(words, say("ghost", 3800, "Boo.")...)
	got := string(Text(transcript("Ana\nMaria", words...)))
	want := "[00:01] Ana Maria: Hello there. How are you?\n[01:02] Ben: Fine.\n[1:01:40] Ana Maria: Bye.\n[1:03:20] Speaker: Boo.\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("text (-want +got):\n%s", d)
	}
}

func TestSegmentsWithoutWords(t *testing.T) {
	t.Parallel()
	tr := artifact.Transcript{
		Participants: []artifact.Speaker{{ID: "a", Name: "Ana"}},
		Segments:     []artifact.Segment{{Speaker: "a", Start: 10, End: 30, Text: strings.Repeat("word ", 60)}},
	}
	got := check(t, WebVTT(tr))
	if len(got) < 3 {
		t.Errorf("%d cues of 20 seconds, want at least 3", len(got))
	}
	if n := strings.Count(strings.Join(got, " "), "word"); n != 60 {
		t.Errorf("%d words in cues, want 60", n)
	}
}

// TestMeeting: cues of a whole meeting fit the screen and hold every word.
func TestMeeting(t *testing.T) {
	t.Parallel()
	tr := texttest.Load(t, "planning").Transcript()
	cues := check(t, WebVTT(tr))
	var words int
	for _, c := range cues {
		words += len(strings.Fields(c))
		lines := strings.Split(c, "\n")
		if len(lines) > maxLines {
			t.Errorf("cue of %d lines: %q", len(lines), c)
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > lineChars {
				t.Errorf("line of %d characters: %q", utf8.RuneCountInString(l), l)
			}
		}
	}
	if words != len(tr.Words) {
		t.Errorf("%d words in cues, %d in the transcript", words, len(tr.Words))
	}
	for _, c := range cues {
		if c == "" {
			t.Error("empty cue")
		}
	}
}

var timing = regexp.MustCompile(`^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$`)

// check reads a WebVTT file as strictly as its grammar asks, and returns the
// cues' text, unescaped.
func check(t *testing.T, vtt []byte) []string {
	t.Helper()
	if !utf8.Valid(vtt) {
		t.Error("not UTF-8")
	}
	blocks := strings.Split(strings.TrimSuffix(string(vtt), "\n"), "\n\n")
	if blocks[0] != "WEBVTT" {
		t.Errorf("header %q", blocks[0])
	}
	var out []string
	last := 0
	for _, b := range blocks[1:] {
		head, text, _ := strings.Cut(b, "\n")
		m := timing.FindStringSubmatch(head)
		if m == nil {
			t.Errorf("timing line %q", head)
			continue
		}
		var n [8]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
		}
		start := ((n[0]*60+n[1])*60+n[2])*1000 + n[3]
		end := ((n[4]*60+n[5])*60+n[6])*1000 + n[7]
		if start < last || end <= start {
			t.Errorf("cue %q after one at %d", head, last)
		}
		last = start
		voice, body, ok := strings.Cut(strings.TrimPrefix(text, "<v "), ">")
		if !strings.HasPrefix(text, "<v ") || !ok || voice == "" || strings.ContainsAny(voice, "<\n\r") || strings.ContainsAny(body, "<>\r") {
			t.Errorf("cue text %q", text)
		}
		for _, line := range strings.Split(body, "\n") {
			if strings.TrimSpace(line) == "" {
				t.Errorf("empty line in cue %q", text)
			}
		}
		for _, part := range strings.Split(voice+body, "&")[1:] {
			if !strings.HasPrefix(part, "amp;") && !strings.HasPrefix(part, "lt;") && !strings.HasPrefix(part, "gt;") {
				t.Errorf("bare ampersand in %q", text)
			}
		}
		out = append(out, strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(body))
	}
	return out
}

// FuzzEscaping: no name, word or time makes a file that is not WebVTT, nor a
// line of text that looks like two.
func FuzzEscaping(f *testing.F) {
	f.Add("Ana", "hello --> <b>world</b> &amp;", 1.0, 2.0)
	f.Add("a\n\n00:00:01.000 --> 00:00:02.000\nx", "\r\n\u2028WEBVTT\u0085", -1.0, 1e300)
	f.Add("\x00\xff", "\x07 \u00a0 \xc3", 0.0009, 0.0005)
	f.Fuzz(func(t *testing.T, name, text string, start, second float64) {
		tr := artifact.Transcript{Participants: []artifact.Speaker{{ID: "a", Name: name}}}
		for i, w := range strings.Split(text, " ") {
			at := start
			if i%2 == 1 {
				at = second
			}
			tr.Words = append(tr.Words, artifact.TranscriptWord{Text: w, Start: at, End: at + 0.1, Speaker: []string{"a", "b"}[i%2]})
		}
		tr.Segments = segment.Split(tr.Words)
		check(t, WebVTT(tr))
		for _, line := range strings.Split(strings.TrimSuffix(string(Text(tr)), "\n"), "\n") {
			if !regexp.MustCompile(`^\[(\d+:)?\d\d:\d\d\] .*: `).MatchString(line) || strings.ContainsAny(line, "\r\u2028\u0085") {
				t.Errorf("line %q", line)
			}
		}
	})
}

func ExampleClock() {
	fmt.Println(Clock(65.9), Clock(3600))
	// Output: 01:05 1:00:00
}
