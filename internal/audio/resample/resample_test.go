package resample_test

import (
	"math"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/resample"
)

// convert resamples pcm in pieces of odd sizes.
func convert(t *testing.T, rate int, pcm []float32) []float32 {
	t.Helper()
	r, err := resample.New(rate)
	if err != nil {
		t.Fatal(err)
	}
	var out []float32
	for i := 0; len(pcm) > 0; i++ {
		n := min(1+i*977%5000, len(pcm))
		out = r.Write(out, pcm[:n])
		pcm = pcm[n:]
	}
	return r.Flush(out)
}

// A sine must come out as the same sine: at the same instants, with the same
// phase, with no other sound above -60 dB. The mean of the error's power over
// everything but the edges says all of that at once.
func TestSine(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 47999, 48000, 88200, 96000, 192000} {
		for _, share := range []float64{0.01, 0.2, 0.5, 0.8} {
			freq := share * float64(min(rate, 48000)) / 2
			got := convert(t, rate, audiotest.Sine(rate, freq, 0.5, 1))
			want := audiotest.Sine(48000, freq, 0.5, 1)
			if d := len(got) - len(want); d < 0 || d > 1 {
				t.Errorf("%d Hz: %d samples, want %d", rate, len(got), len(want))
				continue
			}
			signal, noise := 0.0, 0.0
			for i := 2000; i < len(want)-2000; i++ {
				e := float64(got[i]) - float64(want[i])
				signal += float64(want[i]) * float64(want[i])
				noise += e * e
			}
			if snr := 10 * math.Log10(signal/(noise+1e-20)); snr < 60 {
				t.Errorf("%d Hz, sine of %.0f Hz: %.1f dB, want 60", rate, freq, snr)
			}
		}
	}
}

// What 48 kHz cannot hold must vanish instead of turning up elsewhere.
func TestNoAliasing(t *testing.T) {
	t.Parallel()
	got := convert(t, 96000, audiotest.Sine(96000, 30000, 0.5, 1))
	sum := 0.0
	for _, v := range got[2000 : len(got)-2000] {
		sum += float64(v) * float64(v)
	}
	if db := 10 * math.Log10(sum/float64(len(got)-4000)/0.125); db > -60 {
		t.Errorf("a sine of 30 kHz leaves %.1f dB", db)
	}
}

func TestEdges(t *testing.T) {
	t.Parallel()
	if out := convert(t, 44100, nil); len(out) != 0 {
		t.Errorf("nothing became %d samples", len(out))
	}
	if out := convert(t, 8000, []float32{1}); len(out) != 6 {
		t.Errorf("a sample at 8 kHz became %d", len(out))
	}
	for _, rate := range []int{0, -1, 999, 400_000} {
		if _, err := resample.New(rate); err == nil {
			t.Errorf("a rate of %d Hz was taken", rate)
		}
	}
}

func BenchmarkResample44100(b *testing.B) {
	in := audiotest.Sine(44100, 1000, 0.5, 1)
	var out []float32
	for b.Loop() {
		r, err := resample.New(44100)
		if err != nil {
			b.Fatal(err)
		}
		out = r.Flush(r.Write(out[:0], in))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "×rt")
}
