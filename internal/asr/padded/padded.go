// Package padded decodes a padded track for speech recognition: mono at 16 kHz
// from the recording's start on. Silence that pad-track put in is not decoded.
package padded

import (
	"errors"
	"fmt"
	"io"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
)

// PerSample is how many samples of the 48 kHz clock one sample of speech
// recognition takes.
const PerSample = audio.SampleRate / asr.SampleRate

// PCM is a track's sound. It implements [asr.PCM] and is for one goroutine.
type PCM struct {
	// Sounds, when set, is told of each packet that is not silence: from where
	// to where it lies, in samples of the 48 kHz clock.
	Sounds func(from, to int64)

	in      *pad.Reader
	dec     *opus.Decoder
	buf     []float32 // decoded and not yet read
	room    []float32
	skip    int // samples still to drop at the start
	started bool
	broken  int
}

// Open reads the beginning of a padded track.
func Open(r io.Reader) (*PCM, error) {
	in, err := pad.Open(r)
	if err != nil {
		return nil, err
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{SampleRate: asr.SampleRate})
	if err != nil {
		return nil, err
	}
	return &PCM{in: in, dec: dec, room: make([]float32, opus.MaxSamples/PerSample)}, nil
}

// Broken is how many packets could not be decoded so far; they are silent.
func (p *PCM) Broken() int { return p.broken }

// Read implements [asr.PCM].
func (p *PCM) Read(samples []float32) (int, error) {
	for len(p.buf) == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(samples, p.buf)
	p.buf = p.buf[n:]
	return n, nil
}

// next decodes one packet into buf.
func (p *PCM) next() error {
	pos, packet, err := p.in.Next()
	if err != nil {
		return err
	}
	if !p.started {
		p.started = true
		p.skip = int(-pos) / PerSample
	}
	length := opus.Samples(packet)
	n := length / PerSample
	if opus.IsSilence(packet) {
		clear(p.room[:n])
	} else {
		if p.Sounds != nil {
			p.Sounds(max(0, pos), pos+int64(length))
		}
		got, err := p.dec.Decode(packet, p.room)
		switch {
		case errors.Is(err, opus.ErrCodec):
			p.broken++
			clear(p.room[:n])
		case err != nil:
			return fmt.Errorf("decode: %w", err)
		default:
			n = got
		}
	}
	p.buf = p.room[:n]
	drop := min(p.skip, len(p.buf))
	p.buf, p.skip = p.buf[drop:], p.skip-drop
	return nil
}
