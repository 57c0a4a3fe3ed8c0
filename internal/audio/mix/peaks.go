package mix

import (
	"encoding/base64"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// The loops over samples below are the mix's own share of the time. They go in
// fours, with the lengths known to the compiler, and compare absolute values
// as integers: the bits of a float without its sign grow with its size, and a
// NaN is larger than all.

const signless = 1<<31 - 1

// peakBits returns the bits of the largest |x|; of a NaN's, if there is one.
func peakBits(x []float32) uint32 {
	var a, b, c, d uint32
	for len(x) >= 4 {
		q := x[:4:4]
		a = max(a, math.Float32bits(q[0])&signless)
		b = max(b, math.Float32bits(q[1])&signless)
		c = max(c, math.Float32bits(q[2])&signless)
		d = max(d, math.Float32bits(q[3])&signless)
		x = x[4:]
	}
	for _, v := range x {
		a = max(a, math.Float32bits(v)&signless)
	}
	return max(a, b, c, d)
}

// peakOf returns the largest |x|.
func peakOf(x []float32) float32 { return math.Float32frombits(peakBits(x)) }

// addTo adds src to the start of dst.
func addTo(dst, src []float32) {
	dst = dst[:len(src)]
	for len(src) >= 4 {
		d, s := dst[:4:4], src[:4:4]
		d[0] += s[0]
		d[1] += s[1]
		d[2] += s[2]
		d[3] += s[3]
		dst, src = dst[4:], src[4:]
	}
	for i, v := range src {
		dst[i] += v
	}
}

// level is a peak as the artifact keeps it: round(255 · peak).
func level(peak float32) uint8 {
	return uint8(min(255, 255*peak+0.5))
}

// A gatherer collects peaks as the segments come in.
type gatherer struct {
	mix     []uint8
	tracks  [][]uint8
	limited int64
}

func (g *gatherer) add(seg *segment) {
	g.mix = append(g.mix, seg.peaks...)
	for i, p := range seg.trackPeaks {
		g.tracks[i] = append(g.tracks[i], p...)
	}
	g.limited += seg.limited
}

// artifact makes the document for a recording of the given length in samples.
func (g *gatherer) artifact(length int64, tracks []int) artifact.Peaks {
	p := artifact.Peaks{
		Duration:  audio.Seconds(length),
		Step:      audio.Seconds(peakStep),
		Values:    encodePeaks(g.mix, length, peakStep),
		TrackStep: audio.Seconds(trackStep),
		Tracks:    make([]artifact.TrackPeaks, len(tracks)),
		Limited:   audio.Seconds(g.limited),
	}
	for i, index := range tracks {
		p.Tracks[i] = artifact.TrackPeaks{Track: index, Values: encodePeaks(g.tracks[i], length, trackStep)}
	}
	return p
}

// encodePeaks cuts peaks to the recording's length: the encoder's last frames
// lie beyond it.
func encodePeaks(peaks []uint8, length int64, step int64) string {
	n := min(int64(len(peaks)), (length+step-1)/step)
	return base64.StdEncoding.EncodeToString(peaks[:n])
}
