package mix

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// FuzzMix mixes a track of any packets at any positions with a good one: the
// mix ends, is as long as it should be, and stays under the ceiling.
//
// The fuzzed bytes are records of a position's difference to the packet before
// (int16, in 2.5 ms), a length (byte) and as many bytes of packet.
func FuzzMix(f *testing.F) {
	record := func(b []byte, delta int16, p []byte) []byte {
		b = binary.LittleEndian.AppendUint16(b, uint16(delta))
		return append(append(b, byte(len(p))), p...)
	}
	good, err := audiotest.Encode(audiotest.Speech(1, 0.2), audiotest.Coding{})
	if err != nil {
		f.Fatal(err)
	}
	var seed []byte
	for _, p := range good {
		seed = record(seed, 8, p)
	}
	f.Add(seed)
	f.Add(record(record(nil, -8, good[0]), 100, opus.Silence(opus.MaxSamples)))
	f.Add(record(record(record(nil, 0, nil), 0, []byte{0xfb}), 0, good[1]))
	f.Add(record(nil, 32767, good[2]))
	f.Fuzz(func(t *testing.T, b []byte) {
		var track []placed
		pos := int64(0)
		for len(b) >= 3 {
			pos += int64(int16(binary.LittleEndian.Uint16(b))) * opus.SilenceStep
			n := min(int(b[2]), len(b)-3)
			track = append(track, placed{pos, b[3 : 3+n]})
			b = b[3+n:]
		}
		sink := &file{t: t}
		opt := Options{Workers: 2, segment: second, MaxDuration: 20 * time.Second}
		opt.tap = func(_ int64, pcm []float32) {
			if p := peakOf(pcm); !(p <= 0.9701) {
				t.Errorf("peak of %g before the encoder", p)
			}
		}
		stats, _, err := Mix(context.Background(), inputs(track, at(0, good...)), sink, opt)
		if err != nil {
			return // a position out of range
		}
		if len(sink.packets) != stats.Frames || int64(stats.Frames)*opus.FrameSize < stats.Samples+PreSkip {
			t.Errorf("%d packets for %d samples", len(sink.packets), stats.Samples)
		}
	})
}
