package mix_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/mix"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
)

// The real parts around it: raw tracks are padded, mixed, and read back. What
// each says at a known time is heard in the mix at that time.
func TestMixOfPaddedFiles(t *testing.T) {
	t.Parallel()
	const seconds = 6
	pcm := audiotest.Speech(11, seconds-2)
	specs := []audiotest.Spec{
		{PCM: pcm, Offset: 1.25},
		{PCM: make([]float32, 48000), Offset: 0.5, Coding: audiotest.Coding{Channels: 2, Bitrate: 64000, Music: true}},
	}
	var inputs []mix.Input
	for _, spec := range specs {
		var raw bytes.Buffer
		var padded audiotest.Buffer
		if err := audiotest.Raw(&raw, spec); err != nil {
			t.Fatal(err)
		}
		if _, err := pad.Pad(context.Background(), &raw, &padded, pad.Options{}); err != nil {
			t.Fatal(err)
		}
		in, err := pad.Open(bytes.NewReader(padded.B))
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	var out audiotest.Buffer
	w, err := webm.NewWriter(&out, webm.WriterOptions{Head: opus.Head{Channels: 1, PreSkip: mix.PreSkip}})
	if err != nil {
		t.Fatal(err)
	}
	stats, peaks, err := mix.Mix(context.Background(), inputs, w, mix.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := 1.25 + float64(len(pcm))/48000; math.Abs(peaks.Duration-want) > 0.021 {
		t.Errorf("duration %.3f s, want %.3f", peaks.Duration, want)
	}

	r, err := webm.NewReader(bytes.NewReader(out.B), webm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Format(); f.PreSkip != mix.PreSkip || f.Channels != 1 {
		t.Errorf("format %+v", f)
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []float32
	buf := make([]float32, opus.MaxSamples)
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := dec.Decode(p.Data, buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	if len(got) != stats.Frames*opus.FrameSize {
		t.Errorf("%d samples read back of %d frames", len(got), stats.Frames)
	}
	got = got[mix.PreSkip:]

	// The raw track's own encoder delay stays, as for any player of it.
	start := int(audio.Samples(1.25)) + audiotest.Lookahead
	best, lag := math.Inf(-1), 0
	for l := -480; l <= 480; l++ {
		var c float64
		for i := 0; i < len(pcm); i += 5 {
			if k := start + i + l; k < len(got) {
				c += float64(pcm[i]) * float64(got[k])
			}
		}
		if c > best {
			best, lag = c, l
		}
	}
	if lag < -48 || lag > 48 {
		t.Errorf("speech is %.2f ms late in the mix, want within 1 ms", float64(lag)/48)
	}
}
