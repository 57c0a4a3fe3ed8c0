package audiotest_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// The generators are what other tests stand on: they must be speech-like
// enough for an encoder's silence detection, and give the same bytes always.
func TestSpeech(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Speech(1, 20)
	loud, peak := 0, 0.0
	for at := 0; at+960 <= len(pcm); at += 960 {
		sum := 0.0
		for _, v := range pcm[at : at+960] {
			sum += float64(v) * float64(v)
			peak = max(peak, math.Abs(float64(v)))
		}
		if math.Sqrt(sum/960) > 0.01 {
			loud++
		}
	}
	if share := float64(loud) / float64(len(pcm)/960); share < 0.3 || share > 0.85 || peak < 0.2 || peak > 0.75 {
		t.Errorf("loud for %.0f %% of the time, peak %.2f: not like speech", 100*share, peak)
	}
}

func TestRawIsDeterministic(t *testing.T) {
	t.Parallel()
	spec := audiotest.Meeting(6)[1]
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := audiotest.Raw(w, spec); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() < 1000 {
		t.Errorf("two files of one spec differ, or are empty: %d and %d bytes", a.Len(), b.Len())
	}
}

func TestDTXLeavesPacketsOut(t *testing.T) {
	t.Parallel()
	packets, err := audiotest.Packets(audiotest.Spec{Seed: 2, Seconds: 20, Coding: audiotest.Coding{DTX: true}})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, p := range packets {
		sum += opus.Samples(p.Data)
	}
	if share := float64(sum) / (20 * audiotest.Rate); share < 0.3 || share > 0.9 {
		t.Errorf("packets cover %.0f %% of a DTX track", 100*share)
	}
}
