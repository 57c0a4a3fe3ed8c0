package mix

import "github.com/trackscribe/trackscribe/internal/audio/opus"

// A frameEncoder is an encoder that works less on what is hardly heard, and not
// on silence.
type frameEncoder struct {
	enc        *opus.Encoder
	complexity int    // that was asked for
	now        int    // that is set
	silence    []byte // the last packet, if it was a silent frame's
	settled    bool   // the encoder gives nothing but that any more
}

func newFrameEncoder(opt Options) (*frameEncoder, error) {
	// A new one each time: resetting leaves traces of what came before, and
	// then the bytes would depend on which worker had which segment.
	enc, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: opt.Bitrate, Complexity: opt.Complexity})
	if err != nil {
		return nil, err
	}
	return &frameEncoder{enc: enc, complexity: opt.Complexity, now: opt.Complexity}, nil
}

const (
	// inaudible is the level under which a frame counts as silence: -140 dBFS.
	inaudible = 1e-7
	// quiet is the level under which a frame is but the room between words:
	// -50 dBFS at its loudest sample. What a higher complexity gains, 0.1 dB
	// at 3, is not heard there, and costs a third of the encoder's time.
	quiet           = 3e-3
	quietComplexity = 1
)

// encode codes one frame. cut makes it independent of the frames before.
func (f *frameEncoder) encode(pcm []float32, peak float32, out []byte, cut bool) (int, error) {
	silent := peak < inaudible
	if silent && f.settled {
		// The encoder stands still meanwhile, as the decoder at the other end
		// does: silent frames change neither's state once it has settled.
		return copy(out, f.silence), nil
	}
	complexity := f.complexity
	if peak < quiet {
		complexity = min(complexity, quietComplexity)
	}
	if complexity != f.now {
		if err := f.enc.SetComplexity(complexity); err != nil {
			return 0, err
		}
		f.now = complexity
	}
	if cut {
		f.enc.DisablePrediction(true)
		defer f.enc.DisablePrediction(false)
	}
	n, err := f.enc.Encode(pcm, out)
	if err != nil {
		return 0, err
	}
	const silentBytes = 3
	if silent && n <= silentBytes {
		f.settled = string(f.silence) == string(out[:n])
		f.silence = append(f.silence[:0], out[:n]...)
	} else {
		f.settled = false
		f.silence = f.silence[:0]
	}
	return n, nil
}
