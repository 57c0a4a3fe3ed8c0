// Package generatesummary is the step that finds what is worth remembering:
// highlights, action items, decisions. With a language model, where one is
// asked for, it tells the meeting's subjects in short and at length instead of
// highlights.
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
	Model      string              `param:"llm-model" doc:"language model that is asked; empty: topics and summary are extracted" default:""`
	Window     int                 `param:"llm-context-window" doc:"tokens that the language model takes, question and answer together" default:"16000"`
}

// Out is what the step writes.
type Out struct {
	Summary artifact.Summary `out:"summary" file:"summary.json" doc:"highlights or subjects, action items, decisions"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "generate-summary",
	Version: "1",
	Summary: "find highlights, action items and decisions",
	Needs:   []steps.Need{{Name: "llm", Doc: "to ask a language model, where one is set"}},
})

// A Model summarises with a language model.
type Model interface {
	// Basis names what the step's answers depend on beside its inputs and
	// parameters.
	Basis(step string) (string, error)
	// Summarise returns the summary of a meeting in which something was said.
	// It tells the job what it used and what was left out.
	Summarise(ctx context.Context, job *steps.Job, model string, window int, t artifact.Transcript, topics artifact.Topics) (artifact.Summary, error)
}

// New returns the step. Without a model, nil, only the extractive way works.
func New(m Model) steps.Step {
	s := steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		if in.Model != "" && m == nil {
			return Out{}, steps.NoModel(in.Model)
		}
		if in.Model == "" || in.Transcript.Silent() {
			sum := summary.Summarise(in.Transcript, in.Topics)
			job.Used(sum.Engine, steps.Usage{})
			return Out{sum}, nil
		}
		sum, err := m.Summarise(ctx, job, in.Model, in.Window, in.Transcript, in.Topics)
		return Out{sum}, err
	})
	s.Basis = func(params map[string]string) (string, error) {
		if params["llm-model"] == "" || m == nil {
			return "", nil
		}
		return m.Basis(Spec.Name)
	}
	return s
}
