// Package opus knows Opus packets and codes them.
//
// packet.go reads what a packet says about itself without decoding it (RFC
// 6716 section 3) and makes the silent packets and the identification header
// (RFC 7845 section 5.1) that padding needs. It never looks at the coded audio.
package opus

import (
	"bytes"
	"encoding/binary"
)

// Limits of RFC 6716.
const (
	// MaxSamples is the longest packet: 120 ms at 48 kHz.
	MaxSamples = 5760
	// MaxFrameBytes is the longest coded frame.
	MaxFrameBytes = 1275
	// MaxPacketBytes bounds what this project takes for a packet: 48 frames of
	// the largest size with their lengths. Padding could make a legal packet
	// longer; nobody does that.
	MaxPacketBytes = 48*(MaxFrameBytes+2) + 2
)

// Samples returns a packet's length in samples per channel at 48 kHz: 120 to
// 5760. It returns 0 for a packet that breaks the rules of RFC 6716 section
// 3.4, which a decoder would refuse.
func Samples(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	frame := frameSamples(packet[0])
	rest := packet[1:]
	switch packet[0] & 3 {
	case 0: // one frame
		if len(rest) > MaxFrameBytes {
			return 0
		}
		return frame
	case 1: // two frames of one size
		if len(rest)%2 != 0 || len(rest)/2 > MaxFrameBytes {
			return 0
		}
		return 2 * frame
	case 2: // two frames, the first one's size given
		first, n := frameLength(rest)
		if n == 0 || first > len(rest)-n || len(rest)-n-first > MaxFrameBytes {
			return 0
		}
		return 2 * frame
	default:
		return manySamples(frame, rest)
	}
}

// frameSamples reads the frame length from a packet's first byte (TOC).
func frameSamples(toc byte) int {
	config := toc >> 3
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		return 120 << (config & 3)
	}
}

// frameLength reads a frame's size (RFC 6716 section 3.2.1); n is how many
// bytes it takes, 0 when they are not there.
func frameLength(b []byte) (size, n int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0] < 252:
		return int(b[0]), 1
	case len(b) < 2:
		return 0, 0
	}
	return int(b[1])*4 + int(b[0]), 2
}

// manySamples checks a packet with any number of frames (code 3); rest is what
// follows the TOC byte.
func manySamples(frame int, rest []byte) int {
	if len(rest) == 0 {
		return 0
	}
	const vbr, padded = 0x80, 0x40
	flags := rest[0]
	count := int(flags & 0x3f)
	rest = rest[1:]
	if count == 0 || count*frame > MaxSamples {
		return 0
	}
	if flags&padded != 0 {
		skip := 0
		for {
			if len(rest) == 0 {
				return 0
			}
			b := int(rest[0])
			rest = rest[1:]
			if b != 255 {
				skip += b
				break
			}
			skip += 254
		}
		if skip > len(rest) {
			return 0
		}
		rest = rest[:len(rest)-skip]
	}
	if flags&vbr == 0 {
		if len(rest)%count != 0 || len(rest)/count > MaxFrameBytes {
			return 0
		}
		return count * frame
	}
	sum := 0
	for range count - 1 {
		size, n := frameLength(rest)
		if n == 0 {
			return 0
		}
		rest = rest[n:]
		sum += size
	}
	if last := len(rest) - sum; last < 0 || last > MaxFrameBytes {
		return 0
	}
	return count * frame
}

// The silent packets: CELT, full band, mono, with the silence flag set
// (RFC 6716 section 4.3: a first symbol so coded makes the rest of the frame
// empty). Any decoder turns them into zeros.
var (
	silence120  = []byte{0xe0, 0xff, 0xfe}
	silence240  = []byte{0xe8, 0xff, 0xfe}
	silence480  = []byte{0xf0, 0xff, 0xfe}
	silence960  = []byte{0xf8, 0xff, 0xfe}
	silence5760 = []byte{0xfb, 6, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe}
)

// SilenceStep is the shortest silent packet in samples; every silence is a
// multiple of it.
const SilenceStep = 120

// Silence returns the silent packet of 120, 240, 480, 960 or 5760 samples (2.5
// to 20 ms and 120 ms), and nil for any other length. It is shared: do not
// change it.
func Silence(samples int) []byte {
	switch samples {
	case 120:
		return silence120
	case 240:
		return silence240
	case 480:
		return silence480
	case 960:
		return silence960
	case MaxSamples:
		return silence5760
	}
	return nil
}

// NextSilence returns the longest silent packet that is not longer than n
// samples, with its length; nil below 120.
func NextSilence(n int64) ([]byte, int) {
	switch {
	case n >= MaxSamples:
		return silence5760, MaxSamples
	case n >= 960:
		return silence960, 960
	case n >= 480:
		return silence480, 480
	case n >= 240:
		return silence240, 240
	case n >= 120:
		return silence120, 120
	}
	return nil, 0
}

// IsSilence reports whether packet is one of those that Silence makes. It says
// no to an encoder's own quiet packets.
func IsSilence(packet []byte) bool {
	switch len(packet) {
	case 3:
		return packet[0]&^0x18 == 0xe0 && packet[1] == 0xff && packet[2] == 0xfe
	case 14:
		return bytes.Equal(packet, silence5760)
	}
	return false
}

// A Head is an Opus identification header (RFC 7845 section 5.1), which
// Matroska keeps as CodecPrivate.
type Head struct {
	Channels   int
	PreSkip    int // samples at 48 kHz to drop at the start: 0 to 65535
	SampleRate int // of the source before coding, in Hz; 0 when not known. Packets are always on the 48 kHz clock
	Gain       int // dB · 256, to be applied by the decoder
	// Mapping is the channel mapping family. In families other than 0 a
	// packet holds several streams, which this project does not take.
	Mapping int
}

// headBytes is the length of a header of mapping family 0.
const headBytes = 19

// ParseHead reads an identification header; ok is false when b is none or is
// of a version that RFC 7845 tells not to read.
func ParseHead(b []byte) (h Head, ok bool) {
	if len(b) < headBytes || string(b[:8]) != "OpusHead" || b[8]&0xf0 != 0 {
		return Head{}, false
	}
	h = Head{
		Channels:   int(b[9]),
		PreSkip:    int(binary.LittleEndian.Uint16(b[10:])),
		SampleRate: int(binary.LittleEndian.Uint32(b[12:])),
		Gain:       int(int16(binary.LittleEndian.Uint16(b[16:]))),
		Mapping:    int(b[18]),
	}
	if h.Channels == 0 || h.Mapping == 0 && h.Channels > 2 {
		return Head{}, false
	}
	return h, true
}

// Append appends the header in its written form, of mapping family 0, to b.
func (h Head) Append(b []byte) []byte {
	b = append(b, "OpusHead\x01"...)
	b = append(b, byte(h.Channels))
	b = binary.LittleEndian.AppendUint16(b, uint16(h.PreSkip))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.SampleRate))
	b = binary.LittleEndian.AppendUint16(b, uint16(int16(h.Gain)))
	return append(b, 0)
}
