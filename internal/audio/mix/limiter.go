package mix

import "math"

// The limiter turns the mix down just enough, and just long enough before and
// after, that no sample is above the ceiling.
const (
	// ceiling leaves 0.26 dB for what the encoder adds.
	ceiling = 0.97
	// hop is the step in which gain is decided: 1 ms. Between, it runs in a
	// straight line.
	hop = 48
	// attack is how many hops the gain takes to come down.
	attack = 6
	// release is how much the gain may rise in a hop: from nothing to unity in
	// 0.4 s. It bounds the limiter's memory, so that a segment that starts
	// that much early hears itself as if it had heard all before.
	release = 1.0 / 400
	// lookahead is how many samples beyond its block the limiter looks at.
	lookahead = attack * hop
)

// A limiter is a look-ahead peak limiter. For every hop it takes the gain that
// the loudest sample of it and the attack hops after it allows, lets that rise
// no faster than release, and smooths it by the mean over the last attack hops.
// As every value in that mean respects the hop and the one after it, so does
// the mean, and so does the line from one hop's gain to the next one's: no
// sample can pass the ceiling.
type limiter struct {
	started bool
	held    [attack]float32 // the last hops' gains before smoothing; the latest last
	gain    float32         // at the end of the last hop
	need    []float32       // gain that each hop allows
}

func (l *limiter) reset() { l.started = false }

// process limits the first n samples of x, whole hops, in place; x holds
// lookahead samples more. It returns the number of samples turned down.
func (l *limiter) process(x []float32, n int) (limited int) {
	hops := n / hop
	l.need = l.need[:0]
	loudest := uint32(0)
	for i := range hops + attack {
		peak := peakBits(x[i*hop:][:hop])
		loudest = max(loudest, peak)
		gain := float32(1)
		if peak > math.Float32bits(ceiling) {
			gain = ceiling / math.Float32frombits(peak)
		}
		l.need = append(l.need, gain)
	}
	if !l.started {
		l.start()
	}
	if loudest <= math.Float32bits(ceiling) && l.idle() {
		return 0
	}
	for i := range hops {
		held := min(least(l.need[i:][:attack+1]), l.held[attack-1]+release)
		copy(l.held[:], l.held[1:])
		l.held[attack-1] = held
		next := mean(&l.held)
		if l.gain != 1 || next != 1 {
			ramp(x[i*hop:][:hop], l.gain, next)
			limited += hop
		}
		l.gain = next
	}
	return limited
}

// start makes the limiter begin as low as the first hops ask for.
func (l *limiter) start() {
	l.started = true
	l.gain = least(l.need[:attack])
	for i := range l.held {
		l.held[i] = l.gain
	}
}

// idle reports whether the gain is at unity and stays there as long as nothing
// loud comes.
func (l *limiter) idle() bool {
	return l.gain == 1 && least(l.held[:]) == 1
}

// ramp multiplies x by a gain that goes from a to b.
func ramp(x []float32, a, b float32) {
	step := (b - a) / float32(len(x))
	for i := range x {
		a += step
		x[i] *= a
	}
}

func least(x []float32) float32 {
	m := x[0]
	for _, v := range x[1:] {
		m = min(m, v)
	}
	return m
}

func mean(x *[attack]float32) float32 {
	var sum float32
	for _, v := range x {
		sum += v
	}
	return sum / attack
}
