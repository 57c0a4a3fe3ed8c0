package track

import (
	"bytes"

	"github.com/trackscribe/trackscribe/internal/audio"
)

// sniffBytes is how much of a file's beginning is looked at.
const sniffBytes = 32

// kind is a file type.
type kind int

const (
	kindUnknown kind = iota
	kindWebM
	kindOgg
	kindWAV
	kindMP4
	kindMP3
	kindAAC
	kindFLAC
	kindAVI
	kindTS
	kindText
)

// sniff tells a file type by its first bytes.
func sniff(b []byte) kind {
	at := func(i int, magic string) bool {
		return len(b) >= i+len(magic) && string(b[i:i+len(magic)]) == magic
	}
	switch {
	case at(0, "\x1a\x45\xdf\xa3"):
		return kindWebM
	case at(0, "OggS"):
		return kindOgg
	case at(0, "RIFF") && at(8, "WAVE"), at(0, "RF64") && at(8, "WAVE"), at(0, "RIFX"):
		return kindWAV
	case at(0, "RIFF") && at(8, "AVI "):
		return kindAVI
	case at(4, "ftyp"), at(4, "moov"), at(4, "mdat"):
		return kindMP4
	case at(0, "ID3"):
		return kindMP3
	case at(0, "fLaC"):
		return kindFLAC
	case len(b) >= 2 && b[0] == 0xff && b[1]&0xf6 == 0xf0:
		return kindAAC // ADTS
	case len(b) >= 2 && b[0] == 0xff && b[1]&0xe0 == 0xe0 && b[1]&0x06 != 0:
		return kindMP3 // a frame header
	case len(b) == sniffBytes && b[0] == 0x47 && b[1]&0x80 == 0 && b[3]&0x10 != 0:
		return kindTS
	case looksLikeText(b):
		return kindText
	}
	return kindUnknown
}

// looksLikeText reports whether b begins like an error page or a document that
// was saved in a track's place.
func looksLikeText(b []byte) bool {
	b = bytes.TrimLeft(b, "\ufeff \t\r\n")
	return len(b) > 0 && (b[0] == '<' || b[0] == '{' || b[0] == '[')
}

// refuse returns the error for a file type that is known but not read.
func refuse(k kind) error {
	switch k {
	case kindMP4:
		return &audio.UnsupportedCodecError{Codec: "aac or other", Container: "mp4"}
	case kindMP3:
		return &audio.UnsupportedCodecError{Codec: "mp3", Container: "mp3"}
	case kindAAC:
		return &audio.UnsupportedCodecError{Codec: "aac", Container: "adts"}
	case kindFLAC:
		return &audio.UnsupportedCodecError{Codec: "flac", Container: "flac"}
	case kindAVI:
		return &audio.UnsupportedCodecError{Codec: "video", Container: "avi"}
	case kindTS:
		return &audio.UnsupportedCodecError{Codec: "video", Container: "mpeg-ts"}
	case kindText:
		return &audio.DataError{
			Reason: "the file is text, not audio",
			Tip:    "a storage error page was probably saved in the track's place; fetch the track again",
		}
	}
	return ErrUnknown
}
