package serve

import (
	"context"
	"io"
	"os"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/padded"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/audio/wav"
)

// sound turns an upload into samples. It is made a padded track first, as the
// pipeline does it, so that gaps and every container mean the same here. What
// close removes is the file.
func sound(ctx context.Context, file io.ReadSeeker, scratch string) (pcm asr.PCM, closing func(), err error) {
	closing = func() {}
	// WAV at the recogniser's own rate needs nothing.
	if in, err := wav.NewReader(file); err == nil && in.Format().SampleRate == asr.SampleRate {
		return in, closing, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, closing, err
	}
	f, err := os.CreateTemp(scratch, "trackscribe-asr-*.webm")
	if err != nil {
		return nil, closing, err
	}
	closing = func() {
		f.Close()
		os.Remove(f.Name())
	}
	if _, err = pad.Pad(ctx, file, f, pad.Options{NewEncoder: pad.OpusEncoder}); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, closing, err
	}
	pcm, err = padded.Open(f)
	return pcm, closing, err
}
