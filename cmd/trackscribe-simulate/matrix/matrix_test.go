package matrix_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/matrix"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

var started = sync.OnceValues(func() (*cluster.Cluster, error) {
	return cluster.Start(context.Background(), cluster.Options{Now: time.Now})
})

// shared is one cluster for all tests of the package.
func shared(t *testing.T) *cluster.Cluster {
	t.Helper()
	c, err := started()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestMatrix runs every standing scenario. It measures and does not judge how
// long that takes: a machine may be busy.
func TestMatrix(t *testing.T) {
	start := time.Now()
	rows, err := matrix.Run(t.Context(), shared(t), pipeline.New(), matrix.Cases())
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := matrix.Print(&table, rows, time.Since(start)); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	if n := matrix.Wrong(rows); n > 0 {
		t.Errorf("%d of %d scenarios are wrong", n, len(rows))
	}
}

// TestMatrixSeesWhatIsWrong runs cases on a graph that does not mean what they
// expect.
func TestMatrixSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	g := pipeline.New()
	g.Version = "other" // rendered under names of its own
	var cases []matrix.Case
	for _, k := range matrix.Cases() {
		if k.Granularity == "step" && k.Tracks == 1 && k.Name == "one track flaky" {
			k.Scenario.Fail[0].Times = 9 // more often than it is tried again
			cases = append(cases, k)
		}
	}
	rows, err := matrix.Run(t.Context(), shared(t), g, cases)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || matrix.Wrong(rows) != 1 || rows[0].Want != "Succeeded" || rows[0].Got != "Failed" {
		t.Errorf("rows are %+v", rows)
	}
}
