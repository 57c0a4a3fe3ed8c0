package world_test

import (
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/internal/world"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

func TestUsageIsSummedAndPriced(t *testing.T) {
	t.Parallel()
	prices := settings.Prices{Currency: "EUR", AudioMinute: 0.006, TokensIn: 2, TokensOut: 8}
	for name, c := range map[string]struct {
		backend string
		prices  settings.Prices
		cost    *artifact.Cost
	}{
		"a speech server":         {"openai", prices, &artifact.Cost{Amount: 0.0225, Currency: "EUR"}}, // 1.5 min · 0.006 + 4500 · 2 µ + 562 · 8 µ
		"the embedded recogniser": {"embedded", prices, &artifact.Cost{Amount: 0.0135, Currency: "EUR"}},
		"no prices":               {"openai", settings.Prices{Currency: "EUR"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := folder.New(folder.Options{Root: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []run.Receipt{
				{Step: "transcribe-track", Track: new(0), Params: map[string]string{"transcript-backend": c.backend}, Usage: steps.Usage{AudioSeconds: 60, Calls: 1, Bytes: 100}},
				{Step: "transcribe-track", Track: new(1), Params: map[string]string{"transcript-backend": c.backend}, Usage: steps.Usage{AudioSeconds: 30, Calls: 2, Bytes: 50}, Cached: "earlier"},
				{Step: "detect-topics", Usage: steps.Usage{TokensIn: 4500, TokensOut: 562, Calls: 1}},
				{Step: "merge-transcripts"},
			} {
				task := run.Task{Recording: "rec", Run: "r1", Step: r.Step, Track: -1}
				if r.Track != nil {
					task.Track = *r.Track
				}
				r.CacheKey, r.Run, r.Started = "key", "r1", time.Unix(0, 0)
				if _, err := store.PutJSON(t.Context(), st, task.ReceiptKey(), r, store.PutOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := world.Usage(st, run.Run{Recording: "rec", ID: "r1"}, c.prices).Usage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := (artifact.StepUsage{AudioSeconds: 90, Calls: 3, Bytes: 150}); got.Steps["transcribe-track"] != want || len(got.Steps) != 2 {
				t.Errorf("steps %+v", got.Steps)
			}
			if want := (artifact.StepUsage{AudioSeconds: 90, TokensIn: 4500, TokensOut: 562, Calls: 4, Bytes: 150}); got.Total != want {
				t.Errorf("total %+v, want %+v", got.Total, want)
			}
			if (got.Cost == nil) != (c.cost == nil) || got.Cost != nil && *got.Cost != *c.cost {
				t.Errorf("cost %+v, want %+v", got.Cost, c.cost)
			}
		})
	}
}
