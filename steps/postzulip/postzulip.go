// Package postzulip is the step that tells a Zulip channel about a finished
// result.
package postzulip

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

// Unconfigured is why the step has nothing to do without a Zulip server.
const Unconfigured = "Zulip is not configured"

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:       "post-zulip",
	Version:    "1",
	Summary:    "post the title and summary to Zulip",
	SideEffect: true,
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(context.Context, *steps.Job, In) (Out, error) {
		return Out{}, steps.Skip(Unconfigured)
	})
}
