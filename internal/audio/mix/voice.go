package mix

import (
	"math"

	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// tooLoud is a level that no packet of sound decodes to: 18 dB over full
// scale. What does is damage, and would make the limiter mute the others.
const tooLoud = 8

// A voice is one track within a segment.
type voice struct {
	run      *run
	next     int // of run.refs
	decoders *pool
	dec      *opus.Decoder // nil while there is nothing to go on from
	end      int64         // of what has been played
	from, to int64         // the segment's own samples
	peaks    []uint8       // of these, per trackStep
	broken   *int
}

// play adds the track's packets that start before to to mix, whose first
// sample is at the time origin. Packets are decoded whole, so that up to one
// of them sticks out beyond to; those from before are decoded for the
// decoder's sake.
func (v *voice) play(mix []float32, origin, to int64) error {
	for ; v.next < len(v.run.refs) && v.run.refs[v.next].pos < to; v.next++ {
		p := v.run.refs[v.next]
		pcm, peak, err := v.decode(p)
		if err != nil {
			return err
		}
		if end := p.pos + int64(len(pcm)); end > v.end {
			at := max(p.pos, v.end)
			v.add(mix[at-origin:], pcm[at-p.pos:], at, peak)
			v.end = end
		}
		if p.last {
			v.release()
		}
	}
	return nil
}

// decode returns the packet's sound, or what stands in for it, and its peak's
// bits. The samples are valid until the next call.
func (v *voice) decode(p ref) (pcm []float32, peak uint32, err error) {
	out := v.decoders.out
	if v.dec == nil {
		if v.dec, err = v.decoders.get(p.fresh); err != nil {
			return nil, 0, err
		}
	}
	if p.n > 0 {
		n, err := v.dec.Decode(v.run.packet(p), out)
		if err == nil {
			if peak = peakBits(out[:n]); peak < math.Float32bits(tooLoud) {
				return out[:n], peak, nil
			}
			v.dec.Reset() // it may keep what made this
		}
		if p.pos >= v.from && p.pos < v.to {
			*v.broken++
		}
	}
	n, err := v.dec.Conceal(out[:v.missing(p)])
	if err != nil {
		return nil, 0, nil // then there is silence
	}
	if peak = peakBits(out[:n]); peak >= math.Float32bits(tooLoud) {
		return nil, 0, nil
	}
	return out[:n], peak, nil
}

// missing returns how much a broken packet leaves to conceal: its length, or
// up to 20 ms before the next when that is not known.
func (v *voice) missing(p ref) int {
	if p.n > 0 {
		return int(p.n)
	}
	n := int64(opus.FrameSize)
	if v.next+1 < len(v.run.refs) {
		n = min(n, v.run.refs[v.next+1].pos-p.pos)
	}
	return int(max(n, 0)) / opus.SilenceStep * opus.SilenceStep
}

// add adds pcm, which lies at the time at, to mix and notes the track's peaks.
func (v *voice) add(mix, pcm []float32, at int64, peak uint32) {
	addTo(mix, pcm)
	first, last := (at-v.from)/trackStep, (at+int64(len(pcm))-1-v.from)/trackStep
	if at >= v.from && at+int64(len(pcm)) <= v.to && first == last {
		v.peaks[first] = max(v.peaks[first], level(math.Float32frombits(peak)))
		return
	}
	for len(pcm) > 0 { // across a border
		n := trackStep - int(((at-v.from)%trackStep+trackStep)%trackStep)
		n = min(n, len(pcm))
		if at >= v.from && at < v.to {
			bin := (at - v.from) / trackStep
			v.peaks[bin] = max(v.peaks[bin], level(peakOf(pcm[:n])))
		}
		pcm, at = pcm[n:], at+int64(n)
	}
}

// release gives the decoder back.
func (v *voice) release() {
	if v.dec != nil {
		v.decoders.put(v.dec)
		v.dec = nil
	}
}

// A pool holds the decoders that no voice needs at the moment: most tracks are
// silent most of the time, and a decoder takes 0.3 MB.
type pool struct {
	free []*opus.Decoder
	out  []float32 // what they decode into
}

// get returns a decoder in its initial state or, when fresh, in the one that
// silence leaves: what follows was coded against something quiet, and the
// initial state would make it start with a burst.
func (p *pool) get(fresh bool) (*opus.Decoder, error) {
	var dec *opus.Decoder
	if n := len(p.free); n > 0 {
		dec = p.free[n-1]
		p.free = p.free[:n-1]
		dec.Reset()
	} else {
		var err error
		if dec, err = opus.NewDecoder(opus.DecoderOptions{}); err != nil {
			return nil, err
		}
	}
	if fresh {
		for range 2 {
			if _, err := dec.Decode(opus.Silence(opus.FrameSize), p.out); err != nil {
				return nil, err
			}
		}
	}
	return dec, nil
}

func (p *pool) put(dec *opus.Decoder) { p.free = append(p.free, dec) }
