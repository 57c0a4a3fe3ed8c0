// Package detecttopics is the step that divides the meeting into topics: by its
// vocabulary, or with a language model where one is asked for.
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
	Model      string              `param:"llm-model" doc:"language model that is asked; empty: topics and summary are extracted" default:""`
	Window     int                 `param:"llm-context-window" doc:"tokens that the language model takes, question and answer together" default:"16000"`
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
	Needs:   []steps.Need{{Name: "llm", Doc: "to ask a language model, where one is set"}},
})

// A Model finds topics with a language model.
type Model interface {
	// Basis names what the step's answers depend on beside its inputs and
	// parameters.
	Basis(step string) (string, error)
	// Topics returns the topics of a meeting in which something was said, in
	// order of time. It tells the job what it used and what was left out.
	Topics(ctx context.Context, job *steps.Job, model string, window int, t artifact.Transcript) (artifact.Topics, error)
}

// New returns the step. Without a model, nil, only the extractive way works.
func New(m Model) steps.Step {
	s := steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		if in.Model != "" && m == nil {
			return Out{}, steps.NoModel(in.Model)
		}
		if in.Model == "" || in.Transcript.Silent() {
			found := topics.Detect(in.Transcript)
			job.Used(found.Engine, steps.Usage{})
			return Out{found}, nil
		}
		found, err := m.Topics(ctx, job, in.Model, in.Window, in.Transcript)
		return Out{found}, err
	})
	s.Basis = func(params map[string]string) (string, error) {
		if params["llm-model"] == "" || m == nil {
			return "", nil
		}
		return m.Basis(Spec.Name)
	}
	return s
}
