// Package sendwebhook is the step that tells another system about a finished
// result.
package sendwebhook

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

// Unconfigured is why the step has nothing to do without a receiver.
const Unconfigured = "no webhook is configured"

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:       "send-webhook",
	Version:    "1",
	Summary:    "send the result to a webhook",
	SideEffect: true,
})

// New returns the step.
func New() steps.Step {
	return steps.New(Spec, func(context.Context, *steps.Job, In) (Out, error) {
		return Out{}, steps.Skip(Unconfigured)
	})
}
