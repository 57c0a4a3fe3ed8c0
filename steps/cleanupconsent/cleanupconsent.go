// Package cleanupconsent is the step that deletes the audio of a recording
// when somebody did not agree to it being kept.
package cleanupconsent

import (
	"context"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// In is what the step reads.
type In struct {
	Result artifact.Result `in:"result" doc:"the finished result"`
}

// Out is what the step writes: nothing.
type Out struct{}

// Unconfigured is why the step has nothing to do as long as nobody decides on
// consent.
const Unconfigured = "no consent decisions are configured"

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:       "cleanup-consent",
	Version:    "1",
	Summary:    "delete the audio if a participant did not consent",
	SideEffect: true,
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(context.Context, *steps.Job, In) (Out, error) {
		return Out{}, steps.Skip(Unconfigured)
	})
}
