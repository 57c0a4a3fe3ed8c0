package cut_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/cut"
	"github.com/trackscribe/trackscribe/internal/asr/padded"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
)

func track(t *testing.T, spec audiotest.Spec) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := audiotest.Raw(&raw, spec); err != nil {
		t.Fatal(err)
	}
	var out audiotest.Buffer
	if _, err := pad.Pad(t.Context(), &raw, &out, pad.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.B
}

// sound decodes a padded track, or a chunk.
func sound(t *testing.T, b []byte) []float32 {
	t.Helper()
	in, err := padded.Open(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	room := make([]float32, 1<<14)
	for {
		n, err := in.Read(room)
		all = append(all, room[:n]...)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestChunksAreTheTrack decodes every chunk and wants, at each moment, the very
// samples that the track has where the chunk says the moment belongs.
func TestChunksAreTheTrack(t *testing.T) {
	t.Parallel()
	b := track(t, audiotest.Spec{
		Seed: 3, Seconds: 90, Offset: 3.217, Jitter: 2,
		Mutes: []audiotest.Mute{{Start: 10, Length: 5.5}, {Start: 30.01, Length: 1.3}, {Start: 50, Length: 0.4}, {Start: 60, Length: 12.34}},
	})
	whole := sound(t, b)
	plan, err := cut.Make(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	chunks := plan.Chunks(cut.Limits{Seconds: 20})
	if len(chunks) < 4 {
		t.Fatalf("%d chunks", len(chunks))
	}
	const limit = 24 << 20
	for _, c := range chunks {
		if c.Seconds() > 20 {
			t.Errorf("chunk %d has %.2f s", c.Index, c.Seconds())
		}
		var file audiotest.Buffer
		if err := c.Write(bytes.NewReader(b), &file, cut.Limits{Bytes: limit}); err != nil {
			t.Fatal(err)
		}
		got := sound(t, file.B)
		if d := float64(len(got))/asr.SampleRate - c.Seconds(); d < -0.0025 || d > 0.03 {
			t.Errorf("chunk %d has %.3f s, and says %.3f", c.Index, float64(len(got))/asr.SampleRate, c.Seconds())
		}
		var difference, energy float64
		// Behind the first fifth of a second the decoder is as the track's.
		for i := asr.SampleRate / 5; i < min(len(got), int(c.Seconds()*asr.SampleRate)); i++ {
			at := c.Track(float64(i) / asr.SampleRate)
			k := int(math.Round(at * asr.SampleRate))
			if k >= len(whole) || got[i] == 0 {
				continue // a pause
			}
			difference += math.Abs(float64(got[i] - whole[k]))
			energy += math.Abs(float64(whole[k]))
		}
		if energy == 0 || difference/energy > 0.01 {
			t.Errorf("chunk %d differs from the track by %.2f %%", c.Index, 100*difference/energy)
		}
	}
	if a := plan.Audible(); a > 90-5.5-12.3 || a < 60 {
		t.Errorf("%.1f s are to be sent", a)
	}
}

func TestTimesGoForward(t *testing.T) {
	t.Parallel()
	b := track(t, audiotest.Spec{Seed: 5, Seconds: 40, Mutes: []audiotest.Mute{{Start: 8, Length: 3}, {Start: 20, Length: 9}}})
	plan, err := cut.Make(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	last := -1.0
	for _, c := range plan.Chunks(cut.Limits{Seconds: 600}) {
		for at := 0.0; at <= c.Seconds(); at += 0.01 {
			if now := c.Track(at); now < last {
				t.Fatalf("%.2f s of the chunk are %.3f s of the track, after %.3f", at, now, last)
			} else {
				last = now
			}
		}
		for _, s := range plan.Talk(c) {
			if s.Start < 0 || s.End > c.Seconds()+0.01 || s.End <= s.Start {
				t.Errorf("speech from %.2f to %.2f in a chunk of %.2f s", s.Start, s.End, c.Seconds())
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	b := track(t, audiotest.Spec{Seed: 5, Seconds: 10})
	plan, err := cut.Make(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var file audiotest.Buffer
	if err := plan.Chunks(cut.Limits{Seconds: 600})[0].Write(bytes.NewReader(b), &file, cut.Limits{Bytes: 100}); !errors.Is(err, cut.ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}
