package ogg

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/trackscribe/trackscribe/internal/audio/stream"
)

// Flags of a page (RFC 3533 section 6).
const (
	flagContinued = 1 // it begins with the rest of a packet
	flagFirst     = 2 // it begins a stream
	flagLast      = 4 // it ends a stream
)

const (
	pageHeader = 27
	maxPage    = pageHeader + 255 + 255*255
)

// page is one Ogg page; lacing and body are valid until the next read.
type page struct {
	flags    byte
	granule  int64 // time at its end in samples; -1: no packet ends on it
	serial   uint32
	sequence uint32
	lacing   []byte
	body     []byte
}

// crcTable is for the polynomial 0x04c11db7, not reflected (RFC 3533 section 6).
var crcTable = makeTable()

func makeTable() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			if c&0x80000000 != 0 {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}

func crc(c uint32, b []byte) uint32 {
	for _, v := range b {
		c = c<<8 ^ crcTable[byte(c>>24)^v]
	}
	return c
}

// page reads the next whole page and skips what lies before it.
func (d *Reader) page() (page, error) {
	skipped := int64(0)
	defer func() {
		if skipped > 0 {
			d.damaged++
			d.lost += skipped
		}
	}()
	for {
		p, n, err := d.tryPage()
		if err != nil {
			if errors.Is(err, stream.ErrCut) {
				d.cut = true
				err = io.EOF
			}
			return page{}, err
		}
		if n > 0 {
			return p, d.src.Skip(int64(n))
		}
		// No page here: look for the next capture pattern.
		b, err := d.src.Peek(maxPage)
		if err != nil && !errors.Is(err, stream.ErrCut) {
			return page{}, err
		}
		i := 1
		for i < len(b) && !capture(b[i:]) {
			i++
		}
		skipped += int64(i)
		if err := d.src.Skip(int64(i)); err != nil {
			return page{}, err
		}
	}
}

// capture reports whether b begins like a page, as far as it goes.
func capture(b []byte) bool {
	const pattern = "OggS\x00"
	n := min(len(b), len(pattern))
	return string(b[:n]) == pattern[:n]
}

// tryPage looks at the page that begins here; n is its length, 0 when none
// does. What it returns is valid until the next read.
func (d *Reader) tryPage() (p page, n int, err error) {
	b, err := d.src.Peek(pageHeader)
	if err != nil && !(errors.Is(err, stream.ErrCut) && !capture(b)) {
		return p, 0, err
	}
	if !capture(b) {
		return p, 0, nil
	}
	segments := int(b[26])
	b, err = d.src.Peek(pageHeader + segments)
	if err != nil {
		return p, 0, err
	}
	size := 0
	for _, v := range b[pageHeader:] {
		size += int(v)
	}
	n = pageHeader + segments + size
	if b, err = d.src.Peek(n); err != nil {
		return p, 0, err
	}
	stated := binary.LittleEndian.Uint32(b[22:])
	if !d.checked && stated == 0 {
		d.unchecked = true // a writer that leaves the sum out
	}
	d.checked = true
	if !d.unchecked {
		sum := crc(crc(crc(0, b[:22]), []byte{0, 0, 0, 0}), b[26:])
		if sum != stated {
			return p, 0, nil
		}
	}
	return page{
		flags:    b[5],
		granule:  int64(binary.LittleEndian.Uint64(b[6:])),
		serial:   binary.LittleEndian.Uint32(b[14:]),
		sequence: binary.LittleEndian.Uint32(b[18:]),
		lacing:   b[pageHeader : pageHeader+segments],
		body:     b[pageHeader+segments:],
	}, n, nil
}
