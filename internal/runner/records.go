package runner

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// Records is what one run left in the store: receipts, failures and its end. It
// may be loaded again and again, to see what is new. The zero value is empty.
type Records struct {
	mu       sync.Mutex
	receipts map[string]run.Receipt // by task; what is written there never changes
	failures map[string]run.Failure // by task; the last one
	end      run.End                // zero: nobody wrote one
}

// readers is how many objects are read at a time.
const readers = 8

// Load reads what is new.
func (r *Records) Load(ctx context.Context, st store.Store, recording, id string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	prefix := run.Runs(recording) + id + "/"
	for info, err := range st.List(ctx, prefix) {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		dir, name, _ := strings.Cut(strings.TrimPrefix(info.Key, prefix), "/")
		if dir == "end.json" {
			group.Go(func() error { return read1(ctx, st, info.Key, func(end run.End) { r.end = end }, &r.mu) })
			continue
		}
		t, err := run.ParseTask(recording, id, strings.TrimSuffix(name, ".json"))
		if err != nil {
			continue // somebody else's
		}
		switch dir {
		case "receipts":
			if _, known := r.Receipt(t); !known {
				group.Go(func() error { return r.readReceipt(ctx, st, t) })
			}
		case "failures":
			group.Go(func() error {
				return read1(ctx, st, info.Key, func(f run.Failure) {
					if r.failures == nil {
						r.failures = map[string]run.Failure{}
					}
					r.failures[t.String()] = f
				}, &r.mu)
			})
		}
	}
	return group.Wait()
}

func (r *Records) readReceipt(ctx context.Context, st store.Store, t run.Task) error {
	rec, ok, err := Receipt(ctx, st, t)
	if err == nil && ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.receipts == nil {
			r.receipts = map[string]run.Receipt{}
		}
		r.receipts[t.String()] = rec
	}
	return err
}

// read1 reads an object that may have gone meanwhile.
func read1[T any](ctx context.Context, st store.Store, key string, keep func(T), mu *sync.Mutex) error {
	var v T
	if _, err := store.GetJSON(ctx, st, key, &v); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	keep(v)
	return nil
}

// Receipt returns a task's receipt. Of the task only step and track count.
func (r *Records) Receipt(t run.Task) (run.Receipt, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.receipts[t.String()]
	return rec, ok
}

// Failure returns the last failure of a task.
func (r *Records) Failure(t run.Task) (run.Failure, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.failures[t.String()]
	return f, ok
}

// Receipts returns all receipts, by the name of the task.
func (r *Records) Receipts() map[string]run.Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.receipts)
}

// Failures returns the last failure of every task that failed, by its name.
func (r *Records) Failures() map[string]run.Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.failures)
}

// End returns how the run ended, as far as somebody wrote that down.
func (r *Records) End() (run.End, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end, r.end.State != ""
}
