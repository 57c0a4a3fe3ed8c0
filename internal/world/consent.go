package world

import (
	"context"

	"github.com/trackscribe/trackscribe/internal/consent"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/catalog"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// consent joins what the consent step works on. Out must have its source and
// its effects.
func (w *World) consent(r run.Run, out *catalog.Outside) {
	st := w.opt.Store
	registers := []cleanupconsent.Register{consent.File{Store: st, Recording: r.Recording}}
	if c := w.opt.Settings.Consent; c.URL != "" {
		registers = append(registers, consent.NewEndpoint(consent.EndpointOptions{URL: c.URL, Token: c.Token, Recording: r.Recording}))
	}
	source, ok := out.Source.(cleanupconsent.Place)
	if !ok {
		source = immortal{}
	}
	out.Consent = cleanupconsent.Outside{
		Registers: registers,
		Audio:     []cleanupconsent.Place{consent.Audio(st, r.Recording), source},
		Text:      consent.Text(st, r.Recording),
		Result:    consent.Result{Store: st, Recording: r.Recording},
		Runs:      consent.Runs{Graph: pipeline.New(), Store: st, Recording: r.Recording, Now: w.opt.Now},
		Effects:   out.Effects,
		Now:       w.opt.Now,
	}
}

// immortal is a source from which nothing can be deleted: the step must not
// say that it was.
type immortal struct{}

func (immortal) Left(context.Context) ([]string, error) {
	return nil, steps.Bad("delete the raw tracks where they are", "nothing was deleted: this kind of source cannot delete")
}

func (i immortal) Erase(ctx context.Context, _ string) error {
	_, err := i.Left(ctx)
	return err
}
