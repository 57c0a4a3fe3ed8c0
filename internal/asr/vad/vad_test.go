package vad

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/asr"
)

// signal is a stream computed sample by sample, handed out in chunks.
type signal struct {
	seconds float64
	chunk   int
	at      func(t float64) float64
	n       int
	end     error
}

func (s *signal) Read(b []float32) (int, error) {
	total := int(s.seconds * asr.SampleRate)
	n := min(len(b), total-s.n)
	if s.chunk > 0 {
		n = min(n, s.chunk)
	}
	for i := range n {
		b[i] = float32(s.at(float64(s.n+i) / asr.SampleRate))
	}
	s.n += n
	if s.n == total {
		if s.end != nil {
			return n, s.end
		}
		return n, io.EOF
	}
	return n, nil
}

// noise gives evenly spread numbers with an RMS of 1.
func noise(seed uint64) func() float64 {
	r := rand.NewPCG(seed, 1)
	return func() float64 { return float64(int64(r.Uint64())) / (1 << 63) * math.Sqrt(3) }
}

func db(v float64) float64 { return math.Pow(10, v/20) }

type times struct{ Start, End float64 }

func collect(t testing.TB, s *Segmenter) (out []times, segs []Segment) {
	t.Helper()
	for {
		seg, err := s.Next()
		if errors.Is(err, io.EOF) {
			if _, again := s.Next(); !errors.Is(again, io.EOF) {
				t.Errorf("after the end: %v", again)
			}
			return out, segs
		} else if err != nil {
			t.Fatal(err)
		}
		if len(seg.Active)*FrameSamples != len(seg.PCM) {
			t.Fatalf("%d frames and %d samples", len(seg.Active), len(seg.PCM))
		}
		if seg.Seconds() > maxLength/100 {
			t.Errorf("segment of %g s", seg.Seconds())
		}
		start := float64(seg.Start) / asr.SampleRate
		if n := len(out); n > 0 && start < out[n-1].End-1e-9 {
			t.Errorf("segment at %g s begins before the end of the last, %g s", start, out[n-1].End)
		}
		out = append(out, times{start, start + seg.Seconds()})
		segs = append(segs, seg)
	}
}

// speech is noise at -20 dBFS that swells four times a second, in the given
// stretches, over a floor of noise.
func speech(floor float64, on ...times) func(t float64) float64 {
	g := noise(7)
	return func(t float64) float64 {
		v := g() * db(floor)
		for _, o := range on {
			if t >= o.Start && t < o.End {
				v += g() * db(-20) * (0.6 + 0.4*math.Cos(2*math.Pi*4*(t-o.Start)))
			}
		}
		return v
	}
}

func near(t *testing.T, got, want []times) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(got); i++ {
		ok = math.Abs(got[i].Start-want[i].Start) < 0.03 && math.Abs(got[i].End-want[i].End) < 0.08
	}
	if !ok {
		t.Errorf("segments %v, want about %v", got, want)
	}
}

func TestSegmentsOverNoise(t *testing.T) {
	t.Parallel()
	// The second and third share a segment, the click is none.
	at := speech(-60, times{3, 5}, times{20, 22}, times{22.8, 24}, times{40, 40.03}, times{58, 60})
	got, segs := collect(t, New(&signal{seconds: 60, at: at}))
	const before, after = padBefore / 100.0, padAfter / 100.0
	near(t, got, []times{{3 - before, 5 + after}, {20 - before, 24 + after}, {58 - before, 60}})
	// Within a segment the pause is seen.
	active := 0
	for _, a := range segs[1].Active {
		if a {
			active++
		}
	}
	if active < 300 || active > 340 {
		t.Errorf("%d frames of 320 are active", active)
	}
}

func TestGatedTrack(t *testing.T) {
	t.Parallel()
	at := speech(-200, times{1, 4}, times{30, 33.5})
	got, _ := collect(t, New(&signal{seconds: 40, at: at}))
	const before, after = padBefore / 100.0, padAfter / 100.0
	near(t, got, []times{{1 - before, 4 + after}, {30 - before, 33.5 + after}})
}

func TestFollowsTheMicrophone(t *testing.T) {
	t.Parallel()
	// From second 150 on, all is 25 dB louder, the noise too.
	at := speech(-65, times{10, 12}, times{100, 102}, times{160, 162}, times{290, 292})
	got, _ := collect(t, New(&signal{seconds: 300, at: func(s float64) float64 {
		if s < 150 {
			return at(s) * db(-25)
		}
		return at(s)
	}}))
	for _, want := range []float64{10, 100, 160, 290} {
		found := false
		for _, g := range got {
			found = found || g.Start <= want && g.End >= want+2
		}
		if !found {
			t.Errorf("no segment at %g s: %v", want, got)
		}
	}
	if len(got) > 6 { // for a while the change itself is taken for speech
		t.Errorf("%d segments: %v", len(got), got)
	}
}

