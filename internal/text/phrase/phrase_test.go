package phrase

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokenise(t *testing.T) {
	t.Parallel()
	got := Tokenise("Ken’s budgets, they're “growing”; 42 and/or e-mails — isn't it?")
	want := []Token{
		{Text: "Ken’s", Lower: "ken", Stem: "ken"},
		{Text: "budgets", Lower: "budgets", Stem: "budget", Break: true},
		{Text: "they're", Lower: "they're"},
		{Text: "growing", Lower: "growing", Stem: "grow", Break: true},
		{Text: "42", Lower: "42"},
		{Text: "and", Lower: "and"},
		{Text: "or", Lower: "or"},
		{Text: "e-mails", Lower: "e-mails", Stem: "e-mail"},
		{Text: "isn't", Lower: "isn't"},
		{Text: "it", Lower: "it", Break: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tokens (-want +got):\n%s", d)
	}
	for _, s := range []string{"", " . , ", "— —", "\xff"} {
		if c := Content(s); len(c) != 0 {
			t.Errorf("Content(%q) = %q", s, c)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	tokens := func(lines ...string) (out [][]Token) {
		for _, l := range lines {
			out = append(out, Tokenise(l))
		}
		return out
	}
	here := tokens("The release date is in May.", "Ana moved the release date.", "Is the release date final, Ana?", "The meeting was on Monday.", "The team likes it.")
	there := tokens("The team hired a designer.", "The team grows.", "Our designer is new.")
	got := Key(here, there, map[string]bool{"ana": true})
	if len(got) == 0 || got[0].Text != "release date" || got[0].Count != 3 || got[0].First != 0 {
		t.Errorf("best phrase %+v, want release date, said 3 times", got)
	}
	for _, p := range got {
		switch p.Text {
		case "Ana", "ana", "meeting", "Monday":
			t.Errorf("%q is a phrase", p.Text)
		case "team":
			if p.Score >= got[0].Score/2 {
				t.Errorf("%q, said everywhere, scores %v of %v", p.Text, p.Score, got[0].Score)
			}
		}
	}
	if got := Key(nil, nil, nil); len(got) != 0 {
		t.Errorf("phrases of nothing: %v", got)
	}
}

func TestPickAndHeading(t *testing.T) {
	t.Parallel()
	p := func(text string, score float64) Phrase {
		return Phrase{Text: text, Stems: strings.Fields(text), Score: score}
	}
	cases := []struct {
		phrases  []Phrase
		n, words int
		want     string
	}{
		{nil, 3, 8, ""},
		{[]Phrase{p("budget", 5), p("hiring plan", 4)}, 2, 5, "Budget and Hiring Plan"},
		{[]Phrase{p("date", 5), p("release date", 4), p("budget", 3)}, 2, 5, "Release Date and Budget"},
		{[]Phrase{p("release date", 5), p("date", 4), p("release", 4)}, 3, 5, "Release Date"},
		{[]Phrase{p("a b c", 5), p("d e f", 4), p("g", 3)}, 3, 4, "A B C and G"},
		{[]Phrase{p("budget", 5), p("noise", 0.5)}, 2, 5, "Budget"},
		{[]Phrase{p("API", 5), p("terms of use", 4), p("iPhone", 3)}, 3, 7, "API, Terms of Use and iPhone"},
	}
	for _, c := range cases {
		if got := Heading(Pick(c.phrases, c.n, c.words, 0.35)); got != c.want {
			t.Errorf("heading %q, want %q", got, c.want)
		}
	}
}
