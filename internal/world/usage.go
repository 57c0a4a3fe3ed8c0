package world

import (
	"context"
	"fmt"
	"strings"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/finalize"
)

// spending sums what the steps of a run used up, from their receipts. It
// implements [finalize.Ledger].
type spending struct {
	store  store.Store
	run    run.Run
	prices settings.Prices
}

// Usage returns the ledger of a run.
func Usage(st store.Store, r run.Run, prices settings.Prices) finalize.Ledger {
	return spending{st, r, prices}
}

// Usage returns what the steps used up so far, by step, and what that costs.
// Work that was taken over from an earlier run counts too: it is what the
// result rests on.
func (s spending) Usage(ctx context.Context) (artifact.Usage, error) {
	prefix := run.Runs(s.run.Recording) + s.run.ID + "/receipts/"
	by := map[string]steps.Usage{}
	var paid float64 // seconds of audio that somebody else transcribed
	for info, err := range s.store.List(ctx, prefix) {
		if err != nil {
			return artifact.Usage{}, fmt.Errorf("sum up the usage: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(info.Key, prefix), ".json")
		t, err := run.ParseTask(s.run.Recording, s.run.ID, name)
		if err != nil {
			continue // no receipt of ours
		}
		var rec run.Receipt
		if _, err := store.GetJSON(ctx, s.store, info.Key, &rec); err != nil {
			return artifact.Usage{}, fmt.Errorf("sum up the usage: %w", err)
		}
		if rec.Usage == (steps.Usage{}) {
			continue
		}
		by[t.Step] = by[t.Step].Plus(rec.Usage)
		if rec.Params["transcript-backend"] != settings.SpeechEmbedded {
			paid += rec.Usage.AudioSeconds
		}
	}
	return s.sum(by, paid), nil
}

func (s spending) sum(by map[string]steps.Usage, paid float64) artifact.Usage {
	u := artifact.Usage{Steps: map[string]artifact.StepUsage{}}
	var total steps.Usage
	for step, v := range by {
		u.Steps[step] = artifact.StepUsage(v)
		total = total.Plus(v)
	}
	u.Total = artifact.StepUsage(total)
	if p := s.prices; p.AudioMinute > 0 || p.TokensIn > 0 || p.TokensOut > 0 {
		u.Cost = &artifact.Cost{
			Currency: p.Currency,
			Amount:   cents(paid/60*p.AudioMinute + float64(total.TokensIn)/1e6*p.TokensIn + float64(total.TokensOut)/1e6*p.TokensOut),
		}
	}
	return u
}

// cents keeps a hundredth of a cent: what one call costs is less than a cent.
func cents(x float64) float64 { return float64(int64(x*1e4+0.5)) / 1e4 }
