package webm

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// Track types (RFC 9559 section 5.1.4.1.3).
const (
	typeVideo = 1
	typeAudio = 2
)

// entry is what a file says about one of its tracks.
type entry struct {
	number   int64
	kind     int64
	codec    string
	private  []byte
	delay    time.Duration
	channels int64
	strip    []byte // bytes that every packet begins with and that were left out
	encoded  bool   // packets are coded in a way that is not undone here
}

// parseTracks reads the body of a Tracks element.
func parseTracks(b []byte) ([]entry, error) {
	var all []entry
	err := children(b, func(id uint32, b []byte) error {
		if id != idTrackEntry || len(all) == maxTracks {
			return nil
		}
		e := entry{channels: 1}
		err := children(b, e.set)
		all = append(all, e)
		return err
	})
	return all, err
}

// set takes one child of a TrackEntry.
func (e *entry) set(id uint32, b []byte) error {
	ok := true
	switch id {
	case idTrackNumber:
		e.number, ok = uintOf(b)
	case idTrackType:
		e.kind, ok = uintOf(b)
	case idCodecID:
		e.codec = clean(b)
	case idCodecPrivate:
		e.private = bytes.Clone(b)
	case idCodecDelay:
		// A value out of range is a recorder's mistake like any wrong
		// delay: the reader ignores it.
		v, fits := uintOf(b)
		if !fits {
			v = int64(time.Hour)
		}
		e.delay = time.Duration(v)
	case idAudio:
		return children(b, func(id uint32, b []byte) error {
			if id == idChannels {
				e.channels, ok = uintOf(b)
				if !ok {
					return errDamaged
				}
			}
			return nil
		})
	case idEncodings:
		return e.encodings(b)
	}
	if !ok {
		return errDamaged
	}
	return nil
}

// encodings reads ContentEncodings. One of them is undone here: stripping the
// bytes that all packets share.
func (e *entry) encodings(b []byte) error {
	return children(b, func(id uint32, b []byte) error {
		if id != idEncoding {
			return nil
		}
		scope, kind, algo := int64(1), int64(0), int64(0)
		var settings []byte
		ok := true
		err := children(b, func(id uint32, b []byte) error {
			switch id {
			case idEncodingScope:
				scope, ok = uintOf(b)
			case idEncodingType:
				kind, ok = uintOf(b)
			case idCompression:
				return children(b, func(id uint32, b []byte) error {
					switch id {
					case idCompAlgo:
						algo, ok = uintOf(b)
					case idCompSettings:
						settings = bytes.Clone(b)
					}
					return nil
				})
			}
			return nil
		})
		const packets, compression, stripping = 1, 0, 3
		switch {
		case err != nil:
			return err
		case !ok:
			return errDamaged
		case scope&packets == 0:
		case kind == compression && algo == stripping && e.strip == nil:
			e.strip = settings
		default:
			e.encoded = true
		}
		return nil
	})
}

// choose picks the track to read: the first one with Opus.
func choose(all []entry) (entry, opus.Head, error) {
	other := ""
	for _, e := range all {
		if e.kind != typeAudio {
			continue
		}
		if e.codec != "A_OPUS" {
			if other == "" {
				other = e.codec
			}
			continue
		}
		if e.encoded {
			return e, opus.Head{}, ErrEncoded
		}
		head, ok := opus.ParseHead(e.private)
		if !ok { // live recorders have been seen to leave it out
			head = opus.Head{Channels: int(min(e.channels, 3)), SampleRate: audio.SampleRate}
		}
		if head.Mapping != 0 || head.Channels < 1 || head.Channels > 2 {
			what := fmt.Sprintf("%s with %d channels, mapping family %d", e.codec, max(int64(head.Channels), e.channels), head.Mapping)
			return e, head, &audio.UnsupportedCodecError{Codec: what, Container: "webm"}
		}
		return e, head, nil
	}
	if other != "" {
		return entry{}, opus.Head{}, &audio.UnsupportedCodecError{Codec: other, Container: "webm"}
	}
	return entry{}, opus.Head{}, &audio.NoAudioError{Holds: holds(all)}
}

// holds says in words which tracks there are.
func holds(all []entry) string {
	if len(all) == 0 {
		return "no tracks"
	}
	var words []string
	for _, e := range all {
		kind := "other data"
		if e.kind == typeVideo {
			kind = "video"
		}
		words = append(words, fmt.Sprintf("%s (%s)", kind, e.codec))
		if len(words) == 3 && len(all) > 3 {
			words = append(words, fmt.Sprintf("%d more", len(all)-3))
			break
		}
	}
	return strings.Join(words, ", ")
}

// clean makes a codec's name fit for an error text.
func clean(b []byte) string {
	if len(b) > 40 {
		b = b[:40]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(b))
}
