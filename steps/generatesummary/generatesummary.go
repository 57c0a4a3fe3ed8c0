// Package generatesummary is the step that finds what is worth remembering:
// highlights, action items, decisions.
package generatesummary

import (
	"context"

	"github.com/trackscribe/trackscribe/internal/text/summary"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// In is what the step reads.
type In struct {
	Transcript artifact.Transcript `in:"transcript" doc:"who said what"`
	Topics     artifact.Topics     `in:"topics" doc:"what it was about"`
}

// Out is what the step writes.
type Out struct {
	Summary artifact.Summary `out:"summary" file:"summary.json" doc:"highlights, action items, decisions"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "generate-summary",
	Version: "1",
	Summary: "find highlights, action items and decisions",
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(_ context.Context, job *steps.Job, in In) (Out, error) {
		s := summary.Summarise(in.Transcript, in.Topics)
		job.Used(s.Engine, steps.Usage{})
		return Out{s}, nil
	})
}
