package main

import (
	"encoding/binary"
	"math"
)

// preSkip is the encoder's delay in samples of 48 kHz.
const preSkip = 312

// A liveWebM is a WebM file with one Opus track, laid out as a live recorder
// writes it: a segment of unknown size, no duration, no index, and time
// stamps that count from the recording's start. It is one of its kind on
// purpose: the product's own writer makes finished files.
type liveWebM struct {
	out     []byte
	cluster []byte // blocks of the open cluster
	start   int64  // ms, of the open cluster
	open    bool
}

// Element ids of Matroska (RFC 9559) and EBML (RFC 8794).
const (
	idEBML, idDocType                    = 0x1A45DFA3, 0x4282
	idSegment, idInfo, idTracks, idTrack = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE
	idCluster, idTimestamp, idSimple     = 0x1F43B675, 0xE7, 0xA3
)

const clusterMillis = 2000

func newWebM(channels byte) *liveWebM {
	head := append([]byte("OpusHead\x01"), channels)
	head = binary.LittleEndian.AppendUint16(head, preSkip)
	head = binary.LittleEndian.AppendUint32(head, 48000)
	head = append(head, 0, 0, 0) // no gain, mono or stereo

	rate := binary.BigEndian.AppendUint64(nil, math.Float64bits(48000))
	w := new(liveWebM)
	w.out = element(w.out, idEBML, join(
		element(nil, 0x4286, uint8s(1)), element(nil, 0x42F7, uint8s(1)),
		element(nil, 0x42F2, uint8s(4)), element(nil, 0x42F3, uint8s(8)),
		element(nil, idDocType, []byte("webm")),
		element(nil, 0x4287, uint8s(4)), element(nil, 0x4285, uint8s(2)),
	))
	w.out = append(id(w.out, idSegment), 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF) // unknown size
	w.out = element(w.out, idInfo, join(
		element(nil, 0x2AD7B1, []byte{0x0F, 0x42, 0x40}), // time stamps in ms
		element(nil, 0x4D80, []byte("mkexample")),
		element(nil, 0x5741, []byte("mkexample")),
	))
	w.out = element(w.out, idTracks, element(nil, idTrack, join(
		element(nil, 0xD7, uint8s(1)), element(nil, 0x73C5, uint8s(1)), // number, uid
		element(nil, 0x83, uint8s(2)), // audio
		element(nil, 0x9C, uint8s(0)), // no lacing
		element(nil, 0x86, []byte("A_OPUS")),
		element(nil, 0x63A2, head),
		element(nil, 0xE1, join(element(nil, 0xB5, rate), element(nil, 0x9F, uint8s(channels)))),
	)))
	return w
}

// packet adds one packet at ms.
func (w *liveWebM) packet(ms int64, data []byte) {
	if w.open && ms-w.start >= clusterMillis {
		w.flush()
	}
	if !w.open {
		w.open, w.start = true, ms
	}
	block := binary.BigEndian.AppendUint16([]byte{0x81}, uint16(ms-w.start))
	block = append(block, 0x80) // key frame
	w.cluster = element(w.cluster, idSimple, append(block, data...))
}

func (w *liveWebM) flush() {
	if !w.open {
		return
	}
	stamp := element(nil, idTimestamp, binary.BigEndian.AppendUint32(nil, uint32(w.start)))
	w.out = element(w.out, idCluster, append(stamp, w.cluster...))
	w.cluster, w.open = nil, false
}

func (w *liveWebM) bytes() []byte {
	w.flush()
	return w.out
}

func id(out []byte, id uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if b := byte(id >> shift); b != 0 {
			out = append(out, b)
		}
	}
	return out
}

// element appends an element, its size in as few bytes as will do.
func element(out []byte, elementID uint32, data []byte) []byte {
	out = id(out, elementID)
	n := 1
	for uint64(len(data)) >= 1<<(7*n)-1 {
		n++
	}
	size := uint64(len(data)) | 1<<(7*n)
	for shift := 8 * (n - 1); shift >= 0; shift -= 8 {
		out = append(out, byte(size>>shift))
	}
	return append(out, data...)
}

func uint8s(v byte) []byte { return []byte{v} }

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
