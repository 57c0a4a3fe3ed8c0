// Package resample converts mono PCM of any rate to 48 kHz, as a stream.
//
// It is band-limited interpolation with a windowed sinc (Julius O. Smith,
// "Digital Audio Resampling"): the kernel is tabulated at fine steps and read
// with linear interpolation between them, so that any ratio of rates takes the
// same path. Sound is neither delayed nor lengthened: output sample k lies at
// the time of k/48000 s of the input.
package resample

import (
	"fmt"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio"
)

const (
	zeros   = 24   // zero crossings of the kernel on each side
	steps   = 512  // table entries per zero crossing
	beta    = 9.0  // of the Kaiser window: 90 dB of stop band
	rolloff = 0.94 // where the pass band ends, relative to the lower Nyquist frequency
)

// A Resampler converts one stream. It is for one goroutine.
type Resampler struct {
	from   int
	width  float64 // half of the kernel's width in input samples
	scale  float64 // table entries per input sample
	gain   float64
	table  []float32
	in     []float32
	base   int64 // position of in[0] in the stream
	total  int64 // samples given
	out    int64 // samples made
	closed bool
}

// New returns a Resampler from rate, 1000 to 384000 Hz, to 48 kHz.
func New(rate int) (*Resampler, error) {
	if rate < 1000 || rate > 384000 {
		return nil, fmt.Errorf("resample: rate of %d Hz is not from 1000 to 384000", rate)
	}
	// Lowering the rate needs a lower and so a longer kernel.
	cut := rolloff * min(1, float64(audio.SampleRate)/float64(rate))
	r := &Resampler{from: rate, width: zeros / cut, scale: steps * cut, gain: cut}
	r.table = make([]float32, zeros*steps+2)
	for i := range r.table {
		x := float64(i) / steps
		if x >= zeros {
			break
		}
		r.table[i] = float32(sinc(x) * bessel(beta*math.Sqrt(1-x*x/(zeros*zeros))) / bessel(beta))
	}
	// Before the beginning there is silence.
	pad := int(math.Ceil(r.width)) + 1
	r.in = make([]float32, pad)
	r.base = -int64(pad)
	return r, nil
}

// Write takes the next samples and appends what can be told from them to out.
func (r *Resampler) Write(out, in []float32) []float32 {
	r.total += int64(len(in))
	if r.from == audio.SampleRate {
		r.out += int64(len(in))
		return append(out, in...)
	}
	r.in = append(r.in, in...)
	return r.run(out, math.MaxInt64)
}

// Flush ends the stream and appends the rest to out: in all, the input's
// length times 48000/rate, rounded up.
func (r *Resampler) Flush(out []float32) []float32 {
	if r.closed || r.from == audio.SampleRate {
		return out
	}
	r.closed = true
	end := (r.total*audio.SampleRate + int64(r.from) - 1) / int64(r.from)
	r.in = append(r.in, make([]float32, int(math.Ceil(r.width))+2)...)
	return r.run(out, end)
}

// run makes output samples while the input reaches beyond the kernel.
func (r *Resampler) run(out []float32, end int64) []float32 {
	for ; r.out < end; r.out++ {
		// The time of the output sample in input samples, split so that it
		// stays exact over hours.
		whole := r.out * int64(r.from) / audio.SampleRate
		frac := float64(r.out*int64(r.from)%audio.SampleRate) / audio.SampleRate
		first := int(whole-r.base) - int(r.width-frac)
		last := int(whole-r.base) + int(r.width+frac)
		if last >= len(r.in) {
			break
		}
		sum := 0.0
		x := (float64(int(whole-r.base)-first) + frac) * r.scale
		for _, v := range r.in[first : last+1] {
			at := math.Abs(x)
			i := int(at)
			f := float32(at - float64(i))
			if i < len(r.table)-1 {
				sum += float64(v * (r.table[i] + f*(r.table[i+1]-r.table[i])))
			}
			x -= r.scale
		}
		out = append(out, float32(sum*r.gain))
	}
	// Keep what the next kernel reaches back to.
	keep := r.out*int64(r.from)/audio.SampleRate - int64(math.Ceil(r.width)) - 1
	if drop := int(min(keep-r.base, int64(len(r.in)))); drop > 0 {
		r.in = append(r.in[:0], r.in[drop:]...)
		r.base += int64(drop)
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel is the modified Bessel function of the first kind and order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= x / (2 * k) * x / (2 * k)
		sum += term
	}
	return sum
}
