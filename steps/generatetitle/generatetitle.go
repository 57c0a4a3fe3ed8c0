// Package generatetitle is the step that names the meeting: with its key
// phrases, or with a language model where one is asked for.
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
	Model      string              `param:"llm-model" doc:"language model that is asked; empty: topics and summary are extracted" default:""`
	Window     int                 `param:"llm-context-window" doc:"tokens that the language model takes, question and answer together" default:"16000"`
}

// Out is what the step writes.
type Out struct {
	Title artifact.Title `out:"title" file:"title.json" doc:"the title and what it rests on"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "generate-title",
	Version: "1",
	Summary: "choose a title",
	Needs:   []steps.Need{{Name: "llm", Doc: "to ask a language model, where one is set"}},
})

// A Model finds a title with a language model.
type Model interface {
	// Basis names what the step's answers depend on beside its inputs and
	// parameters.
	Basis(step string) (string, error)
	// Title returns the title of a meeting in which something was said. It
	// tells the job what it used and what was left out.
	Title(ctx context.Context, job *steps.Job, model string, window int, t artifact.Transcript, topics artifact.Topics) (artifact.Title, error)
}

// New returns the step. Without a model, nil, only the extractive way works.
func New(m Model) steps.Step {
	s := steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		if in.Model != "" && m == nil {
			return Out{}, steps.NoModel(in.Model)
		}
		if in.Model == "" || in.Transcript.Silent() {
			title := topics.Title(in.Transcript, in.Topics)
			job.Used(title.Engine, steps.Usage{})
			return Out{title}, nil
		}
		title, err := m.Title(ctx, job, in.Model, in.Window, in.Transcript, in.Topics)
		return Out{title}, err
	})
	s.Basis = func(params map[string]string) (string, error) {
		if params["llm-model"] == "" || m == nil {
			return "", nil
		}
		return m.Basis(Spec.Name)
	}
	return s
}
