package transcribetrack

import (
	"errors"
	"io"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
)

// perSample is how many samples of the 48 kHz clock one sample of speech
// recognition takes.
const perSample = audio.SampleRate / asr.SampleRate

// pcm decodes a padded track for the recogniser: mono at 16 kHz from the
// recording's start on. Silence that pad-track put in is not decoded.
type pcm struct {
	in      *pad.Reader
	dec     *opus.Decoder
	buf     []float32 // decoded and not yet read
	room    []float32
	skip    int // samples still to drop at the start
	started bool
	broken  int
}

func newPCM(r io.Reader) (*pcm, error) {
	in, err := pad.Open(r)
	if err != nil {
		return nil, err
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{SampleRate: asr.SampleRate})
	if err != nil {
		return nil, err
	}
	return &pcm{in: in, dec: dec, room: make([]float32, opus.MaxSamples/perSample)}, nil
}

// Read implements [asr.PCM].
func (p *pcm) Read(samples []float32) (int, error) {
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
func (p *pcm) next() error {
	pos, packet, err := p.in.Next()
	if err != nil {
		return err
	}
	if !p.started {
		p.started = true
		p.skip = int(-pos) / perSample
	}
	n := opus.Samples(packet) / perSample
	switch {
	case opus.IsSilence(packet):
		clear(p.room[:n])
	default:
		got, err := p.dec.Decode(packet, p.room)
		if errors.Is(err, opus.ErrCodec) {
			p.broken++
			clear(p.room[:n])
		} else if err != nil {
			return err
		} else {
			n = got
		}
	}
	p.buf = p.room[:n]
	drop := min(p.skip, len(p.buf))
	p.buf, p.skip = p.buf[drop:], p.skip-drop
	return nil
}
