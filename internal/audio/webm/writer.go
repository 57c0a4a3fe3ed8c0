package webm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// WriterOptions describe the track to write. The zero value is mono without
// pre-skip.
type WriterOptions struct {
	// Head is the track's Opus header; Channels 0 means 1. Its PreSkip, 0 to
	// 65535 samples, becomes CodecDelay too.
	Head opus.Head
}

// Cluster limits: what a player must read to begin in the middle, and what the
// Writer holds in memory.
const (
	clusterSamples = 5 * audio.SampleRate
	clusterBytes   = 1 << 20
)

// app is what the file says it was written by. No version: the same packets
// must give the same bytes.
const app = "trackscribe"

// seekPreRoll is how much a decoder must hear before a seek's target: 80 ms
// (RFC 7845 section 4.6), in nanoseconds.
const seekPreRoll = 80_000_000

// A Writer writes one Opus track. It is for one goroutine.
type Writer struct {
	w       *bufio.Writer
	seeker  io.WriteSeeker
	start   int64 // where in seeker the file begins
	written int64 // bytes since then
	preSkip int64

	cluster  []byte // blocks of the current cluster
	clusterT int64  // its time in milliseconds; -1: none is open
	cues     []cue
	next     int64 // position at which the last packet ends
	trimmed  int64 // samples to drop there

	segment, duration, seekCues int64 // offsets of what Close fills in
	segmentStart                int64
	closed                      bool
}

type cue struct{ time, offset int64 }

// NewWriter begins a file at w's current position. Close completes it.
func NewWriter(w io.WriteSeeker, opt WriterOptions) (*Writer, error) {
	head := opt.Head
	if head.Channels == 0 {
		head.Channels = 1
	}
	if head.SampleRate == 0 {
		head.SampleRate = audio.SampleRate
	}
	if head.Channels < 1 || head.Channels > 2 || head.PreSkip < 0 || head.PreSkip > math.MaxUint16 {
		return nil, fmt.Errorf("write webm: %d channels with a pre-skip of %d samples cannot be written", head.Channels, head.PreSkip)
	}
	start, err := w.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("write webm: %w", err)
	}
	f := &Writer{w: bufio.NewWriterSize(w, 64<<10), seeker: w, start: start, preSkip: int64(head.PreSkip), clusterT: -1}
	return f, f.write(f.header(head))
}

