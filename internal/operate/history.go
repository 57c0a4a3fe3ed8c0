package operate

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Past is one run of a recording, as far as the store tells.
type Past struct {
	Run   run.Run
	State string  // run.Succeeded, run.Failed, run.Canceled; empty: it has not ended
	End   run.End // zero when nobody wrote one

	receipts, failures map[string]bool // names of tasks, as in their keys
	keys               []string        // of receipts and failures
}

// done reports whether every task of the graph's leaves has its receipt:
// nothing is left to do.
func (p Past) done(g graph.Graph) bool {
	for _, n := range g.Nodes {
		if n.Each == "" && !p.receipts[n.Name()] {
			return false
		}
	}
	return true
}

// succeeded reports whether everything that a result needs has its receipt.
func (p Past) succeeded(g graph.Graph) bool {
	for _, n := range g.Nodes {
		_, known := p.Run.Steps[n.Name()]
		if known && n.Each == "" && !n.Optional && !n.Step.SideEffect && !p.receipts[n.Name()] {
			return false
		}
	}
	return len(p.receipts) > 0
}

// History reads what the store knows of a recording's runs, the newest first.
func History(ctx context.Context, g graph.Graph, st store.Store, recording string) ([]Past, error) {
	runs := map[string]*Past{}
	ended := map[string]bool{}
	prefix := run.Runs(recording)
	for info, err := range st.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		id, rest, _ := strings.Cut(strings.TrimPrefix(info.Key, prefix), "/")
		p := runs[id]
		if p == nil {
			p = &Past{receipts: map[string]bool{}, failures: map[string]bool{}}
			runs[id] = p
		}
		dir, name := path.Split(rest)
		name = strings.TrimSuffix(name, ".json")
		switch {
		case rest == "end.json":
			ended[id] = true
		case dir == "receipts/":
			p.receipts[name], p.keys = true, append(p.keys, info.Key)
		case dir == "failures/":
			p.failures[name], p.keys = true, append(p.keys, info.Key)
		}
	}
	var list []Past
	for _, id := range slices.Sorted(maps.Keys(runs)) {
		p := runs[id]
		var err error
		// Without a readable run.json nobody asked for it.
		if p.Run, err = runner.LoadRun(ctx, st, recording, id); err != nil {
			if errors.Is(err, store.ErrNotFound) || !isStore(err) {
				continue
			}
			return nil, err
		}
		if ended[id] {
			if _, err := store.GetJSON(ctx, st, run.EndKey(recording, id), &p.End); err != nil {
				return nil, err
			}
			p.State = p.End.State
		}
		if p.succeeded(g) {
			p.State = run.Succeeded
		}
		list = append(list, *p)
	}
	slices.SortStableFunc(list, func(a, b Past) int { return b.Run.Created.Compare(a.Run.Created) })
	return list, nil
}

func isStore(err error) bool {
	var e *store.Error
	return errors.As(err, &e)
}

// LastSign returns when the run last wrote something.
func (p Past) LastSign(ctx context.Context, st store.Store) (time.Time, error) {
	last := p.Run.Created
	for _, key := range p.keys {
		// Receipts and failures tell their time alike.
		var sign struct{ Finished time.Time }
		if _, err := store.GetJSON(ctx, st, key, &sign); err != nil {
			return last, err
		}
		if sign.Finished.After(last) {
			last = sign.Finished
		}
	}
	return last, nil
}

// Finish tells the store how a run ended. What is told there is for people and
// for reprocessing; receipts stay the truth about finished work.
func Finish(ctx context.Context, st store.Store, recording string, end run.End) error {
	_, err := store.PutJSON(ctx, st, run.EndKey(recording, end.Run), end, store.PutOptions{})
	return err
}

// Conclude tells the store that a run failed, naming the tasks that did.
func Conclude(ctx context.Context, g graph.Graph, st store.Store, recording, id, state string, now time.Time) (run.End, error) {
	end := run.End{Run: id, State: state, Finished: now.UTC()}
	past, err := History(ctx, g, st, recording)
	if err != nil {
		return end, err
	}
	for _, p := range past {
		if p.Run.ID != id {
			continue
		}
		if p.State == run.Succeeded {
			end.State = run.Succeeded
			return end, nil // only what nobody waits for failed
		}
		var failed []string
		for _, name := range slices.Sorted(maps.Keys(p.failures)) {
			if !p.receipts[name] {
				if t, err := run.ParseTask(recording, id, name); err == nil {
					failed = append(failed, t.String())
				}
			}
		}
		end.Message = "a pod was lost, did not start or ran out of time"
		if len(failed) > 0 {
			end.Message = "failed: " + strings.Join(failed, ", ")
		}
	}
	return end, Finish(ctx, st, recording, end)
}
