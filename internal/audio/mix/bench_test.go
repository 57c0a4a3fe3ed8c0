package mix

import (
	"context"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
)

// nowhere is a Sink.
type nowhere struct{}

func (nowhere) WritePacket(int64, []byte) error { return nil }

// BenchmarkMix mixes four unlike tracks of 30 s. Its figure to look at is how
// many seconds of recording a second of one CPU mixes.
func BenchmarkMix(b *testing.B) {
	const seconds = 30
	tracks := [][]placed{
		at(11000, encode(b, audiotest.Speech(1, seconds), audiotest.Coding{FEC: true})...),
		at(0, encode(b, audiotest.Speech(2, seconds), audiotest.Coding{Bitrate: 24000})...),
		at(48000, encode(b, audiotest.Speech(3, seconds), audiotest.Coding{Channels: 2, Bitrate: 64000, Music: true})...),
		at(24000, encode(b, audiotest.Speech(4, seconds), audiotest.Coding{})...),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Mix(context.Background(), inputs(tracks...), nowhere{}, Options{Workers: 1}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(seconds*float64(b.N)/b.Elapsed().Seconds(), "s/s")
}
