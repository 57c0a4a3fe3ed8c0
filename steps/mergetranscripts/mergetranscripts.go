// Package mergetranscripts is the step that makes one transcript of what was
// heard on each track.
package mergetranscripts

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/trackscribe/trackscribe/internal/text/merge"
	"github.com/trackscribe/trackscribe/internal/text/subtitle"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// In is what the step reads.
type In struct {
	Recording    artifact.Recording    `in:"recording" doc:"the tracks"`
	Participants artifact.Participants `in:"participants" doc:"whose they are"`
	Timelines    []artifact.Timeline   `in:"timelines,each" doc:"how each lies on the recording's clock"`
	Words        []artifact.TrackWords `in:"words,each" doc:"what was heard on each"`
}

// Out is what the step writes.
type Out struct {
	Transcript artifact.Transcript `out:"transcript" file:"transcript.json" doc:"who said what, and when"`
	VTT        steps.Output        `out:"vtt" file:"transcript.vtt" media:"text/vtt; charset=utf-8" doc:"the same as WebVTT"`
	Text       steps.Output        `out:"text" file:"transcript.txt" media:"text/plain; charset=utf-8" show:"true" doc:"the same as text"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "merge-transcripts",
	Version: "1",
	Summary: "merge the tracks' words into one transcript by speaker",
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(_ context.Context, job *steps.Job, in In) (Out, error) {
		for i := range in.Words {
			levels, err := base64.StdEncoding.DecodeString(in.Words[i].LevelData)
			if err != nil {
				return Out{}, steps.Bad("", "track %d: read its levels: %w", in.Words[i].Track, err)
			}
			in.Words[i].Levels = make([]int8, len(levels))
			for k, b := range levels {
				in.Words[i].Levels[k] = int8(b)
			}
		}
		t := merge.Merge(in.Recording, in.Participants, in.Words)
		for _, tl := range in.Timelines {
			t.Duration = max(t.Duration, tl.Duration)
			t.Warnings = append(t.Warnings, prefixed(tl)...)
		}
		out := Out{
			Transcript: t,
			VTT:        steps.Output{Path: job.Path("transcript.vtt")},
			Text:       steps.Output{Path: job.Path("transcript.txt")},
		}
		if err := os.WriteFile(out.VTT.Path, subtitle.WebVTT(t), 0o600); err != nil {
			return Out{}, err
		}
		return out, os.WriteFile(out.Text.Path, subtitle.Text(t), 0o600)
	})
}

// prefixed returns a track's warnings, each naming the track.
func prefixed(tl artifact.Timeline) []string {
	var list []string
	for _, w := range tl.Warnings {
		list = append(list, fmt.Sprintf("track %d: %s", tl.Track, w))
	}
	return list
}
