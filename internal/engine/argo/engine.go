package argo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Options set up an engine.
type Options struct {
	Sight
	Submission
	// Install makes a graph known to the cluster. Nil: it must have been
	// installed, and Deploy only checks that.
	Install func(ctx context.Context, g graph.Graph) error
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Engine drives runs as Workflows.
type Engine struct{ opt Options }

var _ engine.Engine = (*Engine)(nil)

// New returns an engine.
func New(opt Options) *Engine {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Engine{opt: opt}
}

// Deploy implements [engine.Engine].
func (e *Engine) Deploy(ctx context.Context, g graph.Graph) error {
	if e.opt.Install != nil {
		return e.opt.Install(ctx, g)
	}
	t, err := e.opt.Cluster.Template(ctx, e.opt.Template)
	if err != nil {
		return err
	}
	return CheckTemplate(t, g)
}

// Start implements [engine.Engine].
func (e *Engine) Start(ctx context.Context, r run.Run) error {
	_, err := e.opt.Cluster.Create(ctx, NewWorkflow(r, e.opt.Submission), false)
	if !errors.Is(err, ErrExists) {
		return err
	}
	wf, err := e.workflow(ctx, r.Recording, r.ID)
	if err != nil {
		return err
	}
	if !IsRun(wf) || argument(wf, argo.ParamRecording) != r.Recording || argument(wf, argo.ParamRun) != r.ID {
		return &Error{Op: "create", What: "workflow", Name: wf.Name, Kind: ErrExists, Advice: "choose another run id: it is not the Workflow of this run"}
	}
	switch wf.Status.Phase {
	case wfv1.WorkflowFailed, wfv1.WorkflowError:
		return e.opt.Cluster.Retry(ctx, wf)
	default:
		return nil
	}
}

func (e *Engine) workflow(ctx context.Context, recording, id string) (*wfv1.Workflow, error) {
	wf, err := e.opt.Cluster.Get(ctx, argo.WorkflowName(recording, id))
	return wf, unknown(id, err)
}

// unknown says of a run what err says of its Workflow.
func unknown(id string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("run %q: %w: %w", id, engine.ErrUnknownRun, err)
	}
	return err
}

// Events implements [engine.Engine].
func (e *Engine) Events(ctx context.Context, recording, id string) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		for ev, err := range e.opt.Events(ctx, argo.WorkflowName(recording, id), e.opt.Now) {
			if !yield(ev, unknown(id, err)) {
				return
			}
		}
	}
}

// Events yields what happened in the run of a Workflow and follows it to its
// end.
func (s Sight) Events(ctx context.Context, name string, now func() time.Time) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		told := NewTeller()
		for st, err := range s.Follow(ctx, name) {
			if err != nil {
				yield(engine.Event{}, err)
				return
			}
			for _, ev := range told.Tell(st, now()) {
				if !yield(ev, nil) {
					return
				}
			}
		}
	}
}

// Cancel implements [engine.Engine].
func (e *Engine) Cancel(ctx context.Context, recording, id string) error {
	wf, err := e.workflow(ctx, recording, id)
	if err != nil || wf.Status.Phase.Completed() {
		return err
	}
	if err := e.opt.Cluster.Shutdown(ctx, wf.Name, true); err != nil {
		return err
	}
	for _, err := range Watch(ctx, e.opt.Cluster, wf.Name) {
		if err != nil {
			return err
		}
	}
	return nil
}
