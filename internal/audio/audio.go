// Package audio holds the few words that Trackscribe's containers, codecs and
// mixers share: the sample clock, a packet, a stream of packets. It does no
// work itself.
package audio

// SampleRate is the clock that positions and lengths are counted in: Opus'
// 48 kHz, whatever rate a track was recorded at.
const SampleRate = 48000

// Samples converts seconds to samples of the 48 kHz clock, rounded.
func Samples(seconds float64) int64 {
	if seconds < 0 {
		return -Samples(-seconds)
	}
	return int64(seconds*SampleRate + 0.5)
}

// Seconds converts samples of the 48 kHz clock to seconds.
func Seconds(samples int64) float64 { return float64(samples) / SampleRate }

// A Format says what a track's packets are.
type Format struct {
	Codec      string // "opus", "pcm_s16le", …: lower-case names as ffmpeg has them
	SampleRate int    // of the source in Hz; 48000 for Opus
	Channels   int    // of the source
	PreSkip    int64  // samples of the 48 kHz clock that a player drops at the start (Matroska: CodecDelay)
}

// A Packet is one coded packet of a track.
type Packet struct {
	// Time is the packet's own time stamp: nanoseconds on the container's
	// clock, after the container's own corrections (Matroska: CodecDelay).
	Time int64
	// Data belongs to the reader and is valid until its next call.
	Data []byte
}

// A PacketReader reads one track's packets in file order. Next returns io.EOF
// after the last; a file cut off in the middle ends with io.EOF too and says
// so through Warnings of the reader's own.
type PacketReader interface {
	Format() Format
	Next() (Packet, error)
}
