package local_test

import (
	"testing"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/enginetest"
	"github.com/trackscribe/trackscribe/internal/engine/local"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/templates/graph"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, newRunner func(graph.Graph, func(run.Task, float64)) *runner.Runner) engine.Engine {
		return local.New(local.Options{
			Pools:  map[graph.Pool]int{graph.IO: 4},
			Runner: func(g graph.Graph, progress func(run.Task, float64)) local.TaskRunner { return newRunner(g, progress) },
		})
	}
	enginetest.Run(t, start, func(t *testing.T) store.Store {
		s, err := folder.New(folder.Options{Root: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
