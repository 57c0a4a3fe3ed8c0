package segment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// words makes words of one speaker, 0.3 s each; "|" is a pause of 1.5 s, "/"
// one of 0.7 s.
func words(speaker string, start float64, text string) []artifact.TranscriptWord {
	var out []artifact.TranscriptWord
	for _, w := range strings.Fields(text) {
		switch w {
		case "|":
			start += 1.5
		case "/":
			start += 0.7
		default:
			out = append(out, artifact.TranscriptWord{Text: w, Start: start, End: start + 0.28, Speaker: speaker})
			start += 0.3
		}
	}
	return out
}

func merged(lists ...[]artifact.TranscriptWord) []artifact.TranscriptWord {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b artifact.TranscriptWord) int {
		switch {
		case a.Start < b.Start:
			return -1
		case a.Start > b.Start:
			return 1
		}
		return 0
	})
	return all
}

func TestSplit(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		words []artifact.TranscriptWord
		want  []string
	}{
		{"nothing", nil, nil},
		{"sentences", words("a", 0, "We ship it. Really? Yes! And then…  What now"), []string{"a: We ship it.", "a: Really?", "a: Yes!", "a: And then…", "a: What now"}},
		{"titles", words("a", 0, "Mr. Hale met Dr. Bell at St. Ives. Good."), []string{"a: Mr. Hale met Dr. Bell at St. Ives.", "a: Good."}},
		{"abbreviations", words("a", 0, "Bring fruit, e.g. apples, i.e. food. Fine."), []string{"a: Bring fruit, e.g. apples, i.e. food.", "a: Fine."}},
		{"etc in the middle", words("a", 0, "Pens, paper etc. are here."), []string{"a: Pens, paper etc. are here."}},
		{"etc at the end", words("a", 0, "Pens, paper etc. We have it."), []string{"a: Pens, paper etc.", "a: We have it."}},
		{"five pm", words("a", 0, "At 5 p.m. we go. At 6 p.m. They stay."), []string{"a: At 5 p.m. we go.", "a: At 6 p.m.", "a: They stay."}},
		{"decimals", words("a", 0, "It is 3.5 percent. And 3. 5 of that."), []string{"a: It is 3.5 percent.", "a: And 3. 5 of that."}},
		{"initials", words("a", 0, "Ask J. Smith about it."), []string{"a: Ask J. Smith about it."}},
		{"no", words("a", 0, "No. That is No. 5 then."), []string{"a: No.", "a: That is No. 5 then."}},
		{"quotes", words("a", 0, `He said "stop." (Really.) Then left.`), []string{`a: He said "stop."`, "a: (Really.)", "a: Then left."}},
		{"trailing off", words("a", 0, "I mean... maybe not."), []string{"a: I mean... maybe not."}},
		{"pause", words("a", 0, "no marks here | at all"), []string{"a: no marks here", "a: at all"}},
		{
			"a mhm does not tear a sentence", merged(words("a", 0, "we should ship this next week"), words("b", 0.95, "mhm")),
			[]string{"a: we should ship this next week", "b: mhm"},
		},
		{
			"a word in a pause does", merged(words("a", 0, "we should / ship this"), words("b", 0.7, "sure")),
			[]string{"a: we should", "b: sure", "a: ship this"},
		},
		{
			"talking over", merged(words("a", 0, "one two three four"), words("b", 0.1, "five six seven eight")),
			[]string{"a: one two three four", "b: five six seven eight"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range Split(c.words) {
				got = append(got, s.Speaker+": "+s.Text)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("segments (-want +got):\n%s", d)
			}
		})
	}
}

func TestLongSentence(t *testing.T) {
	t.Parallel()
	long := words("a", 0, strings.Repeat("and so we went on to the next house, where nobody was at home either ", 8)+"at last.")
	segs := Split(long)
	if len(segs) < 2 {
		t.Fatalf("%d segments of a sentence of %d words", len(segs), len(long))
	}
	for i, s := range segs {
		if n := utf8.RuneCountInString(s.Text); n > maxChars || n < 20 {
			t.Errorf("segment %d has %d characters: %q", i, n, s.Text)
		}
		if i < len(segs)-1 && !strings.HasSuffix(s.Text, ",") && !strings.HasPrefix(segs[i+1].Text, "and") {
			t.Errorf("segment %d is not cut at a comma or conjunction: %q", i, s.Text)
		}
	}
	one := Split(words("a", 0, strings.Repeat("x", 1000)+" "+strings.Repeat("y", 1000)))
	if len(one) != 2 {
		t.Errorf("two endless words make %d segments, want 2", len(one))
	}
}

// TestSplitKeepsWords: whatever people say and how they talk over each other,
// every word is in exactly one segment, each speaker's in their order, and
// segments are in order of time.
func TestSplitKeepsWords(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var all []artifact.TranscriptWord
		at := 0.0
		for i := range 120 {
			at += rng.Float64() * []float64{0.2, 0.5, 2}[rng.IntN(3)]
			all = append(all, artifact.TranscriptWord{
				Text: fmt.Sprintf("w%d%s", i, []string{"", "", "", ",", ".", "?", " Mr."}[rng.IntN(7)]), Speaker: []string{"a", "b", "c"}[rng.IntN(3)],
				Start: at, End: at + rng.Float64()*1.5,
			})
		}
		want, got := map[string]string{}, map[string]string{}
		for _, w := range all {
			want[w.Speaker] += " " + w.Text
		}
		last := 0.0
		for _, s := range Split(all) {
			got[s.Speaker] += " " + s.Text
			if s.Start < last || s.End < s.Start {
				t.Fatalf("seed %d: segment at %v to %v after one at %v", seed, s.Start, s.End, last)
			}
			last = s.Start
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d: words by speaker (-want +got):\n%s", seed, d)
		}
	}
}

func TestTurnsAndSentences(t *testing.T) {
	t.Parallel()
	tr := artifact.Transcript{Words: merged(
		words("a", 0, "Hello there. We begin with the | budget for May. Then hiring."),
		words("b", 20, "Okay."), words("a", 21, "So."), words("a", 40, "Still here."),
	)}
	tr.Segments = Split(tr.Words)
	var turns []string
	for _, x := range Turns(tr) {
		turns = append(turns, fmt.Sprintf("%s %d-%d %s", x.Speaker, x.First, x.Last, x.Text))
	}
	if d := cmp.Diff([]string{
		"a 0-3 Hello there. We begin with the budget for May. Then hiring.", "b 4-4 Okay.", "a 5-5 So.", "a 6-6 Still here.",
	}, turns); d != "" {
		t.Errorf("turns (-want +got):\n%s", d)
	}
	var sentences []string
	for _, x := range Sentences(tr) {
		sentences = append(sentences, x.Text)
	}
	if d := cmp.Diff([]string{"Hello there.", "We begin with the budget for May.", "Then hiring.", "Okay.", "So.", "Still here."}, sentences); d != "" {
		t.Errorf("sentences (-want +got):\n%s", d)
	}
	if got := Turns(artifact.Transcript{}); len(got) != 0 {
		t.Errorf("turns of nothing: %v", got)
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "so we go,": "So we go.", "Why?": "Why?", "élan": "Élan.", `he said "no."`: `He said "no."`} {
		if got := Tidy(in); got != want {
			t.Errorf("Tidy(%q) = %q, want %q", in, got, want)
		}
	}
}
