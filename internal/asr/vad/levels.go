package vad

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr"
)

// decibels is 10·log10 of a mean square, not below silence that a float holds.
func decibels(meanSquare float64) float64 { return 10 * math.Log10(meanSquare+1e-13) }

// read takes up to one block from the stream.
func (s *Segmenter) read() error {
	if s.part == nil {
		s.part = make([]float32, 0, blockFrames*FrameSamples)
	}
	for empty := 0; len(s.part) < cap(s.part) && !s.eof; {
		n, err := s.src.Read(s.part[len(s.part):cap(s.part)])
		s.part = s.part[:len(s.part)+n]
		switch {
		case errors.Is(err, io.EOF):
			s.eof = true
		case err != nil:
			return fmt.Errorf("read samples: %w", err)
		case n > 0:
			empty = 0
		default:
			if empty++; empty == 100 {
				return fmt.Errorf("read samples: %w", io.ErrNoProgress)
			}
		}
	}
	for i, v := range s.part {
		if v != v || v > 64 || v < -64 { // no decoder's output; a NaN would spread
			s.part[i] = 0
		}
	}
	s.samples += int64(len(s.part))
	s.measure(s.part)
	// The stream's last frame is filled up with silence.
	for len(s.part)%FrameSamples != 0 {
		s.part = append(s.part, 0)
	}
	for o := 0; o < len(s.part); o += FrameSamples {
		s.db = append(s.db, float32(decibels(s.rumble.meanSquare(s.part[o:o+FrameSamples]))))
	}
	s.pcm = append(s.pcm, s.part...)
	s.part = s.part[:0]
	return nil
}

// measure adds samples to the levels.
func (s *Segmenter) measure(x []float32) {
	const n = int(asr.SampleRate * asr.LevelSeconds)
	for _, v := range x {
		s.level += float64(v) * float64(v)
		if s.inLevel++; s.inLevel == n {
			s.endLevel()
		}
	}
	if s.eof && s.inLevel > 0 {
		s.endLevel()
	}
}

func (s *Segmenter) endLevel() {
	db := math.Round(decibels(s.level / float64(s.inLevel)))
	s.levels = append(s.levels, int8(max(-127, min(0, db))))
	s.level, s.inLevel = 0, 0
}

// highPass is a Butterworth filter of the fourth order at 120 Hz: hum and
// rumble say nothing about speech.
type highPass struct{ state [2][2]float64 }

func (h *highPass) meanSquare(x []float32) float64 {
	// Two second-order sections in transposed direct form II, of the bilinear
	// transform with k = tan(π·120/16000) and 1/Q = 2·cos(π/8), 2·cos(3π/8).
	const k = 0.0235663
	const (
		q0, q1 = 1.847759, 0.765367
		n0, n1 = 1 / (1 + k*q0 + k*k), 1 / (1 + k*q1 + k*k)
		a1     = 2 * (k*k - 1)
		a20    = 1 - k*q0 + k*k
		a21    = 1 - k*q1 + k*k
	)
	var sum float64
	s := h.state
	for _, v := range x {
		u := float64(v) * n0
		y := u + s[0][0]
		s[0][0] = -2*u - n0*a1*y + s[0][1]
		s[0][1] = u - n0*a20*y
		u = y * n1
		y = u + s[1][0]
		s[1][0] = -2*u - n1*a1*y + s[1][1]
		s[1][1] = u - n1*a21*y
		sum += y * y
	}
	for i := range s {
		for j, v := range s[i] {
			if math.Abs(v) < 1e-30 { // keep out of the slow denormal numbers
				s[i][j] = 0
			}
		}
	}
	h.state = s
	return sum / float64(len(x))
}

// histogram of frame levels above silence, in half decibels.
type histogram struct {
	bins  [2 * -silence]float64
	total float64
}

func (h *histogram) add(db []float32, forget float64) {
	for i := range h.bins {
		h.bins[i] *= forget
	}
	h.total *= forget
	for _, v := range db {
		if v > silence {
			h.bins[max(0, min(len(h.bins)-1, int((v-silence)*2)))]++
			h.total++
		}
	}
}

// level returns the level that the given share of the frames does not reach.
func (h *histogram) level(share float64) float64 {
	want := share * h.total
	for i, n := range h.bins {
		if want -= n; want < 0 {
			return silence + float64(i)/2 + 0.25
		}
	}
	return silence // nothing yet
}

// thresholds are where a stretch of speech is sure, 30 % of the way from the
// noise to the loudest and at least 6 dB above the noise, and down to where
// it goes on, half as far.
func (s *Segmenter) thresholds() (sure, edge float64) {
	lo, hi := s.noise.level(0.10), s.peak.level(0.98)
	up := max(6, 0.30*(hi-lo))
	return max(faint, lo+up), max(faint-6, lo+up/2)
}
