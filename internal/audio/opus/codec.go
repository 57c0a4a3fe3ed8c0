package opus

import (
	"errors"
	"fmt"

	"github.com/thesyncim/gopus"
)

// MaxPacket is a size in bytes that holds every packet that an Encoder makes.
const MaxPacket = 4000

// ErrCodec marks errors of the codec itself about a packet or a frame. The
// codec stays usable after it.
var ErrCodec = errors.New("opus codec")

// DecoderOptions says what a Decoder puts out. The zero value is 48 kHz mono.
type DecoderOptions struct {
	SampleRate int // Hz: 8000, 12000, 16000, 24000 or 48000; 0: 48000
	Channels   int // 1 or 2, whatever the packets carry; 0: 1
}

// A Decoder turns one track's packets into PCM. It is not safe for concurrent
// use.
type Decoder struct {
	dec      *gopus.Decoder
	rate     int
	channels int
}

// NewDecoder returns a decoder in its initial state.
func NewDecoder(o DecoderOptions) (*Decoder, error) {
	if o.SampleRate == 0 {
		o.SampleRate = 48000
	}
	if o.Channels == 0 {
		o.Channels = 1
	}
	d := &Decoder{rate: o.SampleRate, channels: o.Channels}
	if err := d.renew(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Decoder) renew() error {
	dec, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(d.rate, d.channels))
	if err != nil {
		return fmt.Errorf("make %d Hz, %d channel decoder: %w: %w", d.rate, d.channels, ErrCodec, err)
	}
	d.dec = dec
	return nil
}

// Decode decodes packet into out, interleaved float32 with full scale ±1, and
// returns the number of samples per channel. Room for MaxSamples samples per
// channel, scaled to the output rate, holds every packet.
//
// A packet that cannot be decoded gives an error wrapping ErrCodec. Even a
// panic inside the codec ends here: the decoder then starts over from its
// initial state, because what the panic left behind cannot be trusted.
func (d *Decoder) Decode(packet []byte, out []float32) (n int, err error) {
	if len(packet) == 0 {
		return 0, fmt.Errorf("decode: empty packet: %w", ErrCodec)
	}
	return d.decode(packet, out)
}

// Conceal fills out, whose length says how much is missing, with what the
// decoder guesses for a lost packet; before any packet that is silence.
func (d *Decoder) Conceal(out []float32) (n int, err error) {
	if len(out) == 0 {
		return 0, nil
	}
	return d.decode(nil, out)
}

func (d *Decoder) decode(packet []byte, out []float32) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("decode: %w: panic: %v", ErrCodec, r)
			if renewErr := d.renew(); renewErr != nil {
				err = errors.Join(err, renewErr)
			}
		}
	}()
	n, err = d.dec.Decode(packet, out)
	if err != nil {
		return 0, fmt.Errorf("decode: %w: %w", ErrCodec, err)
	}
	if n < 0 || n*d.channels > len(out) {
		return 0, fmt.Errorf("decode: %w: %d samples in a buffer of %d", ErrCodec, n, len(out))
	}
	return n, nil
}

// Reset puts the decoder back into its initial state.
func (d *Decoder) Reset() { d.dec.Reset() }
