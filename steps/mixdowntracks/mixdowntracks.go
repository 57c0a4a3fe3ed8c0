// Package mixdowntracks is the step that mixes all tracks into one audio file
// and measures their loudness, in one pass.
package mixdowntracks

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/trackscribe/trackscribe/internal/audio/mix"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// In is what the step reads.
type In struct {
	Audio []steps.Input `in:"audio,each" doc:"the padded tracks"`
}

// Out is what the step writes.
type Out struct {
	Audio steps.Output   `out:"audio" file:"audio.webm" media:"audio/webm" doc:"all tracks as one: Opus 48 kbit/s mono"`
	Peaks artifact.Peaks `out:"peaks" file:"peaks.json" doc:"loudness of the mix and of each track"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "mixdown-tracks",
	Version: "1",
	Summary: "mix all tracks into one audio file and measure it",
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		path := job.Path("audio.webm")
		out, err := os.Create(path)
		if err != nil {
			return Out{}, err
		}
		defer out.Close()
		peaks, err := mixdown(ctx, job, in.Audio, out)
		if err != nil {
			return Out{}, err
		}
		return Out{Audio: steps.Output{Path: path}, Peaks: peaks}, out.Close()
	})
}

func mixdown(ctx context.Context, job *steps.Job, tracks []steps.Input, out io.WriteSeeker) (artifact.Peaks, error) {
	var inputs []mix.Input
	opt := mix.Options{Tracks: []int{}}
	var total int64
	for _, t := range tracks {
		total += t.Size
	}
	meter := job.Meter(total)
	for _, t := range tracks {
		r, err := t.Open(ctx)
		if err != nil {
			return artifact.Peaks{}, fmt.Errorf("track %d: %w", t.Track, err)
		}
		defer r.Close()
		p, err := pad.Open(meter.Reader(r))
		if err != nil {
			return artifact.Peaks{}, fmt.Errorf("track %d: %w", t.Track, err)
		}
		inputs, opt.Tracks = append(inputs, p), append(opt.Tracks, t.Track)
	}
	file, err := webm.NewWriter(out, webm.WriterOptions{Head: opus.Head{Channels: 1, PreSkip: mix.PreSkip}})
	if err != nil {
		return artifact.Peaks{}, err
	}
	stats, peaks, err := mix.Mix(ctx, inputs, file, opt)
	if err != nil {
		return peaks, err
	}
	for i, s := range stats.Inputs {
		if s.Broken > 0 {
			job.Warn("track %d: %d packets could not be decoded", opt.Tracks[i], s.Broken)
		}
	}
	return peaks, file.Close()
}
