// Package track opens a track file of any kind that Trackscribe reads: Opus in
// WebM (what Daily records), Opus in Ogg, PCM in WAV. It finds out which by the
// first bytes, never by the name, and says clearly what a file is that it does
// not read.
package track

import (
	"errors"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/ogg"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/stream"
	"github.com/trackscribe/trackscribe/internal/audio/wav"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
)

// Options bound what a file may be. The zero value is the limit of a meeting.
type Options struct {
	MaxBytes int64         // of the file; 0: 2 GiB
	MaxTime  time.Duration // largest time stamp; 0: 12 h
}

// A Track is an open track file. Exactly one of Packets and PCM is set.
type Track struct {
	Container string // "webm", "ogg" or "wav"
	// Packets are the track's Opus packets, and Head its Opus header.
	Packets audio.PacketReader
	Head    opus.Head
	// PCM is the track's sound, mixed down to one channel.
	PCM *wav.Reader
	// RecordingClock says that time stamps count from the recording's start,
	// as in Daily's WebM files. Ogg and WAV files have no such clock.
	RecordingClock bool

	warnings func() []string
}

// Warnings says what was wrong with the file so far without making it
// unreadable.
func (t *Track) Warnings() []string { return t.warnings() }

// ErrUnknown says that a file is nothing that is known here. It is bad data.
var ErrUnknown = &audio.DataError{
	Reason: "the file is no audio container known here",
	Tip:    "tracks must be Opus in WebM or Ogg, or PCM in WAV; an HTML or XML error page saved as a track looks like this too",
}

// Open reads a file's beginning.
//
// All it says about the file itself is bad data (audio.IsBadData):
// audio.ErrEmpty, ErrUnknown, *audio.UnsupportedCodecError,
// *audio.NoAudioError and the errors of webm, ogg and wav.
func Open(r io.Reader, opt Options) (*Track, error) {
	src := stream.New(r, opt.MaxBytes)
	b, err := src.Peek(sniffBytes)
	if errors.Is(err, io.EOF) {
		return nil, audio.ErrEmpty
	}
	if err != nil && !errors.Is(err, stream.ErrCut) {
		return nil, err
	}
	switch kind := sniff(b); kind {
	case kindWebM:
		in, err := webm.FromSource(src, webm.Options{MaxTime: opt.MaxTime})
		if err != nil {
			return nil, err
		}
		return &Track{Container: "webm", Packets: in, Head: in.Head(), RecordingClock: true, warnings: in.Warnings}, nil
	case kindOgg:
		in, err := ogg.FromSource(src, ogg.Options{MaxTime: opt.MaxTime})
		if err != nil {
			return nil, err
		}
		return &Track{Container: "ogg", Packets: in, Head: in.Head(), warnings: in.Warnings}, nil
	case kindWAV:
		in, err := wav.FromSource(src)
		if err != nil {
			return nil, err
		}
		return &Track{Container: "wav", PCM: in, Head: opus.Head{Channels: 1, SampleRate: in.Format().SampleRate}, warnings: in.Warnings}, nil
	case kindUnknown:
		return nil, ErrUnknown
	default:
		return nil, refuse(kind)
	}
}
