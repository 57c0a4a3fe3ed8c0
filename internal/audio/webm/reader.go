package webm

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/stream"
)

// Options bound what a file may be. The zero value is the limit of a meeting.
type Options struct {
	MaxBytes int64         // of the file; 0: 2 GiB
	MaxTime  time.Duration // largest time stamp; 0: 12 h
}

// maxDelay is the longest CodecDelay that is believed. Opus needs 6.5 ms;
// recorders have been seen to write other things there.
const maxDelay = 100 * time.Millisecond

// A Reader reads the packets of a file's first Opus track. It is for one
// goroutine.
type Reader struct {
	src     *stream.Reader
	track   entry
	head    opus.Head
	format  audio.Format
	maxTime int64

	scale      int64 // nanoseconds per tick
	cluster    int64 // the cluster's time in ticks
	clusterOK  bool  // the cluster has said its time
	clusterEnd int64 // offset; 0 when not known
	segmentEnd int64 // offset; 0 when not known

	frames [][]byte // packets of the current block
	frame  int      // how many of them were handed out
	time   int64    // of the next one, nanoseconds
	joined []byte   // a packet with its stripped beginning

	err      error
	damaged  int   // places
	lost     int64 // bytes skipped there
	warnings []string
}

// NewReader reads a file's beginning up to its list of tracks.
//
// Errors that are bad data: audio.ErrEmpty, ErrNotWebM, ErrNoTracks,
// ErrLateTracks, ErrHeader, ErrEncoded, *audio.NoAudioError,
// *audio.UnsupportedCodecError.
func NewReader(r io.Reader, opt Options) (*Reader, error) {
	return FromSource(stream.New(r, opt.MaxBytes), opt)
}

// FromSource is NewReader for a stream whose beginning was looked at already;
// opt.MaxBytes is the source's own.
func FromSource(src *stream.Reader, opt Options) (*Reader, error) {
	if opt.MaxTime <= 0 {
		opt.MaxTime = 12 * time.Hour
	}
	d := &Reader{src: src, scale: 1e6, maxTime: int64(opt.MaxTime)}
	if err := d.readHeader(); err != nil {
		return nil, err
	}
	for d.track.number == 0 {
		err := d.step(true)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, stream.ErrCut):
			return nil, ErrNoTracks
		case errors.Is(err, errDamaged):
			return nil, ErrHeader
		default:
			return nil, err
		}
	}
	return d, nil
}

// readHeader checks the EBML header.
func (d *Reader) readHeader() error {
	if _, err := d.src.Peek(1); errors.Is(err, io.EOF) {
		return audio.ErrEmpty
	}
	id, size, err := d.element()
	if errors.Is(err, errDamaged) || errors.Is(err, stream.ErrCut) || err == nil && (id != idEBML || size < 0 || size > 4096) {
		return ErrNotWebM
	}
	if err != nil {
		return err
	}
	b, err := d.src.Next(int(size))
	if errors.Is(err, stream.ErrCut) || errors.Is(err, io.EOF) {
		return ErrNoTracks
	} else if err != nil {
		return err
	}
	doc := "matroska"
	ok := true
	limit := func(b []byte, most int64) {
		v, fits := uintOf(b)
		ok = ok && fits && v <= most
	}
	err = children(b, func(id uint32, b []byte) error {
		switch id {
		case idDocType:
			doc = clean(b)
		case idMaxIDLength:
			limit(b, 4)
		case idMaxSizeLength:
			limit(b, 8)
		}
		return nil
	})
	if err != nil || !ok || doc != "webm" && doc != "matroska" {
		return ErrNotWebM
	}
	return nil
}

// Format says what the track's packets are; PreSkip is its CodecDelay.
func (d *Reader) Format() audio.Format { return d.format }

// Head returns the track's Opus header. Where the file has none, it is made up
// from the channel count.
func (d *Reader) Head() opus.Head { return d.head }

// Offset returns how many bytes of the file were consumed.
func (d *Reader) Offset() int64 { return d.src.Offset() }

// Warnings says what was wrong with the file so far without making it
// unreadable.
func (d *Reader) Warnings() []string {
	if d.damaged == 0 {
		return d.warnings
	}
	w := fmt.Sprintf("the file is damaged at %d places: %d bytes were skipped", d.damaged, d.lost)
	return append(d.warnings[:len(d.warnings):len(d.warnings)], w)
}

// Next returns the next packet; its Data is valid until the next call. Time is
// the block's time stamp less CodecDelay; it may be a little below 0. Packets
// of no bytes are left out.
//
// It returns io.EOF after the last packet, also where the file is cut off
// (which Warnings then says), audio.ErrTooLong at an absurd time stamp, and
// what the underlying reader said when that fails.
func (d *Reader) Next() (audio.Packet, error) {
	for {
		for d.frame < len(d.frames) {
			data, at := d.frames[d.frame], d.time
			d.frame++
			if d.track.strip != nil {
				d.joined = append(append(d.joined[:0], d.track.strip...), data...)
				data = d.joined
			}
			if len(data) == 0 {
				continue
			}
			if d.frame < len(d.frames) {
				d.time += int64(opus.Samples(data)) * 62500 / 3
			}
			return audio.Packet{Time: at, Data: data}, nil
		}
		if d.err != nil {
			return audio.Packet{}, d.err
		}
		if err := d.step(false); err != nil {
			d.err = d.stop(err)
		}
	}
}

// stop decides what an error means for the packets to come: nil to go on.
func (d *Reader) stop(err error) error {
	for errors.Is(err, errDamaged) {
		err = d.resync()
		if err == nil {
			return nil
		}
	}
	switch {
	case errors.Is(err, stream.ErrCut):
		d.warnings = append(d.warnings, "the file is cut off in the middle of a packet")
		return io.EOF
	case errors.Is(err, io.EOF):
		if d.src.Offset() < d.segmentEnd {
			d.warnings = append(d.warnings, "the file is shorter than its header says")
		}
		return io.EOF
	}
	return err
}

// resync skips damaged bytes: to the next thing that looks like a cluster.
func (d *Reader) resync() error {
	start := d.src.Offset()
	d.damaged++
	d.clusterOK, d.clusterEnd = false, 0
	defer func() { d.lost += d.src.Offset() - start }()
	if err := d.src.Skip(1); err != nil {
		return err
	}
	for {
		b, err := d.src.Peek(32 << 10)
		if i := findCluster(b); i >= 0 {
			return d.src.Skip(int64(i))
		}
		if errors.Is(err, stream.ErrCut) {
			d.src.Skip(int64(len(b))) //nolint:errcheck // they were just seen
			return io.EOF
		}
		if err != nil {
			return err
		}
		if err := d.src.Skip(int64(len(b) - 3)); err != nil {
			return err
		}
	}
}

// findCluster returns where a cluster's identifier stands in b, or -1.
func findCluster(b []byte) int {
	for i := 0; i+4 <= len(b); i++ {
		if b[i] == 0x1F && b[i+1] == 0x43 && b[i+2] == 0xB6 && b[i+3] == 0x75 {
			return i
		}
	}
	return -1
}
