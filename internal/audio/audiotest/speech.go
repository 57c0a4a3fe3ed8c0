// Package audiotest makes raw tracks like those that Daily records, for tests,
// benchmarks and examples: speech-like sound, coded, and written as a live
// recorder does, with everything that can be odd about that. The same Spec
// gives the same bytes. Only tests and tools may import it.
package audiotest

import (
	"math"
	"math/rand/v2"
)

// Rate is the sampling rate of all PCM here.
const Rate = 48000

// Speech returns seconds of something like speech at 48 kHz mono: phrases of
// voiced syllables with moving formants and unvoiced bursts, pauses between
// them, and room noise at -68 dBFS throughout. Peaks stay below 0.7.
func Speech(seed uint64, seconds float64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	out := make([]float32, int(seconds*Rate))
	pos := int(r.Float64() * Rate)
	for pos < len(out) {
		end := pos + int((1+4*r.Float64())*Rate)
		pitch := 90 + 120*r.Float64()
		for pos < end && pos < len(out) {
			n := int((0.09 + 0.16*r.Float64()) * Rate)
			syllable(out[pos:min(pos+n, len(out))], n, pitch*(0.85+0.3*r.Float64()), r)
			pos += n
		}
		pos += int((0.3 + 2.5*r.Float64()) * Rate)
	}
	low := 0.0
	for i := range out {
		white := 2*r.Float64() - 1
		low += 0.1 * (white - low)
		out[i] += float32(4e-4 * (3*low + 0.2*white))
	}
	return out
}

// syllable adds one syllable of n samples to out: a fricative, then a vowel.
func syllable(out []float32, n int, pitch float64, r *rand.Rand) {
	formants := [3]resonator{
		newResonator(300+500*r.Float64(), 80),
		newResonator(900+1300*r.Float64(), 110),
		newResonator(2300+900*r.Float64(), 160),
	}
	hiss := newResonator(3500+4500*r.Float64(), 2500)
	burst := 0.0
	if r.Float64() < 0.6 {
		burst = 0.15 + 0.2*r.Float64()
	}
	loud := 0.35 + 0.4*r.Float64()
	phase := 0.0
	for i := range out {
		t := float64(i) / float64(n)
		white := 2*r.Float64() - 1
		var v float64
		if t < burst {
			v = 0.03 * hiss.next(white) * math.Sin(math.Pi*t/burst)
		} else {
			env := math.Sin(math.Pi * (t - burst) / (1 - burst))
			phase += pitch * (1 + 0.1*(t-0.5)) / Rate
			phase -= math.Floor(phase)
			source := (2*phase - 1) * math.Abs(2*phase-1) // like a glottal pulse
			source += 0.02 * white
			for k := range formants {
				v += formants[k].next(source) / float64(1+k)
			}
			v *= env * env * 0.05
		}
		out[i] += float32(0.7 * math.Tanh(loud*v/0.7))
	}
}

// resonator is a two-pole filter.
type resonator struct{ a1, a2, gain, y1, y2 float64 }

func newResonator(freq, width float64) resonator {
	p := math.Exp(-math.Pi * width / Rate)
	return resonator{a1: 2 * p * math.Cos(2*math.Pi*freq/Rate), a2: -p * p, gain: (1 - p) * 12}
}

func (f *resonator) next(x float64) float64 {
	y := f.gain*x + f.a1*f.y1 + f.a2*f.y2
	f.y2, f.y1 = f.y1, y
	return y
}

// Sine returns seconds of a sine at rate.
func Sine(rate int, freq, amplitude, seconds float64) []float32 {
	out := make([]float32, int(seconds*float64(rate)))
	for i := range out {
		out[i] = float32(amplitude * math.Sin(2*math.Pi*freq*float64(i)/float64(rate)))
	}
	return out
}
