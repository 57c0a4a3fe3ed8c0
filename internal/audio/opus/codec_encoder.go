package opus

import (
	"fmt"

	"github.com/thesyncim/gopus"
)

// What an Encoder works with.
const (
	// FrameSize is the length of a frame: 20 ms, in samples.
	FrameSize = 960
	// Lookahead is the encoder's delay in samples: decoded sample k+Lookahead
	// is input sample k. It is the pre-skip of what the encoder makes.
	Lookahead = 312

	// DefaultBitrate is in bit/s; DefaultComplexity is on Opus' scale of 0
	// (fast) to 10 (best).
	DefaultBitrate    = 48000
	DefaultComplexity = 3
)

// EncoderOptions are the settings of an Encoder. The zero value is what the
// mix uses.
type EncoderOptions struct {
	Bitrate    int // bit/s, variable around it; 0: DefaultBitrate
	Complexity int // 1 to 10; 0: DefaultComplexity
}

// An Encoder turns 48 kHz mono PCM into Opus packets of 20 ms, tuned for
// general audio (Opus' "audio" application). It is not safe for concurrent
// use.
type Encoder struct {
	enc *gopus.Encoder
}

// NewEncoder returns an encoder in its initial state.
func NewEncoder(o EncoderOptions) (*Encoder, error) {
	if o.Bitrate == 0 {
		o.Bitrate = DefaultBitrate
	}
	if o.Complexity == 0 {
		o.Complexity = DefaultComplexity
	}
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{
		SampleRate: 48000, Channels: 1, Application: gopus.ApplicationAudio,
	})
	if err != nil {
		return nil, fmt.Errorf("make encoder: %w: %w", ErrCodec, err)
	}
	if err := enc.SetBitrate(o.Bitrate); err != nil {
		return nil, fmt.Errorf("set bit rate %d: %w: %w", o.Bitrate, ErrCodec, err)
	}
	if err := enc.SetComplexity(o.Complexity); err != nil {
		return nil, fmt.Errorf("set complexity %d: %w: %w", o.Complexity, ErrCodec, err)
	}
	// Free to spend bits where they are needed. The codec's default, a
	// constrained rate, is for lines that cannot carry more for a moment. The
	// mix comes to about 50 kbit/s for 48.
	enc.SetVBR(true)
	enc.SetVBRConstraint(false)
	// The containers' pre-skip is written before the first frame is encoded,
	// so the delay has to be the constant that it is said to be.
	if n := enc.Lookahead(); n != Lookahead {
		return nil, fmt.Errorf("make encoder: %w: look-ahead of %d samples, want %d", ErrCodec, n, Lookahead)
	}
	return &Encoder{enc: enc}, nil
}

// Encode codes one frame of FrameSize samples, full scale ±1, into out, which
// should have room for MaxPacket bytes, and returns the packet's length.
func (e *Encoder) Encode(pcm []float32, out []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("encode: %w: panic: %v", ErrCodec, r)
		}
	}()
	n, err = e.enc.Encode(pcm, out)
	if err != nil {
		return 0, fmt.Errorf("encode: %w: %w", ErrCodec, err)
	}
	if n == 0 {
		return 0, fmt.Errorf("encode: %w: no packet for a whole frame", ErrCodec)
	}
	return n, nil
}

// DisablePrediction makes the frames that follow independent of the ones
// before them (libopus: OPUS_SET_PREDICTION_DISABLED), until it is called with
// false. It is what lets separately encoded stretches be joined.
func (e *Encoder) DisablePrediction(disabled bool) { e.enc.SetPredictionDisabled(disabled) }

// SetComplexity changes the complexity, 0 to 10, from the next frame on.
func (e *Encoder) SetComplexity(complexity int) error {
	if err := e.enc.SetComplexity(complexity); err != nil {
		return fmt.Errorf("set complexity %d: %w: %w", complexity, ErrCodec, err)
	}
	return nil
}

// Reset puts the encoder back into its initial state; settings stay.
func (e *Encoder) Reset() { e.enc.Reset() }
