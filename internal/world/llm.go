package world

import (
	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/llm/minutes"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/steps/catalog"
)

// newMinutes returns what asks the language model; nil when there is none. It
// is shared by all steps, for it learns what the server takes.
func newMinutes(s settings.LLM) *minutes.Writer {
	if s.URL == "" {
		return nil
	}
	return minutes.New(minutes.Options{
		Client:      llm.New(llm.Options{URL: s.URL, Key: s.Key, Timeout: s.Timeout, Again: s.ParseRetries}),
		Concurrency: s.Concurrency, Prompts: s.Prompts,
	})
}

// language gives the steps the language model, where there is one.
func (w *World) language(out *catalog.Outside) {
	if w.minutes != nil {
		out.Minutes = w.minutes
	}
}
