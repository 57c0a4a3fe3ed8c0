// Package generatetitle is the step that names the meeting.
package generatetitle

import (
	"context"

	"github.com/trackscribe/trackscribe/internal/text/topics"
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
	Title artifact.Title `out:"title" file:"title.json" doc:"the title and what it rests on"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "generate-title",
	Version: "1",
	Summary: "choose a title from the key phrases",
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(_ context.Context, job *steps.Job, in In) (Out, error) {
		title := topics.Title(in.Transcript, in.Topics)
		job.Used(title.Engine, steps.Usage{})
		return Out{title}, nil
	})
}
