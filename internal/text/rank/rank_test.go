package rank

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

func sentences(texts ...string) []segment.Sentence {
	var out []segment.Sentence
	for i, s := range texts {
		out = append(out, segment.Sentence{Moment: artifact.Moment{Text: s, Start: float64(i), End: float64(i) + 1}, First: i, Last: i})
	}
	return out
}

func TestBest(t *testing.T) {
	t.Parallel()
	s := sentences(
		"Okay, hello.",
		"We decided to move the search index to the new cluster before the summer release.",
		"The search index moves to the new cluster before the summer release.",
		"My neighbour painted his garden fence in a rather strange colour yesterday evening.",
		"The cluster keeps the search index and the summer release needs both of them.",
		"Yes.",
	)
	r := New(s)
	got := r.Best(0, len(s), 2)
	if len(got) != 2 || got[0] != 1 {
		t.Errorf("best two are %v, want the decision and another", got)
	}
	for _, i := range got {
		if i == 2 {
			t.Error("chose a sentence that repeats one already chosen")
		}
	}
	if r.Score(0) != 0 || r.Score(3) >= r.Score(1) {
		t.Errorf("scores %v, %v, %v", r.Score(0), r.Score(1), r.Score(3))
	}
	if got := r.Best(3, 4, 5); len(got) != 1 || got[0] != 3 {
		t.Errorf("best of a range of one: %v", got)
	}
	if d := cmp.Diff(r.Best(0, len(s), 3), New(s).Best(0, len(s), 3)); d != "" {
		t.Errorf("a second time gives something else: %s", d)
	}
}

func TestLittle(t *testing.T) {
	t.Parallel()
	for _, s := range [][]segment.Sentence{nil, sentences("Yes."), sentences("", "..."), sentences("Invoices are late.", "Ship them.")} {
		r := New(s)
		for _, i := range r.Best(0, len(s), 3) {
			if math.IsNaN(r.Score(i)) || math.IsInf(r.Score(i), 0) {
				t.Errorf("score %v of %q", r.Score(i), s[i].Text)
			}
		}
	}
	if got := New(sentences("Invoices are late.", "Yes.")).Best(0, 2, 3); len(got) != 1 {
		t.Errorf("a short meeting's only sentence was not chosen: %v", got)
	}
}
