package moonshine

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/thesyncim/gopus"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/kernel"
)

func transcribe(t testing.TB, m *Model, c clip) asr.Result {
	t.Helper()
	r, err := m.Transcribe(t.Context(), c.stream())
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, r, c)
	return r
}

// checkResult tests what holds for every result.
func checkResult(t testing.TB, r asr.Result, c clip) {
	t.Helper()
	if math.Abs(r.Duration-c.seconds()) > 1e-9 || len(r.Levels) != (len(c)+799)/800 {
		t.Errorf("duration %g s, %d levels, of %g s", r.Duration, len(r.Levels), c.seconds())
	}
	words, speech, last := r.Words, 0.0, 0.0
	for _, s := range r.Segments {
		if s.Start < last-1e-6 || s.End <= s.Start || s.End > r.Duration+0.011 || s.Words > len(words) || s.End-s.Start > 12.001 {
			t.Fatalf("segment %+v after %g s", s, last)
		}
		last = s.End
		speech += s.End - s.Start
		for i, w := range words[:s.Words] {
			if w.Start < s.Start-1e-6 || w.End > s.End+0.1 || w.End <= w.Start || w.Text != strings.TrimSpace(w.Text) || w.Text == "" ||
				!(w.Probability > 0 && w.Probability <= 1) || w.Level > 3.1 {
				t.Errorf("word %+v in %+v", w, s)
			}
			if i > 0 && w.Start < words[i-1].Start {
				t.Errorf("word %+v after %+v", w, words[i-1])
			}
		}
		words = words[s.Words:]
	}
	if len(words) > 0 || math.Abs(speech-r.Speech) > 1e-6 {
		t.Errorf("%d words in no segment; %g s of speech, segments of %g s", len(words), r.Speech, speech)
	}
}

func TestKnownClip(t *testing.T) {
	t.Parallel()
	c, start := track(t, ken, 12)
	turn := turns(t, ken)[0]
	r := transcribe(t, realModel(t), c.part(0, turn.End-start))
	got := plain(text(r.Words))
	if n := wordErrors(plain(turn.Text), got); n > 2 {
		t.Errorf("%d errors in %q", n, got)
	}
	for _, w := range []string{"swarmed", "front", "thick", "together", "noise"} {
		if !slices.Contains(got, w) {
			t.Errorf("no word %q in %q", w, got)
		}
	}
	// The turn begins with half a second of breath.
	if first := r.Words[0]; math.Abs(first.Start+start-turn.Start-0.49) > 0.1 || first.Level < -40 || first.Level > -10 {
		t.Errorf("first word %+v", first)
	}
	if last := r.Words[len(r.Words)-1]; last.End+start > turn.End {
		t.Errorf("last word %+v ends after %g s", last, turn.End-start)
	}
}

// dense is half a minute of one voice without long pauses.
func dense(t testing.TB) (c clip, want []string) {
	t.Helper()
	all, start := track(t, winam, 110)
	for _, x := range turns(t, winam)[:3] {
		c = append(c, all.part(x.Start-start, x.End-start)...)
		want = append(want, plain(x.Text)...)
	}
	return c, want
}

func TestDenseSpeech(t *testing.T) {
	t.Parallel()
	c, want := dense(t)
	r := transcribe(t, realModel(t), c)
	if c.seconds() < 25 || len(r.Segments) < 3 {
		t.Errorf("%d segments of %g s", len(r.Segments), c.seconds())
	}
	if n := wordErrors(want, plain(text(r.Words))); n > len(want)*15/100 {
		t.Errorf("%d errors of %d words: %q", n, len(want), text(r.Words))
	}
}

func TestNoWordsFromNoise(t *testing.T) {
	t.Parallel()
	m := realModel(t)
	const seconds = 20
	for name, c := range map[string]clip{
		"empty":   {},
		"short":   make(clip, 100),
		"silence": make(clip, seconds*asr.SampleRate),
		"noise": func() clip {
			r := rand.New(rand.NewPCG(1, 1))
			return generated(seconds, func(float64) float64 { return 0.1 * r.NormFloat64() })
		}(),
		"hum": generated(seconds, func(t float64) float64 { return 0.1 * math.Sin(2*math.Pi*50*t) }),
		"beeps": generated(seconds, func(t float64) float64 {
			if math.Mod(t, 1) < 0.3 {
				return 0.2 * math.Sin(2*math.Pi*440*t)
			}
			return 1e-4 * math.Sin(2*math.Pi*1000*t)
		}),
		"fast tremolo": tremolo(seconds, 4),
		"slow tremolo": tremolo(seconds, 0.3),
		"bursts": func() clip {
			r := rand.New(rand.NewPCG(3, 1))
			return generated(seconds, func(t float64) float64 {
				if math.Mod(t, 2.3) < 0.5 {
					return 0.1 * r.NormFloat64()
				}
				return 0.001 * r.NormFloat64()
			})
		}(),
		"comfort noise": comfortNoise(t, seconds),
	} {
		if r := transcribe(t, m, c); len(r.Words) != 0 {
			t.Errorf("%s: %q", name, text(r.Words))
		}
	}
}

func tremolo(seconds, hertz float64) clip {
	r := rand.New(rand.NewPCG(2, 1))
	return generated(seconds, func(t float64) float64 {
		return 0.1 * r.NormFloat64() * (0.5 + 0.5*math.Sin(2*math.Pi*hertz*t))
	})
}

