// Package ogg reads the packets of an Ogg Opus file (RFC 7845, RFC 3533) as a
// stream.
//
// Times count from the file's first packet: Ogg has no recording's clock.
// Holes in the granule positions become holes in time. Streams that follow one
// another in a file are read as one. It takes the first Opus stream of several,
// skips damaged pages, and keeps what a cut-off file has. It does not seek,
// decode or write.
package ogg

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/stream"
)

// Errors of files that cannot be read. All are bad data.
var (
	ErrNotOgg = &audio.DataError{
		Reason: "the file is not Ogg",
		Tip:    "tracks must be Opus in WebM or Ogg, or PCM in WAV",
	}
	ErrHeader = &audio.DataError{
		Reason: "the file's Ogg header is damaged",
		Tip:    "fetch the track again; if it stays so, the recorder wrote a broken file",
	}
)

// Options bound what a file may be. The zero value is the limit of a meeting.
type Options struct {
	MaxBytes int64         // of the file; 0: 2 GiB
	MaxTime  time.Duration // largest time; 0: 12 h
}

// maxPacket bounds a packet that is spread over pages.
const maxPacket = 1 << 20

// A Reader reads the packets of a file's first Opus stream. It is for one
// goroutine.
type Reader struct {
	src     *stream.Reader
	head    opus.Head
	maxTime int64 // samples

	serial   uint32
	open     bool // within a stream
	sequence uint32
	headers  int    // header packets still to come
	partial  []byte // a packet that goes on in the next page
	joining  bool
	packets  [][]byte // of the current page, not handed out
	joined   []byte   // memory of the first of them
	at       int64    // position of the next packet, samples from the file's start

	origin  int64 // added to a stream's granule positions
	known   bool  // origin is
	streams int

	err                error
	checked, unchecked bool
	cut                bool
	damaged            int
	lost               int64
}

// NewReader reads a file's beginning.
//
// Errors that are bad data: audio.ErrEmpty, ErrNotOgg, ErrHeader,
// *audio.NoAudioError, *audio.UnsupportedCodecError.
func NewReader(r io.Reader, opt Options) (*Reader, error) {
	return FromSource(stream.New(r, opt.MaxBytes), opt)
}

// FromSource is NewReader for a stream whose beginning was looked at already;
// opt.MaxBytes is the source's own.
func FromSource(src *stream.Reader, opt Options) (*Reader, error) {
	if opt.MaxTime <= 0 {
		opt.MaxTime = 12 * time.Hour
	}
	d := &Reader{src: src, maxTime: int64(opt.MaxTime.Seconds() * audio.SampleRate)}
	b, err := src.Peek(4)
	if errors.Is(err, io.EOF) {
		return nil, audio.ErrEmpty
	}
	if string(b) != "OggS" {
		if err != nil && !errors.Is(err, stream.ErrCut) {
			return nil, err
		}
		return nil, ErrNotOgg
	}
	other, none := "", ""
	for !d.open {
		p, err := d.page()
		if errors.Is(err, io.EOF) || err == nil && p.flags&flagFirst == 0 {
			switch {
			case other != "":
				return nil, &audio.UnsupportedCodecError{Codec: other, Container: "ogg"}
			case none != "":
				return nil, &audio.NoAudioError{Holds: none}
			}
			return nil, ErrHeader
		}
		if err != nil {
			return nil, err
		}
		codec, sound := codecOf(p.body)
		switch {
		case codec == "opus":
			if err := d.begin(p); err != nil {
				return nil, err
			}
		case sound && other == "":
			other = codec
		case !sound && none == "":
			none = codec
		}
	}
	return d, nil
}

// codecOf names the codec of a stream by its first packet.
func codecOf(b []byte) (name string, sound bool) {
	for _, c := range []struct {
		magic, name string
		sound       bool
	}{
		{"OpusHead", "opus", true},
		{"\x01vorbis", "vorbis", true},
		{"Speex   ", "speex", true},
		{"\x7fFLAC", "flac", true},
		{"PCM     ", "pcm", true},
		{"\x80theora", "video (theora)", false},
		{"fishead", "a skeleton", false},
		{"OVP80", "video (vp8)", false},
		{"BBCD", "video (dirac)", false},
	} {
		if len(b) >= len(c.magic) && string(b[:len(c.magic)]) == c.magic {
			return c.name, c.sound
		}
	}
	return "an unknown stream", false
}

// begin starts the stream whose first page p is.
func (d *Reader) begin(p page) error {
	head, ok := opus.ParseHead(p.body)
	if !ok {
		return ErrHeader
	}
	if head.Mapping != 0 {
		what := fmt.Sprintf("opus with %d channels, mapping family %d", head.Channels, head.Mapping)
		return &audio.UnsupportedCodecError{Codec: what, Container: "ogg"}
	}
	if d.streams == 0 {
		d.head = head
		d.at = -int64(head.PreSkip)
	} else {
		d.at -= int64(head.PreSkip) // its first samples are not to be heard either
	}
	d.streams++
	d.serial, d.sequence = p.serial, p.sequence
	d.open, d.known = true, false
	d.headers = 1 // OpusTags
	d.partial, d.joining = d.partial[:0], false
	return nil
}

