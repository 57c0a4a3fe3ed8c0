// Package cut divides a padded track into chunks that are sent to a speech
// server: WebM/Opus by packet copy, without decoding and encoding again.
//
// It promises: what is muted is not sent, nor long stretches in which nobody
// speaks; a chunk ends in a pause, where there is one; no chunk is longer or
// larger than allowed; and every moment of a chunk maps back to exactly one of
// the track, to the sample.
package cut

import (
	"errors"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/padded"
	"github.com/trackscribe/trackscribe/internal/asr/vad"
	"github.com/trackscribe/trackscribe/internal/audio"
)

// Lengths in samples of the 48 kHz clock.
const (
	second = audio.SampleRate
	// grid is what pieces begin on and what is left out is a multiple of, so
	// that a detector sees the same frames in a chunk as in the track.
	grid = second / 50
	// muted is the shortest run of silent packets that counts as muted.
	muted = second
	// calm is the longest stretch without speech that is sent; of a longer one
	// only margin is, on either side.
	calm   = 8 * second
	margin = second
	// pause stands between two pieces of a chunk. It is longer than what a
	// speech detector takes for a pause within a sentence.
	pause = second / 2
	// preRoll is what an Opus decoder must hear before its output is right
	// (RFC 7845, 4.6).
	preRoll = second * 80 / 1000
)

// A Piece is a stretch of the track, in samples of the 48 kHz clock from the
// recording's start.
type Piece struct{ From, To int64 }

// A Plan is what is to be sent of a track.
type Plan struct {
	Pieces   []Piece
	Pauses   []int64 // positions at which nobody speaks, where pieces may be cut
	Duration float64 // of the track, in seconds
	Speech   float64 // seconds in which somebody speaks, by the detector
	Levels   []int8  // see [asr.Result]
	Broken   int     // packets that could not be decoded

	talk   []Piece   // where somebody speaks, by the detector
	voiced [][]Piece // and where in each of them a voice is heard
}

// Audible is how many seconds the pieces have.
func (p Plan) Audible() float64 {
	var n int64
	for _, piece := range p.Pieces {
		n += piece.To - piece.From
	}
	return float64(n) / second
}

// Make reads a padded track once and plans what to send of it. It keeps a
// minute of sound at most.
func Make(r io.Reader) (Plan, error) {
	src, err := padded.Open(r)
	if err != nil {
		return Plan{}, err
	}
	var sound sounding
	src.Sounds = sound.add
	detector := vad.New(src)
	var speech []Piece
	var p Plan
	sample := func(t float64) int64 { return int64(math.Round(t * second)) }
	for {
		seg, err := detector.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Plan{}, err
		}
		from := seg.Start * padded.PerSample
		speech = append(speech, Piece{from, from + int64(len(seg.PCM))*padded.PerSample})
		var voiced []Piece
		for _, v := range seg.Voiced() {
			voiced = append(voiced, Piece{sample(v.Start), sample(v.End)})
		}
		p.voiced = append(p.voiced, voiced)
		p.Speech += seg.Seconds()
	}
	p.Levels, p.Broken = detector.Levels(), src.Broken()
	p.Duration = float64(detector.Samples()) / asr.SampleRate
	p.talk = speech
	p.Pieces = spoken(sound, speech)
	for i := 1; i < len(speech); i++ {
		p.Pauses = append(p.Pauses, (speech[i-1].To+speech[i].From)/2/grid*grid)
	}
	return p, nil
}

// spoken leaves out of what sounds the long stretches in which nobody speaks.
func spoken(sound, speech []Piece) []Piece {
	var near []Piece // speech with what is around it
	for _, s := range speech {
		s = Piece{max(0, s.From-margin), s.To + margin}
		if n := len(near); n > 0 && s.From-near[n-1].To <= calm-2*margin {
			near[n-1].To = max(near[n-1].To, s.To)
			continue
		}
		near = append(near, s)
	}
	var out []Piece
	for _, a := range sound {
		for _, b := range near {
			from, to := max(a.From, b.From)/grid*grid, min(a.To, b.To)
			if from < to {
				out = append(out, Piece{from, (to + grid - 1) / grid * grid})
			}
		}
	}
	return out
}

// sounding collects where a track is not muted.
type sounding []Piece

func (s *sounding) add(from, to int64) {
	if n := len(*s); n > 0 && from-(*s)[n-1].To < muted {
		(*s)[n-1].To = to
		return
	}
	*s = append(*s, Piece{from, to})
}