// comfortNoise is what an Opus decoder makes of a quiet room sent with
// discontinuous transmission, with the gaps concealed.
func comfortNoise(t testing.TB, seconds int) (out clip) {
	t.Helper()
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: asr.SampleRate, Channels: 1, Application: gopus.ApplicationVoIP})
	if err != nil {
		t.Fatal(err)
	}
	enc.SetDTX(true)
	cfg := gopus.DefaultDecoderConfig(asr.SampleRate, 1)
	dec, err := gopus.NewDecoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 1))
	in, packet, buf := make([]float32, 320), make([]byte, 4000), make([]float32, cfg.MaxPacketSamples)
	for range seconds * 50 {
		for i := range in {
			in[i] = 0.001 * float32(r.NormFloat64())
		}
		n, err := enc.Encode(in, packet)
		if err != nil {
			t.Fatal(err)
		}
		data := packet[:n]
		if n <= 2 {
			data = nil
		}
		if n, err = dec.Decode(data, buf); err != nil {
			t.Fatal(err)
		}
		out = append(out, buf[:n]...)
	}
	return out
}

func TestDeterministic(t *testing.T) {
	t.Parallel()
	c, _ := dense(t)
	m := realModel(t)
	want := transcribe(t, m, c)
	many := *m
	many.workers = 3
	results := make(chan asr.Result, 2)
	for range 2 { // at the same time
		go func() {
			r, err := many.Transcribe(context.Background(), c.stream())
			if err != nil {
				t.Error(err)
			}
			results <- r
		}()
	}
	for range 2 {
		if d := cmp.Diff(want, <-results); d != "" {
			t.Errorf("another result with three workers: %s", d)
		}
	}
}

func TestKernelsAgree(t *testing.T) {
	t.Parallel()
	all, _ := track(t, ken, 6)
	c := all.part(0.5, 4)
	m := *realModel(t)
	var want asr.Result
	for i, k := range kernel.All() {
		m.kernels = k
		r := transcribe(t, &m, c)
		if i == 0 {
			want = r
		}
		if text(r.Words) != text(want.Words) {
			t.Errorf("%s: %q, want %q", k.Name(), text(r.Words), text(want.Words))
		}
		for j := range r.Words {
			if d := math.Abs(r.Words[j].Start - want.Words[j].Start); d > 0.03 {
				t.Errorf("%s: %+v, want %+v", k.Name(), r.Words[j], want.Words[j])
			}
		}
	}
}

// trip is a stream that calls a function at a place and counts what is read.
type trip struct {
	asr.PCM
	at, n int
	call  func() error
}

func (s *trip) Read(b []float32) (int, error) {
	if s.n >= s.at {
		if err := s.call(); err != nil {
			return 0, err
		}
	}
	n, err := s.PCM.Read(b)
	s.n += n
	return n, err
}

func TestCancel(t *testing.T) {
	t.Parallel()
	speech, _ := dense(t)
	for name, c := range map[string]clip{"speech": slices.Concat(speech, speech, speech, speech), "silence": make(clip, 200*asr.SampleRate)} {
		ctx, cancel := context.WithCancel(t.Context())
		s := &trip{PCM: c.stream(), at: 50 * asr.SampleRate, call: func() error { cancel(); return nil }}
		r, err := realModel(t).Transcribe(ctx, s)
		if !errors.Is(err, context.Canceled) || r.Words != nil {
			t.Errorf("%s: error %v, %d words", name, err, len(r.Words))
		}
		if more := s.n - s.at; more > 2*asr.SampleRate {
			t.Errorf("%s: read %d more samples", name, more)
		}
	}
}

func TestStreamError(t *testing.T) {
	t.Parallel()
	c, _ := dense(t)
	s := &trip{PCM: c.stream(), at: 5 * asr.SampleRate, call: func() error { return io.ErrUnexpectedEOF }}
	if _, err := realModel(t).Transcribe(t.Context(), s); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

// TestMeeting holds the engine to its promises on a whole meeting: few word
// errors, no words where nobody speaks, words that begin when they are said.
func TestMeeting(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole meeting takes ten seconds")
	}
	t.Parallel()
	var total, wrong, outside int
	var late []float64
	for _, who := range []string{ken, winam, peggy, ana} {
		c, start := track(t, who, 1e9)
		r := transcribe(t, realModel(t), c)
		ts := turns(t, who)
		var want []string
		for _, x := range ts {
			want = append(want, plain(x.Text)...)
			// Turns begin with up to half a second of breath: compare with
			// the first loud level.
			onset := math.NaN()
			for i := int(math.Round((x.Start - start) / asr.LevelSeconds)); i < len(r.Levels); i++ {
				if r.Levels[i] > -45 {
					onset = float64(i)*asr.LevelSeconds + start
					break
				}
			}
			for _, w := range r.Words {
				if w.Start+start >= x.Start-0.5 && w.Start+start < x.End && plain(w.Text)[0] == plain(x.Text)[0] {
					late = append(late, math.Abs(w.Start+start-onset))
					break
				}
			}
		}
		for _, w := range r.Words {
			if !slices.ContainsFunc(ts, func(x turn) bool { return w.Start+start >= x.Start-0.5 && w.End+start <= x.End+0.5 }) {
				outside++
			}
		}
		got := plain(text(r.Words))
		n := wordErrors(want, got)
		t.Logf("%d errors of %d words, %.0f of %.0f s recognised", n, len(want), r.Speech, r.Duration)
		wrong, total = wrong+n, total+len(want)
	}
	slices.Sort(late)
	t.Logf("word error rate %.1f %%, %d words outside, first words off by %.3f s (median of %d)",
		100*float64(wrong)/float64(total), outside, late[len(late)/2], len(late))
	if wrong*100 > total*11 || outside*100 > total || late[len(late)/2] > 0.15 || len(late) < 25 {
		t.Error("worse than promised")
	}
}

func BenchmarkDense(b *testing.B) {
	m := realModel(b)
	c, _ := dense(b)
	for b.Loop() {
		if _, err := m.Transcribe(b.Context(), c.stream()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/c.seconds(), "s/audio-s")
}
