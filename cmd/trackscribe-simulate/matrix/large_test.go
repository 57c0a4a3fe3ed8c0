package matrix_test

import (
	"fmt"
	"testing"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/own"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/result"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// TestManyTracks runs far more tracks than a recording may have. The Workflow
// object must stay below what Kubernetes stores.
func TestManyTracks(t *testing.T) {
	t.Parallel()
	const tracks, limit = 400, 1 << 20
	c := shared(t)
	for gran, pods := range map[argo.Granularity]int{argo.GranularityStep: 12 + 2*tracks, argo.GranularityFused: 4 + tracks} {
		t.Run(string(gran), func(t *testing.T) { // one after the other: each is work enough
			p, err := own.Render(pipeline.New(), argo.Options{Granularity: gran})
			if err != nil {
				t.Fatal(err)
			}
			namespace := fmt.Sprintf("many-%s", gran)
			if err := c.Load(t.Context(), namespace, p.Objects); err != nil {
				t.Fatal(err)
			}
			var s scenario.Scenario
			s.SetOutput(p.Units[0].Name, "tracks", scenario.Tracks(tracks))
			out, err := c.Run(t.Context(), cluster.Job{Workflow: p.Workflow(namespace, p.Run("large", "r1")), Runtime: s.Script()})
			if err != nil {
				t.Fatal(err)
			}
			r := result.New(out)
			t.Logf("%d tracks: %s in %.1f s, %d pods, Workflow object at most %d bytes", tracks, r.State, r.Seconds, r.Pods, r.Bytes)
			if r.State != "Succeeded" || len(r.Problems) > 0 || r.Pods != pods || r.Bytes >= limit {
				t.Errorf("%s with %d pods, want %d, and less than %d bytes; problems: %v, waits: %v", r.State, r.Pods, pods, limit, r.Problems, r.Waiting)
			}
		})
	}
}
