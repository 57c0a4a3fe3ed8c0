package audiotest

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// A Layout is how packets are put into blocks.
type Layout int

// The layouts. Lacing puts three packets into a block.
const (
	SimpleBlocks Layout = iota
	BlockGroups
	XiphLacing
	EBMLLacing
	FixedLacing // for packets of one size only
)

// Live says how a live recorder writes a file. The zero value is the usual way:
// unknown sizes, no duration, no index, SimpleBlocks, clusters of 5 s, no
// CodecDelay.
type Live struct {
	Channels    int
	Layout      Layout
	Cluster     float64 // seconds; 0: 5
	Scale       int64   // nanoseconds per tick; 0: 1,000,000
	CodecDelay  int64   // nanoseconds; written when not 0, packets' times are raised by it
	WrongDelay  int64   // nanoseconds; a CodecDelay that time stamps know nothing of
	KnownSizes  bool    // of clusters
	NoHead      bool    // no CodecPrivate
	Video       bool    // a video track before the audio's, with blocks between its
	VideoOnly   bool
	Codec       string   // instead of A_OPUS
	Doc         string   // instead of webm
	Strip       []byte   // what every packet begins with and that is left out
	Encodings   []byte   // a ContentEncodings body, verbatim
	Clutter     bool     // Void, CRC-32, Tags, PrevSize and unknown elements everywhere
	LateTracks  bool     // clusters first
	EmptyBlocks bool     // a block without any bytes after every tenth packet
	Before      []byte   // put before the first cluster, verbatim
	Truncate    int      // bytes cut off the end
	Damage      []Damage // bytes overwritten
}

// Damage overwrites bytes of a file.
type Damage struct {
	At    int // offset; below 0: from the end
	Bytes []byte
}

func (l Live) tick() int64 {
	if l.Scale == 0 {
		return 1_000_000
	}
	return l.Scale
}

