package audio

import (
	"errors"
	"fmt"
)

// A DataError says that a file is at fault: reading it again will not help.
// Its text never holds the file's name or contents beyond codec and container
// names.
type DataError struct {
	Reason string
	Tip    string // what people can do about it; may be empty
}

func (e *DataError) Error() string { return e.Reason }

// Permanent reports true: whoever runs the step must not retry.
func (e *DataError) Permanent() bool { return true }

// Hint tells people what to do next; empty when there is nothing to say.
func (e *DataError) Hint() string { return e.Tip }

// Errors that more than one container can give. All are bad data.
var (
	ErrEmpty = &DataError{
		Reason: "the file is empty",
		Tip:    "a track without any audio still has a container header; a file of 0 bytes was probably not uploaded completely",
	}
	ErrTooBig = &DataError{
		Reason: "the file is larger than the limit",
		Tip:    "one participant's track of a 12-hour meeting has less than 500 MB; is this a video file?",
	}
	ErrTooLong = &DataError{
		Reason: "the track's time stamps reach beyond the longest meeting",
		Tip:    "the recorder's clock was probably broken; check the track's start time with ffprobe",
	}
)

// An UnsupportedCodecError says that a track's audio is coded in a way that is
// not read here. It is bad data.
type UnsupportedCodecError struct {
	Codec     string // as the container names it: "A_VORBIS", "mp4a", …
	Container string // "webm", "ogg", "wav", …
}

func (e *UnsupportedCodecError) Error() string {
	return fmt.Sprintf("audio codec %q in %s is not supported", e.Codec, e.Container)
}

// Permanent reports true.
func (e *UnsupportedCodecError) Permanent() bool { return true }

// Hint tells people what to do next.
func (e *UnsupportedCodecError) Hint() string {
	return "tracks must be Opus in WebM or Ogg, or PCM in WAV; convert with: ffmpeg -i TRACK -vn -c:a libopus track.webm"
}

// A NoAudioError says that a file has no audio track. It is bad data.
type NoAudioError struct {
	Holds string // what the file does hold: "video (V_VP8)", "nothing", …
}

func (e *NoAudioError) Error() string { return "the file has no audio track: it holds " + e.Holds }

// Permanent reports true.
func (e *NoAudioError) Permanent() bool { return true }

// Hint tells people what to do next.
func (e *NoAudioError) Hint() string {
	return "only audio tracks (Daily: cam-audio) belong in the recording's list of tracks"
}

// IsBadData reports whether err says that the file itself is at fault, so that
// another attempt is of no use. An error in reading the file is not that.
func IsBadData(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}
