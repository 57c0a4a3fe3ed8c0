package stepcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// export writes into the outputs folder what an engine reads, the list of
// tracks, and what people may look at. Both come from the receipts, so they are
// there whether the work was done now or before.
func export(ctx context.Context, g graph.Graph, st store.Store, c command) error {
	if err := os.MkdirAll(c.outputs, 0o755); err != nil {
		return steps.Wrong("", "make the outputs folder: %w", err)
	}
	for _, n := range g.Nodes {
		if c.names[0] != wordRun && !slices.Contains(c.names, n.Name()) || n.Each != "" {
			continue
		}
		rec, ok, err := runner.Receipt(ctx, st, run.Task{Recording: c.recording, Run: c.run, Step: n.Name(), Track: -1})
		if err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		for _, p := range n.Step.Outputs {
			switch {
			case p.Each:
				err = list(ctx, st, c, graph.Ref(n.Name()+"."+p.Name), p.Name)
			case p.Show:
				err = show(ctx, st, c.outputs, rec, p)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// list writes the indexes that an engine fans out over, as a JSON list.
func list(ctx context.Context, st store.Store, c command, ref graph.Ref, name string) error {
	tracks, err := runner.Tracks(ctx, st, c.recording, c.run, ref)
	if err != nil {
		return err
	}
	b, err := json.Marshal(tracks)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.outputs, name+".json"), b, 0o644)
}

// show copies a file that the step made, if it made it.
func show(ctx context.Context, st store.Store, dir string, rec run.Receipt, p steps.Port) error {
	for _, o := range rec.Outputs {
		if o.Port != p.Name {
			continue
		}
		rc, _, err := st.Get(ctx, o.Key)
		if err != nil {
			return err
		}
		defer rc.Close()
		f, err := os.Create(filepath.Join(dir, p.File))
		if err != nil {
			return err
		}
		if _, err = io.Copy(f, store.Verify(rc, o.SHA256, o.Size)); err != nil {
			err = fmt.Errorf("show %s: %w", p.File, err)
		}
		return errors.Join(err, f.Close())
	}
	return nil
}
