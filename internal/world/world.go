// Package world joins the steps with the real outside: the source of a run,
// the speech model, the place of the result. Every program that runs steps
// gets them here.
package world

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/moonshine"
	"github.com/trackscribe/trackscribe/internal/llm/minutes"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/catalog"
)

// Options say where things are.
type Options struct {
	Store    store.Store
	ModelDir string
	Settings settings.Settings // of the services
	Now      func() time.Time  // the clock that effects are dated by
}

// A World makes steps. It may be used from many goroutines.
type World struct {
	opt     Options
	minutes *minutes.Writer // nil: no language model

	mu    sync.Mutex
	model *moonshine.Model // nil: not loaded
}

// New returns a world. The model is loaded when a step first asks for it, and
// shared from then on.
func New(opt Options) *World { return &World{opt: opt, minutes: newMinutes(opt.Settings.LLM)} }

// Rest gives the model back, until a step asks for it again. Those that have it
// keep it.
func (w *World) Rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.model = nil
}

func (w *World) recognizer() (asr.Recognizer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.model == nil {
		m, err := moonshine.Open(w.opt.ModelDir, moonshine.Options{})
		if err != nil {
			return nil, err
		}
		w.model = m
	}
	return w.model, nil
}

// Step returns the step of that name, ready for the run.
func (w *World) Step(ctx context.Context, r run.Run, name string) (steps.Step, error) {
	src, err := source.Open(ctx, r.Source, source.FromSettings(w.opt.Settings))
	if err != nil {
		return steps.Step{}, err
	}
	out := catalog.Outside{
		Source: src, Transcriber: w.transcriber(r.Recording), Publisher: publisher{w.opt.Store, r.Recording},
		Ledger:  Usage(w.opt.Store, r, w.opt.Settings.Prices),
		Effects: ledger{w.opt.Store, r.Recording}, Link: w.link,
	}
	w.effects(&out)
	w.consent(r, &out)
	w.language(&out)
	all := catalog.New(out)
	s, ok := all[name]
	if !ok {
		return s, steps.Wrong("see: trackscribe steps", "there is no step %q", name)
	}
	return s, nil
}

// publisher keeps a recording's result in the store.
type publisher struct {
	store     store.Store
	recording string
}

func (p publisher) Publish(ctx context.Context, name, mediaType string, r io.Reader) error {
	_, err := p.store.Put(ctx, run.ResultKey(p.recording, name), r, store.PutOptions{ContentType: mediaType})
	return err
}

func (p publisher) Retract(ctx context.Context, name string) error {
	return p.store.Delete(ctx, run.ResultKey(p.recording, name))
}
