// Package runner is the shell around every step, written once for all engines:
// read the inputs, look whether the work was done before, do it, write the
// outputs, and last the receipt, which is the commit point.
//
// It promises that a task whose receipt exists is not run again, that equal
// work in another run is taken over instead of repeated, and that whatever
// dies half way leaves nothing that looks finished. It does not retry: that is
// the engine's, by the graph's policy.
package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Runner runs tasks of one graph.
type Runner struct {
	Graph graph.Graph
	Store store.Store
	// Steps returns the step of that name, ready for the given run.
	Steps func(ctx context.Context, r run.Run, name string) (steps.Step, error)
	// Scratch is where steps get their scratch folders; empty: the system's
	// folder for temporary files.
	Scratch string
	// Now is the clock that receipts are dated by.
	Now func() time.Time
	// Progress, when set, is told the fraction done of a task, from any
	// goroutine.
	Progress func(t run.Task, fraction float64)
	// Wait lets a time pass, or less when ctx is done first; nil: a timer.
	Wait func(ctx context.Context, d time.Duration)
}

// ErrNotReady says that a task was started before what it reads was there.
var ErrNotReady = errors.New("what it reads is not there yet")

// Run does one task and returns its receipt. On failure it leaves a failure
// record and returns the error; see [steps.Classify] for what kind it is.
func (r *Runner) Run(ctx context.Context, t run.Task) (run.Receipt, error) {
	if t.Attempt == 0 {
		t.Attempt = 1
		if last, err := readFailure(ctx, r.Store, t); err == nil {
			t.Attempt = last.Attempt + 1
		}
	}
	rec, err := r.attempt(ctx, t)
	if err == nil {
		return rec, nil
	}
	// A canceled attempt did not fail, it was not allowed to end.
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		f := run.Failure{
			Step: t.Step, Run: t.Run, Track: index(t.Track), Attempt: t.Attempt,
			Class: steps.Classify(err).String(), Message: err.Error(), Hint: steps.Hint(err), Finished: r.Now().UTC(),
		}
		// Best effort: where the store itself is the trouble there is no place
		// to write it down, and the error is returned anyway.
		save, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_, _ = store.PutJSON(save, r.Store, t.FailureKey(), f, store.PutOptions{})
		r.hold(ctx, t, err)
	}
	return rec, err
}

// Node returns the graph's node for a task of a step: track is -1 exactly when
// the step does not fan out.
func Node(g graph.Graph, step string, track int) (graph.Node, error) {
	node, ok := g.Node(step)
	if !ok {
		return node, steps.Wrong("see: trackscribe steps", "graph %q has no step %q", g.Name, step)
	}
	if (node.Each != "") != (track >= 0) {
		return node, steps.Wrong("", "step %q: a track index is needed exactly when it fans out", step)
	}
	return node, nil
}