// header builds everything before the first cluster and notes where Close has
// to fill in what is not known yet.
func (f *Writer) header(head opus.Head) []byte {
	var b, h []byte
	h = appendUint(h, 0x4286, 1) // EBMLVersion
	h = appendUint(h, 0x42F7, 1) // EBMLReadVersion
	h = appendUint(h, idMaxIDLength, 4)
	h = appendUint(h, idMaxSizeLength, 8)
	h = appendElement(h, idDocType, []byte("webm"))
	h = appendUint(h, 0x4287, 4) // DocTypeVersion
	h = appendUint(h, 0x4285, 2) // DocTypeReadVersion
	b = appendElement(b, idEBML, h)

	b = appendID(b, idSegment)
	f.segment = int64(len(b))
	b = append(b, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // unknown, 8 bytes long
	f.segmentStart = int64(len(b))

	info := appendUint(nil, idTimestampScale, 1_000_000)
	info = appendElement(info, idMuxingApp, []byte(app))
	info = appendElement(info, idWritingApp, []byte(app))
	info = appendFloat(info, idDuration, 0)
	info = appendElement(nil, idInfo, info)

	track := appendUint(nil, idTrackNumber, 1)
	track = appendUint(track, idTrackUID, 1)
	track = appendUint(track, idTrackType, typeAudio)
	track = appendUint(track, idFlagLacing, 0)
	track = appendElement(track, idCodecID, []byte("A_OPUS"))
	track = appendElement(track, idCodecPrivate, head.Append(nil))
	track = appendUint(track, idCodecDelay, uint64(nanoseconds(f.preSkip)))
	track = appendUint(track, idSeekPreRoll, seekPreRoll)
	sound := appendFloat(nil, idSamplingFreq, audio.SampleRate)
	sound = appendUint(sound, idChannels, uint64(head.Channels))
	track = appendElement(track, idAudio, sound)
	tracks := appendElement(nil, idTracks, appendElement(nil, idTrackEntry, track))

	// Every entry of the SeekHead is of one size, so that the offsets in it
	// are known before it is built.
	const entry = 2 + 1 + (2 + 1 + 4) + (2 + 1 + 8)
	infoAt := int64(4 + 1 + 3*entry)
	tracksAt := infoAt + int64(len(info))
	var seek []byte
	for _, e := range []struct {
		id uint32
		at int64
	}{{idInfo, infoAt}, {idTracks, tracksAt}, {idCues, 0}} {
		one := appendElement(nil, 0x53AB, appendID(nil, e.id))                             // SeekID
		one = appendElement(one, 0x53AC, binary.BigEndian.AppendUint64(nil, uint64(e.at))) // SeekPosition
		seek = appendElement(seek, 0x4DBB, one)
	}
	b = appendElement(b, idSeekHead, seek)
	f.seekCues = int64(len(b)) - 8
	b = append(b, info...)
	f.duration = int64(len(b)) - 8
	return append(b, tracks...)
}

// WritePacket appends a packet whose first sample has the position pos: 48 kHz
// samples since the file's start, the pre-skip's samples counted. A gapless
// file's positions are the sums of the packets before. Positions must not go
// back.
func (f *Writer) WritePacket(pos int64, packet []byte) error {
	return f.WriteTrimmed(pos, packet, 0)
}

// WriteTrimmed is WritePacket for a last packet whose final trim samples are
// not to be played (DiscardPadding).
func (f *Writer) WriteTrimmed(pos int64, packet []byte, trim int64) error {
	if f.closed {
		return errors.New("write webm: file is closed")
	}
	ms := (pos + 24) / 48
	if pos < 0 || ms < f.clusterT {
		return fmt.Errorf("write webm: position %d is before the last one", pos)
	}
	if f.clusterT >= 0 && (ms-f.clusterT >= clusterSamples/48 || len(f.cluster) > clusterBytes) {
		if err := f.flush(); err != nil {
			return err
		}
	}
	if f.clusterT < 0 {
		f.clusterT = ms
	}
	rel := ms - f.clusterT
	f.next, f.trimmed = pos+int64(opus.Samples(packet)), trim
	const keyframe = 0x80
	if trim == 0 {
		f.cluster = appendID(f.cluster, idSimpleBlock)
		f.cluster = appendSize(f.cluster, uint64(4+len(packet)))
		f.cluster = append(f.cluster, 0x81, byte(rel>>8), byte(rel), keyframe)
		f.cluster = append(f.cluster, packet...)
		return nil
	}
	group := appendElement(nil, idBlock, append([]byte{0x81, byte(rel >> 8), byte(rel), 0}, packet...))
	group = appendElement(group, idDiscardPadding, binary.BigEndian.AppendUint64(nil, uint64(nanoseconds(trim))))
	f.cluster = appendElement(f.cluster, idBlockGroup, group)
	return nil
}

// flush writes the open cluster.
func (f *Writer) flush() error {
	if f.clusterT < 0 {
		return nil
	}
	f.cues = append(f.cues, cue{f.clusterT, f.written - f.segmentStart})
	time := appendUint(nil, idTimestamp, uint64(f.clusterT))
	head := appendID(nil, idCluster)
	head = appendSize(head, uint64(len(time)+len(f.cluster)))
	f.clusterT = -1
	if err := f.write(append(head, time...)); err != nil {
		return err
	}
	err := f.write(f.cluster)
	f.cluster = f.cluster[:0]
	return err
}

func (f *Writer) write(b []byte) error {
	n, err := f.w.Write(b)
	f.written += int64(n)
	if err != nil {
		return fmt.Errorf("write webm: %w", err)
	}
	return nil
}

// Size returns how many bytes the file has so far; after Close, in all.
func (f *Writer) Size() int64 { return f.written }

// Close writes the index, fills in duration and sizes and leaves the position
// behind the file's end. It does not close what it writes to.
func (f *Writer) Close() error {
	if f.closed {
		return nil
	}
	if err := f.flush(); err != nil {
		return err
	}
	f.closed = true
	cuesAt := f.written - f.segmentStart
	var cues []byte
	for _, c := range f.cues {
		pos := appendUint(nil, 0xF7, 1)                // CueTrack
		pos = appendUint(pos, 0xF1, uint64(c.offset))  // CueClusterPosition
		point := appendUint(nil, 0xB3, uint64(c.time)) // CueTime
		point = appendElement(point, 0xB7, pos)        // CueTrackPositions
		cues = appendElement(cues, 0xBB, point)        // CuePoint
	}
	if err := f.write(appendElement(nil, idCues, cues)); err != nil {
		return err
	}
	if err := f.w.Flush(); err != nil {
		return fmt.Errorf("write webm: %w", err)
	}
	played := float64(max(f.next-f.trimmed-f.preSkip, 0)) / 48
	for _, p := range []struct {
		at    int64
		value uint64
	}{
		{f.seekCues, uint64(cuesAt)},
		{f.duration, math.Float64bits(played)},
		{f.segment, uint64(f.written-f.segmentStart) | 1<<56},
	} {
		if _, err := f.seeker.Seek(f.start+p.at, io.SeekStart); err != nil {
			return fmt.Errorf("complete webm: %w", err)
		}
		if _, err := f.seeker.Write(binary.BigEndian.AppendUint64(nil, p.value)); err != nil {
			return fmt.Errorf("complete webm: %w", err)
		}
	}
	if _, err := f.seeker.Seek(f.start+f.written, io.SeekStart); err != nil {
		return fmt.Errorf("complete webm: %w", err)
	}
	return nil
}

// nanoseconds converts samples, rounded.
func nanoseconds(samples int64) int64 { return (samples*62500 + 1) / 3 }

// appendID appends an identifier, which brings its length marker with it.
func appendID(b []byte, id uint32) []byte {
	switch {
	case id > 0xffffff:
		b = append(b, byte(id>>24), byte(id>>16), byte(id>>8))
	case id > 0xffff:
		b = append(b, byte(id>>16), byte(id>>8))
	case id > 0xff:
		b = append(b, byte(id>>8))
	}
	return append(b, byte(id))
}

// appendSize appends a size in as few bytes as it takes.
func appendSize(b []byte, size uint64) []byte {
	n := 1
	for size >= 1<<(7*n)-1 {
		n++
	}
	size |= 1 << (7 * n)
	for n--; n >= 0; n-- {
		b = append(b, byte(size>>(8*n)))
	}
	return b
}

func appendElement(b []byte, id uint32, body []byte) []byte {
	b = appendSize(appendID(b, id), uint64(len(body)))
	return append(b, body...)
}

func appendUint(b []byte, id uint32, v uint64) []byte {
	n := 1
	for n < 8 && v>>(8*n) != 0 {
		n++
	}
	b = appendSize(appendID(b, id), uint64(n))
	for n--; n >= 0; n-- {
		b = append(b, byte(v>>(8*n)))
	}
	return b
}

func appendFloat(b []byte, id uint32, v float64) []byte {
	return appendElement(b, id, binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}
