// Package padtrack is the step that puts a raw track on the recording's clock:
// silence before it and in its gaps, by packet copy.
package padtrack

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A Source opens raw tracks.
type Source interface {
	// OpenTrack opens a raw track as it was when the recording was listed.
	OpenTrack(ctx context.Context, t artifact.Track) (io.ReadCloser, error)
}

// In is what the step reads, beside the raw track itself.
type In struct {
	Track artifact.Track `in:"track" doc:"which raw track"`
}

// Out is what the step writes.
type Out struct {
	Audio    steps.Output      `out:"audio" file:"padded.webm" media:"audio/webm" doc:"the track from the recording's start, without gaps"`
	Timeline artifact.Timeline `out:"timeline" file:"timeline.json" doc:"where the track begins and pauses"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "pad-track",
	Version: "1",
	Summary: "align a track with the recording's start by packet copy",
	Needs:   []steps.Need{{Name: "source", Doc: "the raw track"}, {Name: "daily", Doc: "the account at Daily, for its recordings"}},
})

// New returns the step, reading raw tracks from source.
func New(source Source) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		tl, err := padTrack(ctx, job, source, in.Track)
		if err != nil {
			return Out{}, fmt.Errorf("track %d: %w", in.Track.Index, err)
		}
		for _, w := range tl.Warnings {
			job.Warn("track %d: %s", in.Track.Index, w)
		}
		return Out{Audio: steps.Output{Path: job.Path("padded.webm")}, Timeline: tl}, nil
	})
}

func padTrack(ctx context.Context, job *steps.Job, source Source, t artifact.Track) (artifact.Timeline, error) {
	raw, err := source.OpenTrack(ctx, t)
	if err != nil {
		return artifact.Timeline{}, err
	}
	defer raw.Close()
	out, err := os.Create(job.Path("padded.webm"))
	if err != nil {
		return artifact.Timeline{}, err
	}
	defer out.Close()
	offset, exact := t.ClockOffset, t.Start != nil
	if exact {
		offset = *t.Start
	}
	tl, err := pad.Pad(ctx, raw, out, pad.Options{
		Track:       t.Index,
		ClockOffset: offset,
		ClockExact:  exact,
		Progress:    func(bytes int64) { job.Progress(float64(bytes) / float64(max(1, t.Size))) },
		NewEncoder:  pad.OpusEncoder,
	})
	if err != nil {
		return tl, err
	}
	// What follows the audio in the file belongs to it too: an identity that
	// is checked at the end of the stream must see the end.
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return tl, err
	}
	return tl, out.Close()
}
