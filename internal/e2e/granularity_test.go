package e2e

import (
	"path/filepath"
	"testing"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// TestGranularity runs the example with fewer pods, which makes the same files:
// with one pod per group of steps from the bucket, and in a single pod from this
// machine's folder, which is copied into the store first.
func TestGranularity(t *testing.T) {
	t.Parallel()
	example := filepath.Join(testenv.Root(t), "examples", "standup")
	for granularity, from := range map[string]func(p *place) string{
		"fused": func(p *place) string { return p.source(example) },
		"run":   func(*place) string { return example },
	} {
		t.Run(granularity, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.install("--granularity", granularity)
			p.ok(p.cli("submit", from(p), "--recording", "standup", "--run", "one", "--wait"))
			var asked run.Run // where a folder was copied to
			p.readJSON(run.RunKey("standup", "one"), &asked)
			p.sameWork(asked.Source, "standup")
			p.everyStepOnce("standup-one")
			if n, steps := len(p.pods.pods), len(pipeline.New().Nodes); n >= steps {
				t.Errorf("%d pods for %d steps", n, steps)
			}
		})
	}
}
