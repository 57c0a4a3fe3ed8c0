package mix

import "github.com/trackscribe/trackscribe/internal/audio/opus"

// A frameEncoder is an encoder that does not work on long silence.
type frameEncoder struct {
	enc     *opus.Encoder
	silence []byte // the last packet, if it was a silent frame's
	settled bool   // the encoder gives nothing but that any more
}

func newFrameEncoder(opt Options) (*frameEncoder, error) {
	// A new one each time: resetting leaves traces of what came before, and
	// then the bytes would depend on which worker had which segment.
	enc, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: opt.Bitrate, Complexity: opt.Complexity})
	if err != nil {
		return nil, err
	}
	return &frameEncoder{enc: enc}, nil
}

// inaudible is the level under which a frame counts as silence: -140 dBFS.
const inaudible = 1e-7

// encode codes one frame. cut makes it independent of the frames before.
func (f *frameEncoder) encode(pcm []float32, peak float32, out []byte, cut bool) (int, error) {
	silent := peak < inaudible
	if silent && f.settled {
		// The encoder stands still meanwhile, as the decoder at the other end
		// does: silent frames change neither's state once it has settled.
		return copy(out, f.silence), nil
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
