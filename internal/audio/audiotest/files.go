package audiotest

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// Buffer is a file in memory: an io.WriteSeeker.
type Buffer struct {
	B   []byte
	pos int
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	if need := b.pos + len(p) - len(b.B); need > 0 {
		b.B = append(b.B, make([]byte, need)...)
	}
	b.pos += copy(b.B[b.pos:], p)
	return len(p), nil
}

// Seek implements io.Seeker.
func (b *Buffer) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += int64(b.pos)
	case io.SeekEnd:
		offset += int64(len(b.B))
	}
	if offset < 0 || offset > int64(len(b.B)) {
		return 0, errors.New("seek: outside of the buffer")
	}
	b.pos = int(offset)
	return offset, nil
}

// A WAVFormat says how PCM is written. The zero value is 48 kHz mono s16.
type WAVFormat struct {
	Rate       int
	Channels   int  // all hold the same
	Bits       int  // 8, 16, 24, 32
	Float      bool // with Bits 32
	Extensible bool
	Tag        int    // instead of the right one
	DataSize   uint32 // instead of the right one, when Unknown
	Unknown    bool
	Chunks     bool // LIST and an odd chunk before the sound
}

// WAV writes pcm as a WAV file.
func WAV(w io.Writer, pcm []float32, f WAVFormat) error {
	f.Rate, f.Channels, f.Bits = cmpOr(f.Rate, Rate), cmpOr(f.Channels, 1), cmpOr(f.Bits, 16)
	var data []byte
	for _, v := range pcm {
		for range f.Channels {
			n := int64(math.Round(float64(v) * float64(int64(1)<<(f.Bits-1)-1)))
			switch {
			case f.Float:
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
			case f.Bits == 8:
				data = append(data, byte(n+128))
			default:
				for i := range f.Bits / 8 {
					data = append(data, byte(n>>(8*i)))
				}
			}
		}
	}
	tag := 1
	if f.Float {
		tag = 3
	}
	tag = cmpOr(f.Tag, tag)
	first := tag
	if f.Extensible {
		first = 0xFFFE
	}
	align := f.Channels * f.Bits / 8
	fm := binary.LittleEndian.AppendUint16(nil, uint16(first))
	fm = binary.LittleEndian.AppendUint16(fm, uint16(f.Channels))
	fm = binary.LittleEndian.AppendUint32(fm, uint32(f.Rate))
	fm = binary.LittleEndian.AppendUint32(fm, uint32(f.Rate*align))
	fm = binary.LittleEndian.AppendUint16(fm, uint16(align))
	fm = binary.LittleEndian.AppendUint16(fm, uint16(f.Bits))
	if f.Extensible {
		fm = binary.LittleEndian.AppendUint16(fm, 22)
		fm = binary.LittleEndian.AppendUint16(fm, uint16(f.Bits))
		fm = binary.LittleEndian.AppendUint32(fm, 0)
		fm = binary.LittleEndian.AppendUint16(fm, uint16(tag))
		fm = append(fm, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	}
	body := chunk([]byte("WAVE"), "fmt ", fm, uint32(len(fm)))
	if f.Chunks {
		body = chunk(body, "LIST", []byte("INFOISFT\x02\x00\x00\x00x\x00"), 14)
		body = chunk(body, "odd ", []byte{1, 2, 3}, 3)
	}
	n := uint32(len(data))
	if f.Unknown {
		n = f.DataSize
	}
	body = chunk(body, "data", data, n)
	_, err := w.Write(chunk(nil, "RIFF", body, uint32(len(body))))
	return err
}

func cmpOr(v, or int) int {
	if v == 0 {
		return or
	}
	return v
}

func chunk(b []byte, id string, body []byte, size uint32) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, id...), size)
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// ReadWAV reads the sound of a 16-bit 48 kHz mono WAV file with a plain header,
// for a Spec's PCM.
func ReadWAV(r io.Reader) ([]float32, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if len(b) < 44 || string(b[36:40]) != "data" || b[22] != 1 || b[34] != 16 || binary.LittleEndian.Uint32(b[24:]) != Rate {
		return nil, errors.New("read wav: want 16 bit, 48 kHz, mono and a plain header")
	}
	b = b[44:]
	out := make([]float32, len(b)/2)
	for i := range out {
		out[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / (1 << 15)
	}
	return out, nil
}

// OggOptions say how Ogg writes. The zero value is a plain file.
type OggOptions struct {
	Channels int
	Serial   uint32
	PerPage  int   // packets on a page; 0: 50
	First    int64 // granule position at which the sound begins
	TrimEnd  int64 // samples by which the last granule position is early
	Head     []byte
	NoSum    bool // checksums are left 0
	Open     bool // no end-of-stream mark
}

// Ogg writes packets as an Ogg Opus stream. Holes between their True positions
// become holes in the granule positions.
func Ogg(w io.Writer, packets []Packet, o OggOptions) error {
	head := o.Head
	if head == nil {
		head = opus.Head{Channels: max(o.Channels, 1), PreSkip: Lookahead, SampleRate: Rate}.Append(nil)
	}
	p := pager{o: o, w: w}
	p.page(2, 0, [][]byte{head})
	p.page(0, 0, [][]byte{[]byte("OpusTags\x04\x00\x00\x00test\x00\x00\x00\x00")})
	per := cmpOr(o.PerPage, 50)
	for i := 0; i < len(packets); {
		n, bytes := 0, 0
		var page [][]byte
		granule := int64(0)
		for n < per && i+n < len(packets) && bytes < 40000 {
			q := packets[i+n]
			if n > 0 && q.True != granule { // a hole: a new page
				break
			}
			granule = q.True + int64(opus.Samples(q.Data))
			page = append(page, q.Data)
			bytes += len(q.Data) + len(q.Data)/255 + 1
			n++
			if bytes/255+n > 200 {
				break
			}
		}
		i += n
		flags := byte(0)
		granule += o.First - packets[0].True
		if i == len(packets) && !o.Open {
			flags, granule = 4, granule-o.TrimEnd
		}
		p.page(flags, granule, page)
	}
	return p.err
}

type pager struct {
	o   OggOptions
	w   io.Writer
	seq uint32
	err error
}

func (p *pager) page(flags byte, granule int64, packets [][]byte) {
	b := append([]byte("OggS\x00"), flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = binary.LittleEndian.AppendUint32(b, p.o.Serial)
	b = binary.LittleEndian.AppendUint32(b, p.seq)
	b = append(b, 0, 0, 0, 0)
	p.seq++
	var lacing, body []byte
	for _, q := range packets {
		n := len(q)
		for ; n >= 255; n -= 255 {
			lacing = append(lacing, 255)
		}
		lacing = append(lacing, byte(n))
		body = append(body, q...)
	}
	b = append(append(append(b, byte(len(lacing))), lacing...), body...)
	if !p.o.NoSum {
		sum := uint32(0)
		for _, v := range b {
			sum ^= uint32(v) << 24
			for range 8 {
				if sum&0x80000000 != 0 {
					sum = sum<<1 ^ 0x04c11db7
				} else {
					sum <<= 1
				}
			}
		}
		binary.LittleEndian.PutUint32(b[22:], sum)
	}
	if _, err := p.w.Write(b); err != nil && p.err == nil {
		p.err = err
	}
}
