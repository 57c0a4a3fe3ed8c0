package argo

import (
	"context"
	"errors"
	"iter"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// How a lost connection is taken up again.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 8 * time.Second
	patience   = 2 * time.Minute // then the cluster counts as unreachable
)

// Watch yields the Workflow as it is and then every change, until it has
// ended. It survives lost connections and servers that end their streams, by
// looking again. Whatever happened while it looked away comes as one change.
func Watch(ctx context.Context, c Cluster, name string) iter.Seq2[*wfv1.Workflow, error] {
	return func(yield func(*wfv1.Workflow, error) bool) {
		w := reconnect{}
		for seen := ""; ; {
			wf, err := c.Get(ctx, name)
			if err == nil {
				w.found()
				if wf.ResourceVersion != seen && !yield(wf, nil) || wf.Status.Phase.Completed() {
					return
				}
				seen = wf.ResourceVersion
				for wf, err = range c.changes(ctx, name, seen) {
					if err != nil {
						break
					}
					if !yield(wf, nil) || wf.Status.Phase.Completed() {
						return
					}
					seen = wf.ResourceVersion
				}
			}
			if err := w.wait(ctx, err); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// reconnect decides whether and when to look again after a stream ended.
type reconnect struct {
	once  bool // there was an answer
	lost  time.Time
	pause time.Duration
}

// found notes that the server answers.
func (r *reconnect) found() { *r = reconnect{once: true} }

// wait returns when it is time to look again after err, which is nil where the
// server only ended its stream, or returns why not to.
func (r *reconnect) wait(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		if !r.once || !errors.Is(err, ErrUnreachable) && !errors.Is(err, errExpired) {
			return err
		}
		if r.lost.IsZero() {
			r.lost = time.Now()
		}
		if time.Since(r.lost) > patience {
			return err
		}
	}
	r.pause = min(max(firstPause, 2*r.pause), lastPause)
	t := time.NewTimer(r.pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
