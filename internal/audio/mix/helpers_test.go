package mix

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A placed is a packet with its position.
type placed struct {
	pos  int64
	data []byte
}

// list is an Input in memory.
type list struct {
	packets []placed
	buf     []byte
}

// Next gives its packets out in one buffer, as readers do, so that a mix that
// keeps them without copying is found out.
func (l *list) Next() (int64, []byte, error) {
	if len(l.packets) == 0 {
		return 0, nil, io.EOF
	}
	p := l.packets[0]
	l.packets = l.packets[1:]
	for i := range l.buf {
		l.buf[i] = 0xaa
	}
	l.buf = append(l.buf[:0], p.data...)
	return p.pos, l.buf, nil
}

// at lines packets up without gaps from pos on.
func at(pos int64, packets ...[]byte) []placed {
	var out []placed
	for _, p := range packets {
		out = append(out, placed{pos, p})
		pos += int64(opus.Samples(p))
	}
	return out
}

// inputs makes an Input of each list.
func inputs(tracks ...[]placed) []Input {
	var out []Input
	for _, t := range tracks {
		out = append(out, &list{packets: slices.Clone(t)})
	}
	return out
}

// file is a Sink in memory.
type file struct {
	t       testing.TB
	packets [][]byte
}

func (f *file) WritePacket(pos int64, packet []byte) error {
	if want := int64(len(f.packets)) * opus.FrameSize; pos != want {
		f.t.Errorf("packet at %d, want %d", pos, want)
	}
	if n := opus.Samples(packet); n != opus.FrameSize {
		f.t.Errorf("packet of %d samples", n)
	}
	f.packets = append(f.packets, bytes.Clone(packet))
	return nil
}

// pcm is what a player plays: time 0 is the recording's.
func (f *file) pcm() []float32 { return decode(f.t, f.packets)[PreSkip:] }

func decode(t testing.TB, packets [][]byte) []float32 {
	t.Helper()
	dec, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]float32, opus.MaxSamples)
	var out []float32
	for i, p := range packets {
		n, err := dec.Decode(p, buf)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		out = append(out, buf[:n]...)
	}
	return out
}

// play is what a player makes of a gapless track that is padded with silence in
// front and at the end.
func play(t testing.TB, track []placed, length int) []float32 {
	t.Helper()
	var packets [][]byte
	for track[0].pos >= opus.FrameSize {
		track = slices.Insert(slices.Clone(track), 0, placed{track[0].pos - opus.FrameSize, opus.Silence(opus.FrameSize)})
	}
	for _, p := range track {
		packets = append(packets, p.data)
	}
	packets = append(packets, opus.Silence(opus.FrameSize))
	out := make([]float32, length)
	for i, v := range decode(t, packets) {
		if k := track[0].pos + int64(i); k >= 0 && k < int64(length) {
			out[k] = v
		}
	}
	return out
}

func encode(t testing.TB, pcm []float32, c audiotest.Coding) [][]byte {
	t.Helper()
	packets, err := audiotest.Encode(pcm, c)
	if err != nil {
		t.Fatal(err)
	}
	return packets
}

// mixed is all that a mix gives.
type mixed struct {
	file
	stats Stats
	peaks artifact.Peaks
	sum   []float32 // what was encoded
}

func mixAll(t testing.TB, opt Options, tracks ...[]placed) *mixed {
	t.Helper()
	m := &mixed{file: file{t: t}}
	var mu sync.Mutex
	opt.tap = func(at int64, pcm []float32) {
		mu.Lock()
		defer mu.Unlock()
		if need := int(at) + len(pcm) - len(m.sum); need > 0 {
			m.sum = append(m.sum, make([]float32, need)...)
		}
		copy(m.sum[at:], pcm)
	}
	var err error
	if m.stats, m.peaks, err = Mix(context.Background(), inputs(tracks...), m, opt); err != nil {
		t.Fatal(err)
	}
	return m
}

// snr returns the ratio of want to its difference from got, in dB.
func snr(want, got []float32) float64 {
	var signal, noise float64
	for i := range min(len(want), len(got)) {
		d := float64(want[i] - got[i])
		signal += float64(want[i]) * float64(want[i])
		noise += d * d
	}
	return 10 * math.Log10(max(signal, 1e-30)/max(noise, 1e-30))
}

// meeting makes four unlike tracks with different starts, soft enough that
// their sum needs no limiter.
func meeting(t testing.TB, seconds float64) [][]placed {
	t.Helper()
	speech := func(seed uint64, seconds float64) []float32 {
		pcm := audiotest.Speech(seed, seconds)
		for i := range pcm {
			pcm[i] *= 0.3
		}
		return pcm
	}
	return [][]placed{
		at(11000, encode(t, speech(1, seconds-1), audiotest.Coding{FEC: true})...),
		at(-100, encode(t, speech(2, seconds), audiotest.Coding{Bitrate: 14000})...),
		at(48077, encode(t, speech(3, seconds-2), audiotest.Coding{Channels: 2, Bitrate: 64000, Music: true})...),
		at(24000, encode(t, speech(4, seconds-1.5), audiotest.Coding{Milliseconds: 60})...),
	}
}
