// Package transcribetrack is the step that turns one track's speech into words
// with times.
package transcribetrack

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"regexp"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A Transcriber turns a padded track's speech into words.
type Transcriber interface {
	// Name identifies the engine, its model and its version.
	Name() string
	// Transcribe reads the track and returns what was said, and what that used
	// up. Language is an ISO 639-1 code.
	Transcribe(ctx context.Context, job *steps.Job, audio steps.Input, language string) (asr.Result, steps.Usage, error)
}

// Open opens the transcriber of a backend, with one of its models; an empty
// model is the backend's own choice. It is called once a task; the transcriber
// may be shared.
type Open func(backend, model string) (Transcriber, error)

// In is what the step reads.
type In struct {
	Audio    steps.Input `in:"audio" doc:"the padded track"`
	Language string      `param:"language" default:"en" doc:"language spoken (ISO 639-1); the embedded recogniser knows en"`
	Backend  string      `param:"transcript-backend" default:"embedded" enum:"embedded,openai,from-url" doc:"who recognises the speech"`
	Model    string      `param:"transcript-model" default:"" doc:"model of the speech server; empty: its own"`
}

// Out is what the step writes.
type Out struct {
	Words artifact.TrackWords `out:"words" file:"words.json" doc:"words with times, probabilities and levels"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:    "transcribe-track",
	Version: "1",
	Summary: "recognise the speech of one track",
	Check: func(params map[string]string) error {
		if !code.MatchString(params["language"]) {
			return steps.Wrong("use a code of ISO 639-1, such as en or de", "language %q is not known", params["language"])
		}
		if params["transcript-backend"] == "embedded" {
			return known(params["language"])
		}
		return nil
	},
	Needs: []steps.Need{
		{Name: "speech-model", Doc: "the embedded recogniser's weights"},
		{Name: "speech", Doc: "the speech server"},
	},
})

// New returns the step.
func New(open Open) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		transcriber, err := open(in.Backend, in.Model)
		if err != nil {
			return Out{}, err
		}
		heard, used, err := transcriber.Transcribe(ctx, job, in.Audio, in.Language)
		if err != nil {
			return Out{}, fmt.Errorf("track %d: %w", job.Track, err)
		}
		job.Used(transcriber.Name(), used)
		return Out{words(heard, job.Track, transcriber.Name(), in.Language)}, nil
	})
}

var code = regexp.MustCompile(`^[a-z]{2,3}$`)

func words(heard asr.Result, track int, engine, language string) artifact.TrackWords {
	w := artifact.TrackWords{
		Track: track, Engine: engine, Language: language, Words: []artifact.Word{},
		Duration: round(heard.Duration), Speech: round(heard.Speech),
		Levels: heard.Levels, LevelStep: asr.LevelSeconds, LevelData: encode(heard.Levels),
	}
	if heard.Estimated {
		w.Timing = "estimated"
	}
	for _, h := range heard.Words {
		w.Words = append(w.Words, artifact.Word{
			Text: h.Text, Start: round(h.Start), End: round(h.End), Probability: round(h.Probability), Level: math.Round(h.Level*10) / 10,
		})
	}
	return w
}

func encode(levels []int8) string {
	b := make([]byte, len(levels))
	for i, l := range levels {
		b[i] = byte(l)
	}
	return base64.StdEncoding.EncodeToString(b)
}
