package merge

import "math"

const (
	silence = -127.0 // dBFS
	// Envelopes are used from the coarsest step that still shows syllables down
	// to one finer than which no track is measured, in seconds.
	minStep, maxStep = 0.005, 0.25
	// The voice reaches a neighbour's microphone this much later than its own,
	// in seconds; the negative end allows for clocks that disagree.
	minLag, maxLag = -0.1, 0.3
	// dynamics is the range below the loudest frame, in dB, that is compared:
	// below it there is noise on one side and digital silence on the other.
	dynamics = 40.0
)

// An envelope is a track's loudness over time.
type envelope struct {
	levels []int8 // dBFS
	step   float64
}

func (e envelope) known() bool { return len(e.levels) > 0 }

// at returns the level at time t in dBFS, interpolated between the middles of
// the steps.
func (e envelope) at(t float64) float64 {
	x := t/e.step - 0.5
	i := int(math.Floor(x))
	f := x - float64(i)
	return (1-f)*e.frame(i) + f*e.frame(i+1)
}

func (e envelope) frame(i int) float64 {
	if i < 0 || i >= len(e.levels) {
		return silence
	}
	return float64(e.levels[i])
}

// mean returns the mean power over [start, end] in dBFS.
func (e envelope) mean(start, end float64) float64 {
	first := int(math.Floor(start / e.step))
	last := max(first, int(math.Ceil(end/e.step))-1)
	sum := 0.0
	for i := first; i <= last; i++ {
		sum += math.Pow(10, e.frame(i)/10)
	}
	return max(silence, 10*math.Log10(sum/float64(last-first+1)))
}

// floor returns the track's noise level: what nine tenths of the steps that
// are not digital silence reach.
func (e envelope) floor() float64 {
	var count [128]int
	n := 0
	for _, l := range e.levels {
		if l > silence {
			count[min(127, int(l)+127)]++
			n++
		}
	}
	below := 0
	for i, c := range count {
		if below += c; n > 0 && 10*below >= n {
			return float64(i) + silence
		}
	}
	return silence
}

// correlate returns how alike the levels of a and b run over [start, end] of
// b: the largest correlation (-1 to 1) over the possible lags, and the lag in
// seconds by which b is behind. 0, 0 when there is too little to tell.
func correlate(a, b envelope, start, end float64) (r, lag float64) {
	step := max(a.step, b.step)
	n := int((end - start) / step)
	if n < 6 {
		return 0, 0
	}
	y := make([]float64, n)
	for i := range y {
		y[i] = b.at(start + (float64(i)+0.5)*step)
	}
	clip(y)
	// a on the same grid, with margins for the lags.
	before := int(math.Ceil(maxLag / step))
	after := int(math.Ceil(-minLag / step))
	x := make([]float64, before+n+after)
	for i := range x {
		x[i] = a.at(start + (float64(i-before)+0.5)*step)
	}
	clip(x)
	for shift := -after; shift <= before; shift++ {
		if c := pearson(x[before-shift:before-shift+n], y); c > r {
			r, lag = c, float64(shift)*step
		}
	}
	return r, lag
}

func clip(x []float64) {
	top := silence
	for _, v := range x {
		top = max(top, v)
	}
	for i, v := range x {
		x[i] = max(v, top-dynamics)
	}
}

// pearson is the correlation coefficient of x and y; 0 when one is constant.
func pearson(x, y []float64) float64 {
	var mx, my float64
	for i := range y {
		mx += x[i]
		my += y[i]
	}
	mx /= float64(len(y))
	my /= float64(len(y))
	var xx, yy, xy float64
	for i := range y {
		dx, dy := x[i]-mx, y[i]-my
		xx += dx * dx
		yy += dy * dy
		xy += dx * dy
	}
	if xx < 1e-9 || yy < 1e-9 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}
