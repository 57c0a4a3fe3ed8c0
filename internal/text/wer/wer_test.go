package wer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                              "",
		"  Hello, World! ":              "hello world",
		"It’s John's; isn't it?":        "it's john's isn't it",
		"'quoted' rock 'n' roll":        "quoted rock n roll",
		"twenty-three well-known":       "twenty three well known",
		"in 1813 and 1905, 1900, 2000":  "in eighteen thirteen and nineteen oh five nineteen hundred two thousand",
		"2024 2005 1,813 1099":          "twenty twenty four two thousand five one thousand eight hundred thirteen one thousand ninety nine",
		"2 dogs, 12 cats, 21 mice":      "two dogs twelve cats twenty one mice",
		"100 115 1000 1,000,000 0":      "one hundred one hundred fifteen one thousand one million zero",
		"007":                           "zero zero seven",
		"the 1st, 2nd, 3rd, 12th, 20th": "the first second third twelfth twentieth",
		"the 21st and the 100th":        "the twenty first and the one hundredth",
		"£5 $1 €20 $2.50":               "five pounds one dollar twenty euros two dollars fifty",
		"£5m $3.2 million €7k":          "five million pounds three point two million dollars seven thousand euros",
		"40% 3.5% 50 per cent":          "forty percent three point five percent fifty percent",
		"3.14 v1.2.3":                   "three point one four v one point two point three",
		"at 10:30, 10:05 and 10:00":     "at ten thirty ten oh five and ten o'clock",
		"the 1990s and the 80s":         "the nineteen nineties and the eighties",
		"one hundred and five":          "one hundred five",
		"you and I and two":             "you and i and two",
		"Mr. Hale & Dr. Bell, OK?":      "mister hale and doctor bell okay",
		"3rd-party A4 b2b":              "third party a four b two b",
		"99999999999999999999":          strings.TrimSpace(strings.Repeat("nine ", 20)),
		"naïve Zürich e\u0301lan":       "naïve zürich e\u0301lan",
		"5. Next 1,":                    "five next one",
	} {
		if got := strings.Join(Normalise(in), " "); got != want {
			t.Errorf("Normalise(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		ref, hyp string
		want     Count
	}{
		{"", "", Count{}},
		{"the cat sat", "The cat sat.", Count{Words: 3}},
		{"the cat sat", "the bat sat", Count{Words: 3, Substitutions: 1}},
		{"the cat sat", "cat sat", Count{Words: 3, Deletions: 1}},
		{"the cat sat", "the cat sat down", Count{Words: 3, Insertions: 1}},
		{"the cat sat", "", Count{Words: 3, Deletions: 3}},
		{"", "noise", Count{Insertions: 1}},
		{"in 1813", "in eighteen thirteen", Count{Words: 3}},
		{"a b c d e f", "b c x e f g", Count{Words: 6, Substitutions: 1, Deletions: 1, Insertions: 1}},
	}
	for _, c := range cases {
		got := Measure(Normalise(c.ref), Normalise(c.hyp))
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q against %q (-want +got):\n%s", c.hyp, c.ref, d)
		}
		if rate := Rate(c.ref, c.hyp); rate != got.Rate() {
			t.Errorf("Rate(%q, %q) = %v, want %v", c.ref, c.hyp, rate, got.Rate())
		}
	}
}

func TestSpeakers(t *testing.T) {
	t.Parallel()
	by, total := Speakers(map[string]string{"a": "one two three", "b": "four"}, map[string]string{"a": "one too three", "c": "five"})
	want := map[string]Count{"a": {Words: 3, Substitutions: 1}, "b": {Words: 1, Deletions: 1}, "c": {Insertions: 1}}
	if d := cmp.Diff(want, by); d != "" {
		t.Errorf("by speaker (-want +got):\n%s", d)
	}
	if got, want := total, (Count{4, 1, 1, 1}); got != want {
		t.Errorf("total %+v, want %+v", got, want)
	}
	if got := total.Rate(); got != 0.75 {
		t.Errorf("rate %v, want 0.75", got)
	}
}

// TestAlign: random edits are found at no more than their number, and the
// alignment holds every word once, in order, with equal words where it says so.
func TestAlign(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		var ref, hyp []string
		edits := 0
		for range rng.IntN(40) {
			w := string(rune('a' + rng.IntN(6)))
			ref = append(ref, w)
			switch rng.IntN(8) {
			case 0:
				edits++
			case 1:
				hyp = append(hyp, "z")
				edits++
			case 2:
				hyp = append(hyp, w, "y")
				edits++
			default:
				hyp = append(hyp, w)
			}
		}
		i, j, errors := 0, 0, 0
		for _, op := range Align(ref, hyp) {
			if op.Ref >= 0 {
				if op.Ref != i {
					t.Fatalf("seed %d: reference word %d where %d is next", seed, op.Ref, i)
				}
				i++
			}
			if op.Hyp >= 0 {
				if op.Hyp != j {
					t.Fatalf("seed %d: word %d where %d is next", seed, op.Hyp, j)
				}
				j++
			}
			if op.Ref >= 0 && op.Hyp >= 0 && (ref[op.Ref] == hyp[op.Hyp]) != (op.Kind == Equal) {
				t.Fatalf("seed %d: %+v pairs %q and %q", seed, op, ref[op.Ref], hyp[op.Hyp])
			}
			if op.Kind != Equal {
				errors++
			}
		}
		if i != len(ref) || j != len(hyp) || errors > edits {
			t.Fatalf("seed %d: %d of %d, %d of %d words, %d errors for %d edits", seed, i, len(ref), j, len(hyp), errors, edits)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add("The 3rd of May 1813, £5.50 and 40% at 10:30 — Mr. O'Neil's")
	f.Add("\xff\x00 1,,,2 $ . % :: '")
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Normalise(s) {
			if w == "" || strings.ContainsAny(w, " \n.,;:!?") {
				t.Errorf("Normalise(%q) has word %q", s, w)
			}
		}
		if got := Rate(s, s); got != 0 {
			t.Errorf("rate of %q against itself: %v", s, got)
		}
	})
}