// hold keeps a failed attempt from ending before a service wants to be asked
// again, as far as its time goes. So Retry-After is obeyed under every engine,
// whatever the graph's policy waits.
func (r *Runner) hold(ctx context.Context, t run.Task, err error) {
	wait := steps.RetryAfter(err)
	node, ok := r.Graph.Node(t.Step)
	if wait <= 0 || !ok || steps.Classify(err) != steps.Transient {
		return
	}
	if _, again := node.Policy.Retry.Wait(t.Attempt); !again {
		return
	}
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end)-time.Second)
	}
	if r.Wait != nil {
		r.Wait(ctx, wait)
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (r *Runner) attempt(ctx context.Context, t run.Task) (run.Receipt, error) {
	node, err := Node(r.Graph, t.Step, t.Track)
	if err != nil {
		return run.Receipt{}, err
	}
	if done, ok, err := Receipt(ctx, r.Store, t); err != nil || ok {
		return done, err
	}
	asked, err := LoadRun(ctx, r.Store, t.Recording, t.Run)
	if errors.Is(err, store.ErrNotFound) {
		return run.Receipt{}, steps.Wrong("trackscribe submit asks for it, and so does --source with the place of the raw tracks", "run %q was not asked for: %w", t.Run, err)
	}
	if err != nil {
		return run.Receipt{}, err
	}
	if d := r.Graph.Digest(); asked.Graph.Digest != d {
		return run.Receipt{}, steps.Wrong("submit the run with the program that the steps are of, or install this program's templates and images",
			"run %q was made for graph %s, and this is a step of graph %s", t.Run, asked.Graph.Digest, d)
	}
	started := r.Now().UTC()
	inputs, missing, err := r.inputs(ctx, node, t)
	if err != nil {
		return run.Receipt{}, err
	}
	params := parameters(node.Step, asked.Params)
	step, err := r.Steps(ctx, asked, t.Step)
	if err != nil {
		return run.Receipt{}, err
	}
	basis := ""
	if step.Basis != nil {
		if basis, err = step.Basis(params); err != nil {
			return run.Receipt{}, err
		}
	}
	key := cacheKey(node.Step, t.Track, params, basis, inputs)
	rec := run.Receipt{
		Step: t.Step, Version: node.Step.Version, Run: t.Run, Track: index(t.Track), CacheKey: key, Params: params,
		Attempt: t.Attempt, Started: started,
	}
	// Work that equal inputs do not determine lies under a key of its content,
	// so that what is written there never changes.
	fresh := node.Step.Volatile || node.Step.SideEffect || slices.Contains(asked.Refresh, t.Step)
	if !fresh {
		hit, ok, err := r.cached(ctx, t, key)
		if err != nil {
			return run.Receipt{}, err
		}
		if ok {
			hit.Cached, hit.Run, hit.Attempt, hit.Started, hit.Finished = hit.Run, t.Run, t.Attempt, started, r.Now().UTC()
			return r.commit(ctx, t, hit)
		}
	}
	kept := newParts(r.Store, t, key, fresh)
	if err := r.work(ctx, t, step, &rec, inputs, missing, fresh, kept); err != nil {
		return run.Receipt{}, err
	}
	rec.Finished = r.Now().UTC()
	if !node.Step.Volatile && !node.Step.SideEffect && rec.Skipped == "" {
		if _, err := store.PutJSON(ctx, r.Store, artifactReceipt(t, key), rec, store.PutOptions{}); err != nil {
			return run.Receipt{}, err
		}
	}
	rec, err = r.commit(ctx, t, rec)
	if err == nil {
		kept.drop(ctx)
	}
	return rec, err
}

// work runs the step in a scratch folder and uploads what it made.
func (r *Runner) work(ctx context.Context, t run.Task, step steps.Step, rec *run.Receipt, inputs []given, missing map[string]string, fresh bool, kept *parts) error {
	scratch, err := os.MkdirTemp(r.Scratch, "trackscribe-"+t.Step+"-")
	if err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			return steps.Wrong("set TRACKSCRIBE_SCRATCH to a folder that can be written", "make a scratch folder: %w", err)
		}
		return fmt.Errorf("make a scratch folder: %w", storage(err))
	}
	defer os.RemoveAll(scratch)
	job := &steps.Job{
		Recording: t.Recording, Run: t.Run, Track: t.Track, Scratch: scratch, Missing: missing, Parts: kept,
		Progress: func(f float64) {
			if r.Progress != nil {
				r.Progress(t, f)
			}
		},
	}
	made, report, err := step.Run(ctx, job, steps.Given{Inputs: r.open(inputs), Params: rec.Params})
	if reason, ok := steps.SkipReason(err); ok {
		rec.Skipped, rec.Outputs = reason, []run.Output{}
		return nil
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return storage(err)
	}
	rec.Engine, rec.Usage, rec.Warnings = report.Engine, report.Usage, report.Warnings
	rec.Outputs = []run.Output{}
	if fresh {
		sum, err := contentKey(made)
		if err != nil {
			return err
		}
		rec.CacheKey += "-" + sum
	}
	for _, m := range made {
		o, err := r.upload(ctx, t, rec.CacheKey, m)
		if err != nil {
			return err
		}
		rec.Outputs = append(rec.Outputs, o)
	}
	return nil
}

func (r *Runner) upload(ctx context.Context, t run.Task, cacheKey string, m steps.Made) (run.Output, error) {
	f, err := os.Open(m.Path)
	if err != nil {
		return run.Output{}, err
	}
	defer f.Close()
	o := run.Output{Port: m.Port, Index: index(m.Index), Name: filepath.Base(m.Name), MediaType: m.MediaType}
	o.Key = run.ArtifactKey(t.Recording, t.Step, cacheKey, o.Name)
	info, err := r.Store.Put(ctx, o.Key, f, store.PutOptions{ContentType: m.MediaType})
	o.Size, o.SHA256 = info.Size, info.SHA256
	return o, err
}

// commit writes the run's receipt. When another worker was first, its receipt
// stands.
func (r *Runner) commit(ctx context.Context, t run.Task, rec run.Receipt) (run.Receipt, error) {
	_, err := store.PutJSON(ctx, r.Store, t.ReceiptKey(), rec, store.PutOptions{IfAbsent: true})
	if errors.Is(err, store.ErrExists) {
		if first, ok, err := Receipt(ctx, r.Store, t); err != nil || ok {
			return first, err
		}
		// What is there is no valid receipt, so it does not count.
		_, err = store.PutJSON(ctx, r.Store, t.ReceiptKey(), rec, store.PutOptions{})
	}
	return rec, err
}

// cached finds the receipt of equal work done before, if its outputs are still
// there.
func (r *Runner) cached(ctx context.Context, t run.Task, key string) (run.Receipt, bool, error) {
	rec, ok, err := readReceipt(ctx, r.Store, artifactReceipt(t, key))
	if err != nil || !ok {
		return rec, false, err
	}
	for _, o := range rec.Outputs {
		info, err := r.Store.Stat(ctx, o.Key)
		if errors.Is(err, store.ErrNotFound) || err == nil && info.Size != o.Size {
			return rec, false, nil
		}
		if err != nil {
			return rec, false, err
		}
	}
	return rec, true, nil
}

func artifactReceipt(t run.Task, key string) string {
	return run.ArtifactKey(t.Recording, t.Step, key, "receipt.json")
}

// storage turns a local disk's "no space left" into the store's, so that it is
// told and classified the same way.
func storage(err error) error {
	if isFull(err) && !errors.Is(err, store.ErrFull) {
		return &store.Error{Op: "write", Kind: store.ErrFull, Err: err, Advice: "free some space, then run again: finished work is kept"}
	}
	return err
}

func index(i int) *int {
	if i < 0 {
		return nil
	}
	return &i
}

// contentKey digests the files that a step made.
func contentKey(made []steps.Made) (string, error) {
	h := sha256.New()
	for _, m := range made {
		f, err := os.Open(m.Path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", m.Port, m.Index)
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
