package transcribetrack

import (
	"context"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/padded"
	"github.com/trackscribe/trackscribe/steps"
)

// Embedded is a recogniser in this process.
type Embedded struct{ Recognizer asr.Recognizer }

// Name implements [Transcriber].
func (e Embedded) Name() string { return e.Recognizer.Name() }

// Transcribe implements [Transcriber]: it decodes the track and listens to it
// while it is read.
func (e Embedded) Transcribe(ctx context.Context, job *steps.Job, audio steps.Input, language string) (asr.Result, steps.Usage, error) {
	if err := known(language); err != nil {
		return asr.Result{}, steps.Usage{}, err
	}
	file, err := audio.Open(ctx)
	if err != nil {
		return asr.Result{}, steps.Usage{}, err
	}
	defer file.Close()
	pcm, err := padded.Open(job.Meter(audio.Size).Reader(file))
	if err != nil {
		return asr.Result{}, steps.Usage{}, err
	}
	heard, err := e.Recognizer.Transcribe(ctx, pcm)
	if err == nil && pcm.Broken() > 0 {
		job.Warn("track %d: %d packets could not be decoded", job.Track, pcm.Broken())
	}
	return heard, steps.Usage{AudioSeconds: round(heard.Speech)}, err
}

// known reports whether the embedded recogniser knows a language.
func known(language string) error {
	if language == "en" {
		return nil
	}
	return steps.Wrong("set the parameter language to en, or have a speech server: TRANSCRIPT_URL", "the embedded recogniser does not know language %q", language)
}

// round keeps three decimals: a millisecond is finer than anything is known.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