func TestLongSpeechIsCutWhereItIsQuiet(t *testing.T) {
	t.Parallel()
	// 40 s without a pause; a dip of 100 ms every 7 s.
	g := noise(3)
	got, _ := collect(t, New(&signal{seconds: 60, at: func(s float64) float64 {
		v := g() * db(-70)
		if s >= 10 && s < 50 {
			level := -20.0
			if d := math.Mod(s-10, 7); d >= 6.9 {
				level = -45
			}
			v += g() * db(level)
		}
		return v
	}}))
	if len(got) < 4 || len(got) > 6 {
		t.Fatalf("segments %v", got)
	}
	for _, c := range got[:len(got)-1] {
		if d := math.Mod(c.End-10, 7); d < 6.85 || d > 7.05 {
			t.Errorf("cut at %g s", c.End)
		}
	}
}

func TestNoSpeech(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func() func(float64) float64{
		"silence": func() func(float64) float64 { return func(float64) float64 { return 0 } },
		"noise":   func() func(float64) float64 { return speech(-20) },
		"faint":   func() func(float64) float64 { return speech(-80) },
		"hum": func() func(float64) float64 {
			return func(t float64) float64 { return 0.2 * math.Sin(2*math.Pi*50*t) }
		},
		// A codec's comfort noise wanders by a few decibels.
		"comfort": func() func(float64) float64 {
			g := noise(1)
			return func(t float64) float64 { return g() * db(-68+2*math.Sin(t)) }
		},
		"no number": func() func(float64) float64 { return func(float64) float64 { return math.NaN() } },
	} {
		got, _ := collect(t, New(&signal{seconds: 70, at: at()}))
		if len(got) != 0 {
			t.Errorf("%s: segments %v", name, got)
		}
	}
}

func TestChunksDoNotMatter(t *testing.T) {
	t.Parallel()
	var first []Segment
	for i, chunk := range []int{0, 1601, 333} {
		s := New(&signal{seconds: 45.3217, chunk: chunk, at: speech(-55, times{2, 9}, times{12, 40})})
		_, segs := collect(t, s)
		if s.Samples() != 725147 || len(s.Levels()) != 907 {
			t.Errorf("%d samples, %d levels", s.Samples(), len(s.Levels()))
		}
		if i == 0 {
			first = segs
		} else if d := cmp.Diff(first, segs); d != "" {
			t.Errorf("chunks of %d: other segments", chunk)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	s := New(&signal{seconds: 0.22, at: func(t float64) float64 {
		switch {
		case t < 0.05:
			return 0
		case t < 0.1:
			return 1
		case t < 0.15:
			return 0.1
		}
		return 1e-5
	}})
	collect(t, s)
	if d := cmp.Diff([]int8{-127, 0, -20, -100, -100}, s.Levels()); d != "" {
		t.Error(d)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	g := noise(5)
	s := New(&signal{seconds: 700, at: func(t float64) float64 {
		if math.Mod(t, 300) < 150 { // minutes of speech without a pause
			return g() * db(-20)
		}
		return g() * db(-70)
	}})
	for {
		if _, err := s.Next(); errors.Is(err, io.EOF) {
			break
		}
		if n := cap(s.pcm) / asr.SampleRate; n > 90 {
			t.Fatalf("keeps %d s", n)
		}
	}
}

func TestStreamErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	s := New(&signal{seconds: 5, end: broken, at: speech(-60)})
	for range 2 {
		if _, err := s.Next(); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := New(stuck{}).Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]float32) (int, error) { return 0, nil }

// FuzzSegmenter drives the segmenter with any course of levels, each byte 50 ms
// long.
func FuzzSegmenter(f *testing.F) {
	f.Add([]byte("\x00\x00\xf0\xf0\xf0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\xf0"), uint8(0))
	f.Add(make([]byte, 300), uint8(200))
	long := make([]byte, 1200)
	for i := range long {
		long[i] = byte(i * i)
	}
	f.Add(long, uint8(77))
	f.Fuzz(func(t *testing.T, course []byte, tail uint8) {
		course = course[:min(len(course), 1500)]
		g := noise(uint64(tail))
		seconds := 0.05*float64(len(course)) + float64(tail)/asr.SampleRate
		s := New(&signal{seconds: seconds, chunk: 1 + int(tail)*37, at: func(t float64) float64 {
			i := int(t / 0.05)
			if i >= len(course) {
				return 1
			}
			return math.Min(1, math.Max(-1, g())) * db(float64(course[i])/2-128)
		}})
		got, _ := collect(t, s)
		if n := len(got); n > 0 && got[n-1].End > seconds+0.011 {
			t.Errorf("segment until %g s of %g", got[n-1].End, seconds)
		}
		if want := int64(seconds * asr.SampleRate); s.Samples() != want {
			t.Errorf("%d samples of %d", s.Samples(), want)
		}
	})
}
