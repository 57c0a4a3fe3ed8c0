// Package wav reads PCM from WAV files as a stream of mono samples.
//
// It takes 8, 16, 24 and 32 bit integers and 32 bit floats, any number of
// channels, unknown and wrong sizes, and files cut off in the middle. It does
// not resample, seek or write.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/stream"
)

// Errors of files that cannot be read. All are bad data.
var (
	ErrNotWAV = &audio.DataError{
		Reason: "the file is not WAV",
		Tip:    "tracks must be Opus in WebM or Ogg, or PCM in WAV",
	}
	ErrHeader = &audio.DataError{
		Reason: "the file's WAV header is damaged",
		Tip:    "fetch the track again; if it stays so, the recorder wrote a broken file",
	}
)

// Limits of what is believed.
const (
	minRate, maxRate = 1000, 384000
	maxChannels      = 64
	maxChunk         = 1 << 20 // of a format chunk
	readFrames       = 4096
)

// A Reader reads samples. It is for one goroutine.
type Reader struct {
	src      *stream.Reader
	format   audio.Format
	decode   func([]byte) float32
	width    int   // bytes per sample of one channel
	left     int64 // bytes of sound still to come; -1: up to the file's end
	err      error
	warnings []string
}

// NewReader reads a file's header.
//
// Errors that are bad data: audio.ErrEmpty, ErrNotWAV, ErrHeader,
// *audio.UnsupportedCodecError.
func NewReader(r io.Reader) (*Reader, error) { return FromSource(stream.New(r, 0)) }

// FromSource is NewReader for a stream whose beginning was looked at already.
func FromSource(src *stream.Reader) (*Reader, error) {
	b, err := src.Next(12)
	switch {
	case errors.Is(err, io.EOF):
		return nil, audio.ErrEmpty
	case errors.Is(err, stream.ErrCut):
		return nil, ErrNotWAV
	case err != nil:
		return nil, err
	}
	form, kind := string(b[:4]), string(b[8:12])
	if form == "RIFX" {
		return nil, &audio.UnsupportedCodecError{Codec: "big-endian pcm", Container: "wav"}
	}
	if form != "RIFF" && form != "RF64" || kind != "WAVE" {
		return nil, ErrNotWAV
	}
	d := &Reader{src: src}
	err = d.chunks(form == "RF64")
	if errors.Is(err, io.EOF) || errors.Is(err, stream.ErrCut) {
		return nil, ErrHeader
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// chunks reads up to the beginning of the sound.
func (d *Reader) chunks(rf64 bool) error {
	const unknown = math.MaxUint32
	for {
		b, err := d.src.Next(8)
		if err != nil {
			return err
		}
		id, size := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
		switch id {
		case "fmt ":
			if size > maxChunk {
				return ErrHeader
			}
			b, err := d.src.Next(int(size))
			if err != nil {
				return err
			}
			if err := d.setFormat(b); err != nil {
				return err
			}
		case "data":
			if d.decode == nil {
				return ErrHeader
			}
			d.left = size
			// Recorders that cannot go back leave one of these; RF64 keeps
			// its size elsewhere, and the sound is last there.
			if size == 0 || size == unknown || rf64 {
				d.left = -1
			}
			return nil
		default:
			if err := d.src.Skip(size); err != nil {
				return err
			}
		}
		if size%2 == 1 { // chunks are padded to even lengths
			if err := d.src.Skip(1); err != nil {
				return err
			}
		}
	}
}

// Format tags of WAVEFORMATEX.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE
)

// setFormat reads a format chunk.
func (d *Reader) setFormat(b []byte) error {
	if len(b) < 16 {
		return ErrHeader
	}
	tag := binary.LittleEndian.Uint16(b)
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := int(binary.LittleEndian.Uint32(b[4:]))
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	if tag == tagExtensible {
		if len(b) < 40 {
			return ErrHeader
		}
		tag = binary.LittleEndian.Uint16(b[24:]) // the GUID begins with the tag
	}
	codec := ""
	switch {
	case tag == tagPCM && bits == 8:
		codec, d.decode = "pcm_u8", func(b []byte) float32 { return float32(int(b[0])-128) / 128 }
	case tag == tagPCM && bits == 16:
		codec, d.decode = "pcm_s16le", func(b []byte) float32 {
			return float32(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
		}
	case tag == tagPCM && bits == 24:
		codec, d.decode = "pcm_s24le", func(b []byte) float32 {
			return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}
	case tag == tagPCM && bits == 32:
		codec, d.decode = "pcm_s32le", func(b []byte) float32 {
			return float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
		}
	case tag == tagFloat && bits == 32:
		codec, d.decode = "pcm_f32le", func(b []byte) float32 {
			v := math.Float32frombits(binary.LittleEndian.Uint32(b))
			if v != v {
				return 0
			}
			return max(-1, min(1, v))
		}
	default:
		return &audio.UnsupportedCodecError{Codec: codecName(tag, bits), Container: "wav"}
	}
	if channels < 1 || channels > maxChannels || rate < minRate || rate > maxRate {
		return ErrHeader
	}
	d.width = bits / 8
	d.format = audio.Format{Codec: codec, SampleRate: rate, Channels: channels}
	return nil
}

// codecName names a format that is not read.
func codecName(tag uint16, bits int) string {
	switch tag {
	case tagPCM, tagFloat:
		return fmt.Sprintf("pcm of %d bits (format %d)", bits, tag)
	case 2, 0x11:
		return "adpcm"
	case 6:
		return "pcm_alaw"
	case 7:
		return "pcm_mulaw"
	case 0x50, 0x55:
		return "mp3"
	case 0xFF, 0x1600, 0x1602, 0x1610, 0xA106:
		return "aac"
	case 0x704F:
		return "opus"
	}
	return fmt.Sprintf("format 0x%04x", tag)
}

// Format says what the file holds; the samples that Read gives are mono at its
// SampleRate.
func (d *Reader) Format() audio.Format { return d.format }

// Warnings says what was wrong with the file so far without making it
// unreadable.
func (d *Reader) Warnings() []string { return d.warnings }

// Read fills dst with samples from -1 to 1, the mean of all channels, and
// returns how many. It returns io.EOF, with no samples, after the last, also
// where the file is cut off (which Warnings then says), and what the
// underlying reader said when that fails.
func (d *Reader) Read(dst []float32) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	if len(dst) == 0 {
		return 0, nil
	}
	frame := d.width * d.format.Channels
	want := min(len(dst), readFrames) * frame
	if d.left >= 0 {
		want = int(min(int64(want), d.left-d.left%int64(frame)))
	}
	if want == 0 {
		d.err = io.EOF
		return 0, d.err
	}
	b, err := d.src.Peek(want)
	if errors.Is(err, stream.ErrCut) || errors.Is(err, io.EOF) {
		if d.left > 0 {
			d.warnings = append(d.warnings, "the file is shorter than its header says")
		}
		d.err = io.EOF
	} else if err != nil {
		d.err = err
		return 0, err
	}
	n := len(b) / frame
	if n == 0 {
		return 0, d.err
	}
	scale := 1 / float32(d.format.Channels)
	for i := range n {
		sum := float32(0)
		for range d.format.Channels {
			sum += d.decode(b)
			b = b[d.width:]
		}
		dst[i] = sum * scale
	}
	if d.left > 0 {
		d.left -= int64(n * frame)
	}
	return n, d.src.Skip(int64(n * frame))
}
