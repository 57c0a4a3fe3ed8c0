package pad

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/resample"
	"github.com/trackscribe/trackscribe/internal/audio/track"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// frameSamples is what is encoded at a time: 20 ms.
const frameSamples = 960

// encodePCM pads a PCM source: it has to be coded first. The encoder's delay is
// taken off, so that the sound lies where it should.
func encodePCM(ctx context.Context, src *track.Track, out *output, opt Options) (artifact.Timeline, error) {
	if opt.NewEncoder == nil {
		return artifact.Timeline{}, ErrNoEncoder
	}
	format := src.PCM.Format()
	tl := artifact.Timeline{Track: opt.Track, Codec: format.Codec, Channels: format.Channels, SampleRate: format.SampleRate}
	if opt.ClockOffset > 0 && !opt.ClockExact {
		tl.Warnings = append(tl.Warnings, nameClock)
	}
	enc, err := opt.NewEncoder()
	if err != nil {
		return tl, fmt.Errorf("make encoder: %w", err)
	}
	rs, err := resample.New(format.SampleRate)
	if err != nil {
		return tl, err
	}
	e := &coder{out: out, enc: enc, max: int64(opt.MaxDuration.Seconds() * audio.SampleRate)}
	start := audio.Samples(opt.ClockOffset)
	e.pos = start - int64(enc.Lookahead())
	raw := make([]float32, 4096)
	var pcm []float32
	heard := int64(0)
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return tl, err
		}
		n, err := src.PCM.Read(raw)
		if err != nil && !errors.Is(err, io.EOF) {
			return tl, fmt.Errorf("read samples: %w", err)
		}
		before := len(pcm)
		if n > 0 {
			pcm = rs.Write(pcm, raw[:n])
		}
		if errors.Is(err, io.EOF) {
			done = true
			pcm = rs.Flush(pcm)
		}
		heard += int64(len(pcm) - before)
		if done && heard > 0 {
			// The last sound only comes out after the encoder's delay.
			tail := enc.Lookahead() + (frameSamples-(len(pcm)+enc.Lookahead())%frameSamples)%frameSamples
			pcm = append(pcm, make([]float32, tail)...)
		}
		if pcm, err = e.encode(pcm); err != nil {
			return tl, err
		}
	}
	if e.packets > 0 {
		tl.Packets = e.packets
		tl.Offset = audio.Seconds(start)
		tl.Duration = audio.Seconds(start + heard)
	}
	return tl, nil
}

// coder codes PCM and appends it to the padded file.
type coder struct {
	out     *output
	enc     Encoder
	max     int64
	pos     int64
	packets int
	packet  [opus.MaxPacket]byte
}

// encode takes as many whole frames from pcm as there are and returns the rest.
func (c *coder) encode(pcm []float32) ([]float32, error) {
	used := 0
	for ; len(pcm)-used >= frameSamples; used += frameSamples {
		if c.packets == 0 {
			if err := c.out.begin(c.pos); err != nil {
				return nil, err
			}
		}
		n, err := c.enc.Encode(pcm[used:used+frameSamples], c.packet[:])
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		if got := opus.Samples(c.packet[:n]); got != frameSamples {
			return nil, fmt.Errorf("encode: encoder made a packet of %d samples, want %d", got, frameSamples)
		}
		if c.pos+frameSamples > c.max {
			return nil, audio.ErrTooLong
		}
		if err := c.out.packet(c.pos, c.packet[:n]); err != nil {
			return nil, err
		}
		c.pos += frameSamples
		c.packets++
	}
	return append(pcm[:0], pcm[used:]...), nil
}

// OpusEncoder returns the encoder for sources that are PCM.
func OpusEncoder() (Encoder, error) {
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	return opusEncoder{e}, err
}

type opusEncoder struct{ *opus.Encoder }

// Lookahead implements [Encoder].
func (opusEncoder) Lookahead() int { return opus.Lookahead }
