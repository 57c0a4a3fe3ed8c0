// Package generatewaveform is the step that makes waveform values and a picture
// of the peaks that were gathered while mixing.
package generatewaveform

import (
	"context"
	"os"

	"github.com/trackscribe/trackscribe/internal/audio/waveform"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// In is what the step reads.
type In struct {
	Peaks artifact.Peaks `in:"peaks" doc:"loudness of the mix"`
}

// Out is what the step writes.
type Out struct {
	Waveform artifact.Waveform `out:"waveform" file:"waveform.json" doc:"255 values, and one per 20 ms"`
	Picture  steps.Output      `out:"picture" file:"waveform.png" media:"image/png" show:"true" doc:"the waveform as a picture"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "generate-waveform",
	Version: "1",
	Summary: "make the waveform's values and picture",
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(_ context.Context, job *steps.Job, in In) (Out, error) {
		values, err := waveform.Make(in.Peaks)
		if err != nil {
			return Out{}, err
		}
		out := Out{Waveform: values, Picture: steps.Output{Path: job.Path("waveform.png")}}
		file, err := os.Create(out.Picture.Path)
		if err != nil {
			return Out{}, err
		}
		defer file.Close()
		if err := waveform.PNG(file, in.Peaks, waveform.PictureOptions{}); err != nil {
			return Out{}, err
		}
		return out, file.Close()
	})
}
