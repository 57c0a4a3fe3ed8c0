package audiotest

import (
	"bytes"
	"fmt"

	"github.com/thesyncim/gopus"
)

// Coding says how PCM is coded. The zero value is mono 32 kbit/s voice in
// packets of 20 ms, as browsers send it.
type Coding struct {
	Channels     int     // 0: 1
	Bitrate      int     // bit/s; 0: 32000
	Milliseconds float64 // of a packet: 2.5, 5, 10, 20, 40, 60, 120; 0: 20
	Music        bool    // the general audio application (CELT) instead of voice
	DTX          bool    // say nothing in silence: packets of 2 bytes at most, which a recorder leaves out
	FEC          bool
}

// Lookahead is the delay in samples of everything that Encode makes.
const Lookahead = 312

// Encode codes mono PCM at 48 kHz; stereo gets a second channel that is a
// little softer and later. The last packet is filled with silence.
func Encode(pcm []float32, c Coding) ([][]byte, error) {
	if c.Channels == 0 {
		c.Channels = 1
	}
	if c.Bitrate == 0 {
		c.Bitrate = 32000
	}
	if c.Milliseconds == 0 {
		c.Milliseconds = 20
	}
	app := gopus.ApplicationVoIP
	if c.Music {
		app = gopus.ApplicationAudio
	}
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: Rate, Channels: c.Channels, Application: app})
	if err != nil {
		return nil, fmt.Errorf("make encoder: %w", err)
	}
	frame := int(c.Milliseconds * Rate / 1000)
	for _, set := range []error{enc.SetBitrate(c.Bitrate), enc.SetComplexity(3), enc.SetFrameSize(frame)} {
		if set != nil {
			return nil, fmt.Errorf("set encoder: %w", set)
		}
	}
	enc.SetDTX(c.DTX)
	if c.FEC {
		enc.SetFEC(true)
		if err := enc.SetPacketLoss(10); err != nil {
			return nil, fmt.Errorf("set encoder: %w", err)
		}
	}
	var packets [][]byte
	buf := make([]byte, 8000)
	in := make([]float32, frame*c.Channels)
	for at := 0; at < len(pcm); at += frame {
		for i := range frame {
			for ch := range c.Channels {
				v, from := float32(0), at+i-20*ch
				if from >= 0 && from < len(pcm) {
					v = pcm[from] * (1 - 0.3*float32(ch))
				}
				in[i*c.Channels+ch] = v
			}
		}
		n, err := enc.Encode(in, buf)
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		packets = append(packets, bytes.Clone(buf[:n]))
	}
	return packets, nil
}
