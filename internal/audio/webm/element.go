package webm

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/stream"
)

// element consumes an element's identifier and size.
func (d *Reader) element() (id uint32, size int64, err error) {
	b, err := d.src.Peek(12)
	if err != nil && !(errors.Is(err, stream.ErrCut) && len(b) > 0) {
		return 0, 0, err
	}
	cut := err
	id, n := elementID(b)
	if n == 0 {
		if cut != nil && b[0] > 0x0f {
			return 0, 0, stream.ErrCut
		}
		return 0, 0, errDamaged
	}
	size, m := vint(b[n:])
	if m == 0 {
		if cut != nil && (len(b) == n || b[n] != 0) {
			return 0, 0, stream.ErrCut
		}
		return 0, 0, errDamaged
	}
	return id, size, d.src.Skip(int64(n + m))
}

// step reads one element. Masters that only group others (Segment, Cluster,
// BlockGroup) are entered, not counted: the identifiers say by themselves what
// belongs where, so that unknown and wrong sizes do no harm and depth is
// bounded. header says that the list of tracks is still to come.
func (d *Reader) step(header bool) error {
	id, size, err := d.element()
	if err != nil {
		return err
	}
	at := d.src.Offset()
	switch id {
	case idSegment:
		d.segmentEnd, d.clusterEnd = 0, 0
		if size != unknownSize {
			d.segmentEnd = at + size
		}
		return nil
	case idCluster:
		if header {
			return ErrLateTracks
		}
		d.clusterOK, d.clusterEnd = false, 0
		if size != unknownSize {
			d.clusterEnd = at + size
		}
		return nil
	case idBlockGroup:
		return nil
	}
	if size == unknownSize {
		return errDamaged
	}
	if d.clusterEnd > at && at+size > d.clusterEnd {
		return errDamaged // sizes contradict each other
	}
	switch id {
	case idInfo:
		b, err := d.body(size)
		if err != nil {
			return err
		}
		return children(b, d.setInfo)
	case idTracks:
		if !header { // a second segment: its track has the same number
			return d.src.Skip(size)
		}
		b, err := d.body(size)
		if err != nil {
			return err
		}
		return d.setTracks(b)
	case idTimestamp:
		b, err := d.body(size)
		if err != nil {
			return err
		}
		return d.setTime(b)
	case idSimpleBlock, idBlock:
		return d.block(size)
	case idSeekHead, idCues, idTags, idChapters, idAttachments, idVoid:
		return d.src.Skip(size)
	}
	if size > maxElement { // nothing unknown is that large: these are stray bytes
		return errDamaged
	}
	return d.src.Skip(size)
}

// body consumes an element's body that is held in memory.
func (d *Reader) body(size int64) ([]byte, error) {
	if size > maxElement {
		return nil, errDamaged
	}
	b, err := d.src.Next(int(size))
	if errors.Is(err, io.EOF) {
		err = stream.ErrCut // the element's beginning was there
	}
	return b, err
}

// setInfo takes one child of Info.
func (d *Reader) setInfo(id uint32, b []byte) error {
	if id != idTimestampScale {
		return nil
	}
	v, ok := uintOf(b)
	if !ok || v < 1 || v > int64(time.Minute) {
		return errDamaged
	}
	d.scale = v
	return nil
}

// setTracks takes the list of tracks.
func (d *Reader) setTracks(b []byte) error {
	all, err := parseTracks(b)
	if err != nil {
		return err
	}
	d.track, d.head, err = choose(all)
	if err != nil {
		return err
	}
	if d.track.number <= 0 {
		return errDamaged
	}
	if d.track.delay > maxDelay {
		d.warnings = append(d.warnings, "the track's codec delay makes no sense and was ignored")
		d.track.delay = 0
	}
	d.format = audio.Format{
		Codec:      "opus",
		SampleRate: audio.SampleRate,
		Channels:   d.head.Channels,
		PreSkip:    (int64(d.track.delay)*3 + 31250) / 62500,
	}
	return nil
}

// setTime takes a cluster's time.
func (d *Reader) setTime(b []byte) error {
	v, ok := uintOf(b)
	if !ok || v > (d.maxTime+int64(time.Minute))/d.scale {
		return audio.ErrTooLong
	}
	d.cluster, d.clusterOK = v, true
	return nil
}

// block consumes a Block or SimpleBlock and, when it is the track's, takes its
// packets.
func (d *Reader) block(size int64) error {
	// A video's key frame may be larger than what is held in memory, so look
	// at whose block it is first.
	b, err := d.src.Peek(int(min(size, 12)))
	if errors.Is(err, io.EOF) && size > 0 {
		return stream.ErrCut
	} else if err != nil && size > 0 {
		return err
	}
	number, n := vint(b)
	if n == 0 || len(b) < n+3 {
		d.damaged++
		d.lost += size
		return d.src.Skip(size)
	}
	if number != d.track.number {
		return d.src.Skip(size)
	}
	b, err = d.body(size)
	if err != nil {
		return err
	}
	if !d.clusterOK {
		d.damaged++
		d.lost += size
		return nil
	}
	ticks := d.cluster + int64(int16(binary.BigEndian.Uint16(b[n:])))
	if ticks*d.scale > d.maxTime {
		return audio.ErrTooLong
	}
	d.time = ticks*d.scale - int64(d.track.delay)
	d.frame = 0
	d.frames, err = unlace(d.frames[:0], b[n+2]>>1&3, b[n+3:])
	if err != nil {
		d.frames = d.frames[:0]
		d.damaged++
		d.lost += size
	}
	return nil
}
