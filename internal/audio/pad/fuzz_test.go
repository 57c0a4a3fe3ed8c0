package pad_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
)

// mute is an encoder that costs nothing.
type mute struct{}

func (mute) Encode(_ []float32, packet []byte) (int, error) {
	return copy(packet, []byte{0xf8, 0xff, 0xfd}), nil
}
func (mute) Lookahead() int { return 312 }

// Whatever the bytes: no panic, no endless loop, an output that is bounded and
// can be read back without gaps, a timeline that agrees with it, and every
// refusal says that the data are bad.
func FuzzPad(f *testing.F) {
	packets := made(12, 229*time.Millisecond)
	for i := 6; i < 12; i++ {
		packets[i].Time += 3e9
		packets[i].True += 3 * 48000
	}
	add := func(write func(w io.Writer) error) {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()*3/4])
	}
	for _, l := range []audiotest.Live{{}, {Layout: audiotest.EBMLLacing}, {Clutter: true, KnownSizes: true}, {CodecDelay: 90e6, Channels: 2}, {Scale: 1}, {Scale: 60e9}} {
		add(func(w io.Writer) error { return audiotest.WriteLive(w, packets, l) })
	}
	back := made(40, 10*time.Second)
	for i := 5; i < 40; i += 7 {
		back[i].Time = int64(i) * 1e6
	}
	add(func(w io.Writer) error { return audiotest.WriteLive(w, back, audiotest.Live{}) })
	add(func(w io.Writer) error { return audiotest.WriteLive(w, nil, audiotest.Live{}) })
	add(func(w io.Writer) error { return audiotest.Ogg(w, packets, audiotest.OggOptions{NoSum: true}) })
	add(func(w io.Writer) error {
		return audiotest.WAV(w, tone(8000, 0.2), audiotest.WAVFormat{Rate: 8000})
	})
	const limit = 10 * time.Minute
	f.Fuzz(func(t *testing.T, b []byte) {
		var out audiotest.Buffer
		tl, err := pad.Pad(t.Context(), bytes.NewReader(b), &out, pad.Options{
			MaxDuration: limit,
			ClockOffset: 3,
			NewEncoder:  func() (pad.Encoder, error) { return mute{}, nil },
		})
		// 10 minutes of silence are 105 KB; a packet costs some bytes more
		// than in the source. A WAV sample at 1 kHz makes 48.
		if most := 300_000 + 4*len(b) + 40*len(b); len(out.B) > most {
			t.Fatalf("%d bytes from %d", len(out.B), len(b))
		}
		if err != nil {
			if !audio.IsBadData(err) {
				t.Fatalf("%v is not marked as bad data", err)
			}
			return
		}
		r, err := pad.Open(bytes.NewReader(out.B))
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		copied, end := 0, int64(0)
		for {
			pos, packet, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("Next: %v", err)
			}
			if !opus.IsSilence(packet) {
				copied++
			}
			end = pos + int64(opus.Samples(packet))
		}
		if copied > tl.Packets || end > int64(limit.Seconds())*48000 {
			t.Fatalf("%d packets (timeline: %d) up to %d", copied, tl.Packets, end)
		}
		if tl.Packets > 0 && tl.Codec == "opus" && audio.Samples(tl.Duration) != end {
			t.Fatalf("the timeline ends at %g s, the file at %d samples", tl.Duration, end)
		}
		if tl.Offset < 0 || tl.Duration < 0 || tl.GapSeconds < 0 || tl.GapSeconds > limit.Seconds() || tl.MaxDrift < 0 {
			t.Fatalf("timeline %+v", tl)
		}
	})
}
