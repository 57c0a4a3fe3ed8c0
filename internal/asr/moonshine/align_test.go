package moonshine

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVocabulary(t *testing.T) {
	t.Parallel()
	v, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	got := []string{v[startToken], v[endToken], v[3], v[0x41+3], v[259], v[pieces-1]}
	if d := cmp.Diff([]string{"", "", "\x00", "A", "  ", "给"}, got); d != "" {
		t.Error(d)
	}
}

func ids(ids ...int) (out []token) {
	for _, id := range ids {
		out = append(out, token{id: id})
	}
	return out
}

func TestLoop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		toks []token
		keep int
		is   bool
	}{
		{nil, 0, false},
		{ids(5, 6, 7, 8, 9), 0, false},
		{ids(4, 5, 5, 5, 5, 5, 5, 5), 0, false}, // "no no no no no no no" may be meant
		{ids(4, 5, 5, 5, 5, 5, 5, 5, 5), 2, true},
		{ids(1, 7, 8, 7, 8, 7, 8, 7, 8, 7, 8), 3, true},
		{ids(1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7), 0, false}, // said twice
		{ids(9, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7), 8, true},
	} {
		if keep, is := loop(c.toks); keep != c.keep || is != c.is {
			t.Errorf("loop(%v) = %d, %v", c.toks, keep, is)
		}
	}
}

func TestWarp(t *testing.T) {
	t.Parallel()
	// Three tokens over seven frames; -1 marks where each belongs.
	cost := []float64{
		0, -1, 0, 0, 0, 0, 0,
		0, 0, 0, -1, -1, 0, 0,
		0, 0, 0, 0, 0, -1, -1,
	}
	got := warp(cost, 3, 7)
	if got[0] != 0 || got[1] < 2 || got[1] > 3 || got[2] != 5 {
		t.Errorf("first frames %v", got)
	}
	// More tokens than frames.
	if d := cmp.Diff([]int{0, 0, 0}, warp(make([]float64, 3), 3, 1)); d != "" {
		t.Error(d)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	x := []float64{9, 1, 2, 3, 4, 5, 6, 7, 0}
	if got := []float64{median7(x, 4), median7(x, 0), median7([]float64{5}, 0), median7([]float64{5, 6}, 1)}; got[0] != 4 || got[1] != 2 || got[2] != 5 || got[3] != 5 {
		t.Errorf("medians %v", got)
	}
}

// active makes 10 ms frames: true in each of the given ranges of frames.
func active(n int, on ...[2]int) []bool {
	a := make([]bool, n)
	for _, o := range on {
		for i := o[0]; i < o[1]; i++ {
			a[i] = true
		}
	}
	return a
}

func TestFit(t *testing.T) {
	t.Parallel()
	type ws = []spoken
	for name, c := range map[string]struct {
		words  ws
		active []bool
		want   ws
	}{
		"first word snaps to the onset": {
			ws{{start: 0.04, end: 0.5}, {start: 0.5, end: 1.2}},
			active(120, [2]int{20, 100}),
			ws{{start: 0.2, end: 0.5}, {start: 0.5, end: 1.06}},
		},
		"late first word": {
			ws{{start: 0.28, end: 0.5}},
			active(60, [2]int{20, 50}),
			ws{{start: 0.2, end: 0.5}},
		},
		"word does not stretch over a pause": {
			ws{{start: 0.2, end: 1.5}, {start: 1.5, end: 2}},
			active(200, [2]int{20, 60}, [2]int{150, 200}),
			ws{{start: 0.2, end: 0.66}, {start: 1.5, end: 2}},
		},
		"word begins after the pause": {
			ws{{start: 0.2, end: 0.9}, {start: 0.9, end: 2}},
			active(200, [2]int{20, 60}, [2]int{150, 200}),
			ws{{start: 0.2, end: 0.66}, {start: 1.5, end: 2}},
		},
		"word begins just before the pause": {
			ws{{start: 0.2, end: 0.55}, {start: 0.55, end: 2}},
			active(200, [2]int{20, 60}, [2]int{150, 200}),
			ws{{start: 0.2, end: 0.66}, {start: 1.5, end: 2}},
		},
		"short gap is no pause": {
			ws{{start: 0.2, end: 1}},
			active(100, [2]int{20, 50}, [2]int{60, 90}),
			ws{{start: 0.2, end: 0.96}},
		},
		"no speech at all": {
			ws{{start: 0.2, end: 3}, {start: 3, end: 3}},
			active(400),
			ws{{start: 0.2, end: 0.5}, {start: 3, end: 3.04}},
		},
	} {
		fit(c.words, c.active)
		for i, w := range c.want {
			if g := c.words[i]; math.Abs(g.start-w.start) > 1e-9 || math.Abs(g.end-w.end) > 1e-9 {
				t.Errorf("%s: word %d from %g to %g s, want %g to %g", name, i, g.start, g.end, w.start, w.end)
			}
		}
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, amplitude := range []float64{0.005, 0.1, 0.9} {
		c := generated(2, func(t float64) float64 { return amplitude * math.Sin(2*math.Pi*200*t) })
		before := c[100]
		got := normalise(c)
		var sum float64
		for _, v := range got {
			sum += float64(v) * float64(v)
		}
		if rms := math.Sqrt(sum / float64(len(got))); math.Abs(rms-0.2) > 0.005 || c[100] != before {
			t.Errorf("RMS %g of amplitude %g", rms, amplitude)
		}
	}
	if got := normalise(make([]float32, 500)); got[499] != 0 {
		t.Errorf("silence became %g", got[499])
	}
	if l := level(generated(1, func(float64) float64 { return 0.1 }), 0.5, 2); math.Abs(l+20) > 1e-3 {
		t.Errorf("level %g", l)
	}
}
