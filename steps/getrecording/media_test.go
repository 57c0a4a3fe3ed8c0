package getrecording_test

import (
	"testing"

	"github.com/trackscribe/trackscribe/steps/getrecording"
)

func TestIsMedia(t *testing.T) {
	t.Parallel()
	const daily = "tracks/1763000000000-11111111-2222-3333-4444-555555555555-"
	for key, want := range map[string]bool{
		daily + "cam-audio-1763000001000":            true,
		daily + "cam-audio-1763000001000.webm":       true,
		daily + "cam-video-1763000001000":            true,
		daily + "screen-audio-1763000001000":         true,
		daily + "screen-video-1763000001000.bin":     true,
		daily + "cam-audio-1763000001000.event.json": false,
		daily + "cam-audio-1763000001000.json":       false,
		"ann.WAV":                                    true,
		"composed.mp4":                               true,
		"notes.pdf":                                  false,
		"recording.json":                             false,
		"participants.json":                          false,
		"README":                                     false,
	} {
		if got := getrecording.IsMedia(key); got != want {
			t.Errorf("IsMedia(%q) = %t, want %t", key, got, want)
		}
	}
}
