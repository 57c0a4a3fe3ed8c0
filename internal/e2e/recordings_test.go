package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
)

// shortRecording makes a recording of a few seconds of silence: what its steps
// do is over at once.
func shortRecording(t testing.TB, name string, tracks int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Join(dir, "tracks"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range tracks {
		f, err := os.Create(filepath.Join(dir, "tracks", fmt.Sprintf("person-%d.wav", i)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := audiotest.WAV(f, make([]float32, 2*audiotest.Rate), audiotest.WAVFormat{}); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// badTrack makes one track of a recording nothing that a decoder knows.
func badTrack(t testing.TB, dir string, track int) {
	t.Helper()
	file := filepath.Join(dir, "tracks", fmt.Sprintf("person-%d.wav", track))
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		whole[i] = byte(i * 7)
	}
	if err := os.WriteFile(file, whole, 0o644); err != nil {
		t.Fatal(err)
	}
}
