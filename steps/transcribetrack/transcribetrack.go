// Package transcribetrack is the step that turns one track's speech into words
// with times.
package transcribetrack

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Open opens the speech recogniser. It is called once a task; the recogniser
// may be shared.
type Open func() (asr.Recognizer, error)

// In is what the step reads.
type In struct {
	Audio    steps.Input `in:"audio" doc:"the padded track"`
	Language string      `param:"language" default:"en" enum:"en" doc:"language spoken (ISO 639-1); the embedded recogniser knows en"`
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
	Needs:   []steps.Need{{Name: "speech-model", Doc: "the embedded recogniser's weights"}},
})

// New returns the step.
func New(open Open) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		if in.Language != "en" {
			return Out{}, steps.Wrong("set the parameter language to en", "the embedded recogniser does not know language %q", in.Language)
		}
		recognizer, err := open()
		if err != nil {
			return Out{}, err
		}
		file, err := in.Audio.Open(ctx)
		if err != nil {
			return Out{}, err
		}
		defer file.Close()
		pcm, err := newPCM(job.Meter(in.Audio.Size).Reader(file))
		if err != nil {
			return Out{}, fmt.Errorf("track %d: %w", job.Track, err)
		}
		heard, err := recognizer.Transcribe(ctx, pcm)
		if err != nil {
			return Out{}, fmt.Errorf("track %d: %w", job.Track, err)
		}
		if pcm.broken > 0 {
			job.Warn("track %d: %d packets could not be decoded", job.Track, pcm.broken)
		}
		job.Used(recognizer.Name(), steps.Usage{AudioSeconds: round(heard.Speech)})
		return Out{words(heard, job.Track, recognizer.Name(), in.Language)}, nil
	})
}

func words(heard asr.Result, track int, engine, language string) artifact.TrackWords {
	w := artifact.TrackWords{
		Track: track, Engine: engine, Language: language, Words: []artifact.Word{},
		Duration: round(heard.Duration), Speech: round(heard.Speech),
		Levels: heard.Levels, LevelStep: asr.LevelSeconds, LevelData: encode(heard.Levels),
	}
	for _, h := range heard.Words {
		w.Words = append(w.Words, artifact.Word{
			Text: h.Text, Start: round(h.Start), End: round(h.End), Probability: round(h.Probability), Level: math.Round(h.Level*10) / 10,
		})
	}
	return w
}

// round keeps three decimals: a millisecond is finer than anything is known.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

func encode(levels []int8) string {
	b := make([]byte, len(levels))
	for i, l := range levels {
		b[i] = byte(l)
	}
	return base64.StdEncoding.EncodeToString(b)
}