// Format says what the packets are.
func (d *Reader) Format() audio.Format {
	return audio.Format{Codec: "opus", SampleRate: audio.SampleRate, Channels: d.head.Channels, PreSkip: int64(d.head.PreSkip)}
}

// Head returns the first stream's Opus header.
func (d *Reader) Head() opus.Head { return d.head }

// Warnings says what was wrong with the file so far without making it
// unreadable.
func (d *Reader) Warnings() []string {
	var w []string
	if d.streams > 1 {
		w = append(w, fmt.Sprintf("the file holds %d streams one after the other: they were read as one", d.streams))
	}
	if d.damaged > 0 {
		w = append(w, fmt.Sprintf("the file is damaged at %d places: %d bytes were skipped", d.damaged, d.lost))
	}
	if d.cut {
		w = append(w, "the file is cut off in the middle of a page")
	}
	return w
}

// Next returns the next packet; its Data is valid until the next call. Time
// counts from where the first packet is heard, so that the first one's is the
// pre-skip below 0. Packets of no bytes are left out.
//
// It returns io.EOF after the last packet, also where the file is cut off,
// audio.ErrTooLong at an absurd granule position, and what the underlying
// reader said when that fails.
func (d *Reader) Next() (audio.Packet, error) {
	for {
		for len(d.packets) > 0 {
			data, at := d.packets[0], d.at
			d.packets = d.packets[1:]
			d.at += int64(opus.Samples(data))
			if len(data) > 0 {
				return audio.Packet{Time: nanoseconds(at), Data: data}, nil
			}
		}
		if d.err != nil {
			return audio.Packet{}, d.err
		}
		d.err = d.step()
	}
}

// nanoseconds converts samples so that converting back gives the same.
func nanoseconds(samples int64) int64 {
	if samples < 0 {
		return -nanoseconds(-samples)
	}
	return (samples*62500 + 1) / 3
}

// step reads one page.
func (d *Reader) step() error {
	p, err := d.page()
	if err != nil {
		return err
	}
	if p.flags&flagFirst != 0 {
		codec, _ := codecOf(p.body)
		// A new stream while one is open is another track of the meeting's.
		if codec != "opus" || d.open && p.serial != d.serial {
			return nil
		}
		return d.begin(p)
	}
	if !d.open || p.serial != d.serial {
		return nil
	}
	d.sequence++
	if p.sequence != d.sequence { // pages are missing
		d.sequence = p.sequence
		d.partial, d.joining = d.partial[:0], false
	}
	if p.flags&flagLast != 0 {
		d.open = false
	}
	d.unpack(p)
	return d.place(p)
}

// unpack takes the packets that end on p.
func (d *Reader) unpack(p page) {
	d.packets = d.packets[:0]
	body := p.body
	skip := p.flags&flagContinued != 0 && !d.joining // its beginning is lost
	if p.flags&flagContinued == 0 {
		d.partial, d.joining = d.partial[:0], false
	}
	size := 0
	for _, v := range p.lacing {
		size += int(v)
		if v == 255 {
			continue
		}
		data := body[:size]
		body = body[size:]
		size = 0
		if d.joining {
			d.joined = append(append(d.joined[:0], d.partial...), data...)
			data = d.joined
			d.partial, d.joining = d.partial[:0], false
		}
		switch {
		case skip:
			skip = false
		case d.headers > 0:
			d.headers--
		default:
			d.packets = append(d.packets, data)
		}
	}
	if size == 0 || skip {
		return
	}
	if len(d.partial)+size > maxPacket { // it is given up: its rest is skipped
		d.partial, d.joining = d.partial[:0], false
		return
	}
	d.joining = true
	d.partial = append(d.partial, body[:size]...)
}

// place finds the position of the page's first packet from the granule
// position of its end.
func (d *Reader) place(p page) error {
	sum := int64(0)
	for _, data := range d.packets {
		sum += int64(opus.Samples(data))
	}
	if p.granule < 0 || len(d.packets) == 0 || sum == 0 {
		return nil
	}
	start := p.granule - sum
	if !d.known {
		d.origin = d.at - start // whatever the first packet's is: the file begins there
		if p.flags&flagLast != 0 && start < 0 {
			d.origin = d.at
			start = 0
		}
		d.known = true
	}
	if p.granule > 1<<62 || d.origin+p.granule > d.maxTime {
		return audio.ErrTooLong
	}
	at := d.origin + start
	// A last page may end earlier than its packets do (RFC 7845 section 4.4).
	if p.flags&flagLast != 0 && at < d.at {
		return nil
	}
	d.at = at
	return nil
}
