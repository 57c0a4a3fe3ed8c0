package phrase

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// maxWords is the longest phrase that is looked for.
const maxWords = 3

// A Phrase is a run of content words with how much it says about a text.
type Phrase struct {
	Text  string // as it was said most often, lower case but for proper names
	Stems []string
	Count int // how often it was said
	First int // index of the first text it was said in
	Score float64
}

// Key returns the phrases that tell texts from the background, best first;
// background may be empty, then the most frequent words count. skip holds
// lower-case words that are in no phrase, such as participants' names.
//
// A word weighs ln(1+n) times how much more frequent it is here than in the
// background (smoothed log ratio); a phrase weighs the mean of its words, more
// when it is longer and said more than once.
func Key(texts, background [][]Token, skip map[string]bool) []Phrase {
	here, total := frequencies(texts, skip)
	there, totalThere := frequencies(background, skip)
	vocabulary := float64(len(here) + len(there) + 1)
	weight := func(stem string) float64 {
		n := float64(here[stem])
		w := math.Log(1 + n)
		if totalThere == 0 {
			return w
		}
		ratio := math.Log((n+0.5)/(float64(total)+0.5*vocabulary)) - math.Log((float64(there[stem])+0.5)/(float64(totalThere)+0.5*vocabulary))
		return w * max(0.05, ratio)
	}

	type entry struct {
		phrase   Phrase
		surfaces map[string]int
	}
	found := map[string]*entry{}
	var order []*entry // by first mention
	for at, tokens := range texts {
		for _, run := range runs(tokens, skip) {
			for i := range run {
				for n := 1; n <= maxWords && i+n <= len(run); n++ {
					words := run[i : i+n]
					if weakWords[words[0].Stem] || weakWords[words[n-1].Stem] || repeats(words) {
						continue
					}
					key := joinStems(words)
					e := found[key]
					if e == nil {
						e = &entry{phrase: Phrase{First: at}, surfaces: map[string]int{}}
						for _, w := range words {
							e.phrase.Stems = append(e.phrase.Stems, w.Stem)
						}
						found[key] = e
						order = append(order, e)
					}
					e.phrase.Count++
					e.surfaces[surface(words)]++
				}
			}
		}
	}
	out := make([]Phrase, 0, len(order))
	for _, e := range order {
		p := e.phrase
		n := float64(len(p.Stems))
		if p.Count < 2 && n > 1 && len(texts) > 8 && !recur(p.Stems, here) {
			continue // words that met once are chance, unless each of them matters
		}
		for _, s := range p.Stems {
			p.Score += weight(s) / n
		}
		p.Score *= n * math.Log2(1+float64(p.Count))
		p.Text = mostSaid(e.surfaces)
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Phrase) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.First, b.First), strings.Compare(a.Text, b.Text))
	})
	return out
}

// recur reports whether every one of the words was said more than once.
func recur(stems []string, frequency map[string]int) bool {
	return !slices.ContainsFunc(stems, func(s string) bool { return frequency[s] < 2 })
}

// runs returns the stretches of content words without a break in them.
func runs(tokens []Token, skip map[string]bool) [][]Token {
	var out [][]Token
	from := 0
	for i, t := range tokens {
		content := t.Stem != "" && !skip[t.Lower]
		if !content {
			if i > from {
				out = append(out, tokens[from:i])
			}
			from = i + 1
		} else if t.Break {
			out = append(out, tokens[from:i+1])
			from = i + 1
		}
	}
	if from < len(tokens) {
		out = append(out, tokens[from:])
	}
	return out
}

func frequencies(texts [][]Token, skip map[string]bool) (map[string]int, int) {
	n, total := map[string]int{}, 0
	for _, tokens := range texts {
		for _, t := range tokens {
			if t.Stem != "" && !skip[t.Lower] {
				n[t.Stem]++
				total++
			}
		}
	}
	return n, total
}

func repeats(words []Token) bool {
	for i := range words {
		for j := range i {
			if words[i].Stem == words[j].Stem {
				return true
			}
		}
	}
	return false
}

func joinStems(words []Token) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Stem)
	}
	return b.String()
}

// surface returns words as they read inside a sentence. Capitals of the first
// letter alone may come from a sentence's start and are kept for [mostSaid] to
// weigh.
func surface(words []Token) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		t := strings.ReplaceAll(w.Text, "’", "'")
		b.WriteString(strings.TrimSuffix(t, "'s"))
	}
	return b.String()
}

// mostSaid returns the most frequent surface; of equals the one in lower case,
// then the shorter, then the first in the alphabet.
func mostSaid(surfaces map[string]int) string {
	best := ""
	for s, n := range surfaces {
		if best == "" || cmp.Or(cmp.Compare(n, surfaces[best]), cmp.Compare(capitals(best), capitals(s)),
			cmp.Compare(len(best), len(s)), strings.Compare(best, s)) > 0 {
			best = s
		}
	}
	return best
}

func capitals(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsUpper(r) {
			n++
		}
	}
	return n
}
