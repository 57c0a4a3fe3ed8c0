package mix

import (
	"encoding/base64"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func values(t testing.TB, s string) []uint8 {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// limit runs x through a limiter in blocks of the given number of hops,
// beginning at the hop from.
func limit(x []float32, from, blockHops int) []float32 {
	var l limiter
	buf := append(slices.Clone(x[from*hop:]), make([]float32, lookahead)...)
	for i := 0; i+lookahead < len(buf); {
		n := min(blockHops*hop, len(buf)-lookahead-i)
		l.process(buf[i:], n)
		i += n
	}
	return buf[:len(buf)-lookahead]
}

// noise has soft and very loud stretches and single clicks.
func noise(seed uint64, hops int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, hops*hop)
	gain := float32(1)
	for i := range x {
		if r.IntN(2000) == 0 {
			gain = float32(math.Pow(10, 2*r.Float64()-1.2))
		}
		x[i] = gain * float32(r.NormFloat64()) * 0.3
		if r.IntN(5000) == 0 {
			x[i] = 30
		}
	}
	return x
}

func TestLimiterKeepsCeiling(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		for _, blockHops := range []int{1, 7, 400} {
			for i, v := range limit(noise(seed, 1000), 0, blockHops) {
				if v > ceiling+1e-5 || v < -ceiling-1e-5 {
					t.Fatalf("seed %d: sample %d is %g", seed, i, v)
				}
			}
		}
	}
}

func TestLimiterLeavesSoftSoundAlone(t *testing.T) {
	t.Parallel()
	x := make([]float32, 100*hop)
	for i := range x {
		x[i] = ceiling * float32(math.Sin(float64(i)/10))
	}
	if !slices.Equal(limit(x, 0, 20), x) {
		t.Error("sound under the ceiling was changed")
	}
}

// A limiter that starts a release earlier is where one is that heard all, and
// blocks do not matter.
func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	x := noise(3, 3000)
	whole := limit(x, 0, 3000)
	if !slices.Equal(whole, limit(x, 0, 20)) {
		t.Error("blocks change the result")
	}
	const from, memory = 1500, int(1/release) + attack
	late := limit(x, from, 20)
	for i := memory * hop; i < len(late); i++ {
		if d := late[i] - whole[from*hop+i]; d > 1e-6 || d < -1e-6 {
			t.Fatalf("%d samples after its start the late limiter is off by %g", i, d)
		}
	}
	if memory*hop > preroll {
		t.Errorf("the limiter remembers %d samples, the preroll has %d", memory*hop, preroll)
	}
}

// The gain moves in small steps: nothing clicks.
func TestLimiterIsSmooth(t *testing.T) {
	t.Parallel()
	x := make([]float32, 800*hop)
	for i := range x {
		x[i] = 0.5
		if i > 300*hop && i < 320*hop {
			x[i] = 4
		}
	}
	y := limit(x, 0, 20)
	last := float32(1)
	for i := range x {
		gain := y[i] / x[i]
		if d := gain - last; d > 0.005 || d < -0.005 {
			t.Fatalf("gain jumps from %g to %g at sample %d", last, gain, i)
		}
		last = gain
	}
	if last != 1 {
		t.Errorf("gain ends at %g, want 1", last)
	}
}

func TestPeakBits(t *testing.T) {
	t.Parallel()
	for n := range 11 {
		x := make([]float32, n)
		for i := range x {
			x[i] = -0.5
			if got := peakOf(x); got != 0.5 {
				t.Errorf("%d samples, loudest at %d: %g", n, i, got)
			}
			x[i] = 0
		}
	}
	if level(0) != 0 || level(1) != 255 || level(3) != 255 || level(0.5) != 128 {
		t.Errorf("levels %d %d %d %d", level(0), level(1), level(3), level(0.5))
	}
}

func TestAddTo(t *testing.T) {
	t.Parallel()
	for n := range 11 {
		dst, src := make([]float32, 12), make([]float32, n)
		for i := range src {
			src[i] = float32(i + 1)
		}
		addTo(dst, src)
		addTo(dst, src)
		for i, v := range dst {
			want := float32(0)
			if i < n {
				want = 2 * src[i]
			}
			if v != want {
				t.Fatalf("length %d: sample %d is %g, want %g", n, i, v, want)
			}
		}
	}
}