// WriteLive writes packets as a live recorder does.
func WriteLive(w io.Writer, packets []Packet, l Live) error {
	b := l.header()
	tracks := element(nil, 0x1654AE6B, l.tracks())
	if !l.LateTracks {
		b = append(b, tracks...)
	}
	b = append(b, l.Before...)
	if l.Clutter {
		b = element(b, 0x1254C367, make([]byte, 5000)) // Tags
		b = element(b, 0xEC, make([]byte, 300))        // Void
	}
	seconds := l.Cluster
	if seconds == 0 {
		seconds = 5
	}
	number := byte(0x81)
	if l.Video {
		number = 0x82
	}
	var cluster []byte
	start := int64(-1)
	flush := func() {
		if start < 0 {
			return
		}
		head := uintElement(nil, 0xE7, uint64(start))
		if l.Clutter {
			head = element(head, 0xBF, []byte{1, 2, 3, 4})
			head = uintElement(head, 0xAB, 1234)
			head = element(head, 0x4FFD, []byte("from the future"))
		}
		b = append(b, 0x1F, 0x43, 0xB6, 0x75)
		if l.KnownSizes {
			b = size(b, uint64(len(head)+len(cluster)))
		} else {
			b = append(b, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
		}
		b = append(append(b, head...), cluster...)
		cluster, start = cluster[:0], -1
	}
	per := 1
	if l.Layout >= XiphLacing {
		per = 3
	}
	for i := 0; i < len(packets); {
		n := 1
		for n < per && i+n < len(packets) && packets[i+n].True == packets[i+n-1].True+int64(opus.Samples(packets[i+n-1].Data)) {
			n++
		}
		if l.Layout == FixedLacing && n > 1 && len(packets[i].Data) != len(packets[i+n-1].Data) {
			n = 1
		}
		t := (packets[i].Time + l.CodecDelay + l.tick()/2) / l.tick()
		if start >= 0 && (t < start || float64((t-start)*l.tick()) >= seconds*1e9 || t-start > math.MaxInt16) {
			flush()
		}
		if start < 0 {
			start = max(t, 0)
		}
		cluster = l.appendBlock(cluster, number, t-start, packets[i:i+n])
		if l.Video {
			cluster = element(cluster, 0xA3, append([]byte{0x81, byte((t - start) >> 8), byte(t - start), 0x80}, make([]byte, 3000)...))
		}
		if l.EmptyBlocks && i%10 == 9 {
			cluster = element(cluster, 0xA3, []byte{number, byte((t - start) >> 8), byte(t - start), 0x80})
		}
		i += n
	}
	flush()
	if l.LateTracks {
		b = append(b, tracks...)
	}
	b = b[:max(len(b)-l.Truncate, 0)]
	for _, d := range l.Damage {
		at := d.At
		if at < 0 {
			at += len(b)
		}
		copy(b[at:], d.Bytes)
	}
	_, err := w.Write(b)
	return err
}

func (l Live) header() []byte {
	doc := l.Doc
	if doc == "" {
		doc = "webm"
	}
	head := element(nil, 0x4282, []byte(doc))
	head = uintElement(head, 0x42F3, 8) // EBMLMaxSizeLength
	b := element(nil, 0x1A45DFA3, head)
	b = append(b, 0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	if l.Clutter {
		b = element(b, 0xEC, make([]byte, 100))
	}
	info := uintElement(nil, 0x2AD7B1, uint64(l.tick()))
	info = element(info, 0x4D80, []byte("a live recorder"))
	return element(b, 0x1549A966, info)
}

func (l Live) tracks() []byte {
	var b []byte
	number := uint64(1)
	if l.Video || l.VideoOnly {
		v := uintElement(nil, 0xD7, 1)
		v = uintElement(v, 0x83, 1)
		v = element(v, 0x86, []byte("V_VP8"))
		b = element(b, 0xAE, v)
		number = 2
	}
	if l.VideoOnly {
		return b
	}
	channels := max(l.Channels, 1)
	codec := l.Codec
	if codec == "" {
		codec = "A_OPUS"
	}
	t := uintElement(nil, 0xD7, number)
	t = uintElement(t, 0x83, 2)
	t = element(t, 0x86, []byte(codec))
	if !l.NoHead {
		t = element(t, 0x63A2, opus.Head{Channels: channels, PreSkip: Lookahead, SampleRate: Rate}.Append(nil))
	}
	if d := l.CodecDelay + l.WrongDelay; d != 0 {
		t = uintElement(t, 0x56AA, uint64(d))
	}
	encodings := l.Encodings
	if l.Strip != nil {
		strip := element(uintElement(nil, 0x4254, 3), 0x4255, l.Strip)
		encodings = element(nil, 0x6240, element(nil, 0x5034, strip))
	}
	if encodings != nil {
		t = element(t, 0x6D80, encodings)
	}
	a := element(nil, 0xB5, binary.BigEndian.AppendUint64(nil, math.Float64bits(Rate)))
	a = uintElement(a, 0x9F, uint64(channels))
	return element(b, 0xAE, element(t, 0xE1, a))
}

// appendBlock appends one block with packets to a cluster.
func (l Live) appendBlock(b []byte, number byte, rel int64, packets []Packet) []byte {
	flags := byte(0)
	var body []byte
	if len(packets) > 1 {
		flags = map[Layout]byte{XiphLacing: 2, FixedLacing: 4, EBMLLacing: 6}[l.Layout]
		body = append(body, byte(len(packets)-1))
	}
	for i, p := range packets[:len(packets)-1] {
		n := len(p.Data) - len(l.Strip)
		switch {
		case l.Layout == XiphLacing:
			for ; n >= 255; n -= 255 {
				body = append(body, 255)
			}
			body = append(body, byte(n))
		case l.Layout == EBMLLacing && i == 0:
			body = append(body, 0x40|byte(n>>8), byte(n))
		case l.Layout == EBMLLacing:
			d := n - len(packets[i-1].Data) + len(l.Strip) + 1<<13 - 1
			body = append(body, 0x40|byte(d>>8), byte(d))
		}
	}
	for _, p := range packets {
		body = append(body, p.Data[len(l.Strip):]...)
	}
	if l.Layout == BlockGroups {
		block := element(nil, 0xA1, append([]byte{number, byte(rel >> 8), byte(rel), flags}, body...))
		block = uintElement(block, 0x9B, 20) // BlockDuration
		return element(b, 0xA0, block)
	}
	return element(b, 0xA3, append([]byte{number, byte(rel >> 8), byte(rel), flags | 0x80}, body...))
}

func element(b []byte, id uint32, body []byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if id>>shift != 0 {
			b = append(b, byte(id>>shift))
		}
	}
	return append(size(b, uint64(len(body))), body...)
}

func uintElement(b []byte, id uint32, v uint64) []byte {
	return element(b, id, binary.BigEndian.AppendUint64(nil, v))
}

// size appends a size in 4 bytes, as recorders that fill it in later do.
func size(b []byte, n uint64) []byte {
	return append(b, 0x10|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}
