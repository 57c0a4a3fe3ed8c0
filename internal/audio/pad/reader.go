package pad

import (
	"errors"
	"fmt"
	"io"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
)

// ErrNotPadded says that a file's packets do not follow each other without
// gaps. It is bad data.
var ErrNotPadded = &audio.DataError{
	Reason: "the track is not padded: its packets do not follow one another",
	Tip:    "give the file that pad-track wrote, not the raw track",
}

// A Reader reads a padded track: every packet with its position. It is for one
// goroutine.
type Reader struct {
	in  *webm.Reader
	pos int64
}

// Open reads the beginning of a padded track.
func Open(r io.Reader) (*Reader, error) {
	in, err := webm.NewReader(r, webm.Options{})
	if err != nil {
		return nil, fmt.Errorf("open padded track: %w", err)
	}
	return &Reader{in: in, pos: -in.Format().PreSkip}, nil
}

// Format says what the packets are. Positions have the pre-skip taken off
// already.
func (r *Reader) Format() audio.Format { return r.in.Format() }

// Head returns the track's Opus header.
func (r *Reader) Head() opus.Head { return r.in.Head() }

// Warnings says what was wrong with the file so far without making it
// unreadable.
func (r *Reader) Warnings() []string { return r.in.Warnings() }

// Next returns the next packet and where its first sample lies: samples of the
// 48 kHz clock from the recording's start. The first packet's position is 0 or,
// by less than 2.5 ms (rarely up to a packet's length), below: what lies before
// 0 is not to be heard. Every packet ends where the next one begins. Packets
// that opus.IsSilence knows need no decoding. The packet is valid until the
// next call.
//
// It returns io.EOF after the last packet and ErrNotPadded when the file has a
// gap.
func (r *Reader) Next() (pos int64, packet []byte, err error) {
	p, err := r.in.Next()
	if errors.Is(err, io.EOF) {
		return 0, nil, io.EOF
	}
	if err != nil {
		return 0, nil, fmt.Errorf("read padded track: %w", err)
	}
	n := opus.Samples(p.Data)
	// Time stamps are whole milliseconds: half of one is rounding.
	if off := samplesAt(p.Time) - r.pos; n == 0 || off < -48 || off > 48 {
		return 0, nil, ErrNotPadded
	}
	pos = r.pos
	r.pos += int64(n)
	return pos, p.Data, nil
}
