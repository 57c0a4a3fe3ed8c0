// Package detecttopics is the step that divides the meeting into topics.
package detecttopics

import (
	"context"

	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// In is what the step reads.
type In struct {
	Transcript artifact.Transcript `in:"transcript" doc:"who said what"`
}

// Out is what the step writes.
type Out struct {
	Topics artifact.Topics `out:"topics" file:"topics.json" doc:"what it was about, and when"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "detect-topics",
	Version: "1",
	Summary: "divide the meeting into topics",
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(_ context.Context, job *steps.Job, in In) (Out, error) {
		found := topics.Detect(in.Transcript)
		job.Used(found.Engine, steps.Usage{})
		return Out{found}, nil
	})
}
