package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow"
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	"github.com/argoproj/argo-workflows/v3/workflow/packer"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubeapi"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// DefaultIdle is for how long at least nothing may happen before a run counts
// as hanging.
const DefaultIdle = 10 * time.Second

// A Job is a workflow to run.
type Job struct {
	Workflow *wfv1.Workflow // with its namespace
	Runtime  kubelet.Runtime
	Idle     time.Duration // default DefaultIdle
}

// An Outcome is how a run went.
type Outcome struct {
	Workflow *wfv1.Workflow // as the controller left it
	Pods     []kubelet.Record
	Started  time.Time
	Took     time.Duration
	Size     int // of the largest state of the Workflow, as JSON, in bytes
	Hangs    bool
}

// Run creates the workflow and follows it to its end. A run that hangs is an
// outcome; an error is one of the simulation.
func (c *Cluster) Run(ctx context.Context, job Job) (*Outcome, error) {
	if job.Idle == 0 {
		job.Idle = DefaultIdle
	}
	namespace := job.Workflow.Namespace
	if err := c.accounts(ctx, job.Workflow); err != nil {
		return nil, err
	}
	name := kubelet.Workflow{Namespace: namespace, Name: job.Workflow.Name}
	c.kubelet.Register(name, job.Runtime)
	out := &Outcome{Started: c.now()}
	if _, err := c.argo.ArgoprojV1alpha1().Workflows(namespace).Create(ctx, job.Workflow, metav1.CreateOptions{}); err != nil {
		return nil, fmt.Errorf("create workflow %q: %w", job.Workflow.Name, err)
	}
	last, err := c.await(ctx, out, name, job.Idle)
	if err != nil {
		return nil, err
	}
	out.Took = c.now().Sub(out.Started)
	out.Pods = c.kubelet.Records(name)
	out.Workflow, err = decode(last)
	return out, err
}

// errHangs ends a run that goes nowhere.
var errHangs = errors.New("the run hangs")

// follow yields the states of a workflow.
func (c *Cluster) follow(ctx context.Context, namespace, name string) iter.Seq[kubeapi.State] {
	return c.api.Follow(ctx, wfv1.SchemeGroupVersion.String(), workflow.WorkflowPlural, namespace, name)
}

// await follows the workflow until it ends or hangs, and returns its last
// state.
func (c *Cluster) await(ctx context.Context, out *Outcome, name kubelet.Workflow, idle time.Duration) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer context.AfterFunc(c.broken, func() { cancel(context.Cause(c.broken)) })()
	var last atomic.Pointer[[]byte]
	var side sync.WaitGroup
	side.Go(func() { c.awaitQuiet(ctx, cancel, name, idle, &last) })
	defer side.Wait()
	defer cancel(nil)
	for s := range c.follow(ctx, name.Namespace, name.Name) {
		if s.Gone {
			return nil, fmt.Errorf("workflow %q is gone", name.Name)
		}
		last.Store(&s.JSON)
		out.Size = max(out.Size, len(s.JSON))
		if s.Labels[common.LabelKeyCompleted] == "true" {
			return s.JSON, nil
		}
	}
	if !errors.Is(context.Cause(ctx), errHangs) {
		return nil, context.Cause(ctx)
	}
	out.Hangs = true
	return *last.Load(), nil
}

// awaitQuiet cancels when nothing has changed in the whole cluster for that
// long although no pod of the workflow runs and none of its nodes waits for
// time to pass. While others are busy, the controller may just not have come to
// it, as when it has not even begun.
func (c *Cluster) awaitQuiet(ctx context.Context, cancel context.CancelCauseFunc, name kubelet.Workflow, idle time.Duration, last *atomic.Pointer[[]byte]) {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	version, quiet := int64(0), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		quiet++
		if now := c.api.Version(); now != version || c.kubelet.Active(name) > 0 {
			version, quiet = now, 0
		}
		if quiet == 0 {
			continue
		}
		state := last.Load()
		if state == nil {
			continue
		}
		wf, err := decode(*state)
		if err != nil {
			cancel(err)
			return
		}
		// On a busy machine the controller needs its time for a large workflow.
		long := quiet > len(wf.Status.Nodes)/200
		if long && wf.Status.Phase != wfv1.WorkflowUnknown && !waits(wf) {
			cancel(errHangs)
			return
		}
	}
}

// decode reads a Workflow, the nodes of a large one too.
func decode(b []byte) (*wfv1.Workflow, error) {
	wf := &wfv1.Workflow{}
	if err := json.Unmarshal(b, wf); err != nil {
		return nil, fmt.Errorf("read workflow: %w", err)
	}
	if err := packer.DecompressWorkflow(wf); err != nil {
		return nil, fmt.Errorf("read nodes of workflow %q: %w", wf.Name, err)
	}
	return wf, nil
}

// waits reports whether some node waits for time to pass: for its next attempt
// or for the end of a pause.
func waits(wf *wfv1.Workflow) bool {
	for _, n := range wf.Status.Nodes {
		if n.Fulfilled() {
			continue
		}
		if n.Type == wfv1.NodeTypeRetry && strings.HasPrefix(n.Message, "Backoff for ") {
			return true
		}
		if n.Type == wfv1.NodeTypeSuspend {
			if t := wf.GetTemplateByName(n.TemplateName); t == nil || t.Suspend == nil || t.Suspend.Duration != "" {
				return true
			}
		}
	}
	return false
}

// accounts creates the service accounts that the workflow's pods use, unless
// they were loaded: who may do what is nothing that is simulated.
func (c *Cluster) accounts(ctx context.Context, wf *wfv1.Workflow) error {
	specs := []*wfv1.WorkflowSpec{&wf.Spec}
	if ref := wf.Spec.WorkflowTemplateRef; ref != nil && !ref.ClusterScope {
		t, err := c.argo.ArgoprojV1alpha1().WorkflowTemplates(wf.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read WorkflowTemplate %q: %w", ref.Name, err)
		}
		specs = append(specs, &t.Spec)
	}
	names := map[string]bool{"default": true}
	add := func(account string, e *wfv1.ExecutorConfig) {
		names[account] = true
		if e != nil {
			names[e.ServiceAccountName] = true
		}
	}
	for _, s := range specs {
		add(s.ServiceAccountName, s.Executor)
		for _, t := range s.Templates {
			add(t.ServiceAccountName, t.Executor)
		}
	}
	delete(names, "")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
		_, err := c.kube.CoreV1().ServiceAccounts(wf.Namespace).Create(ctx, sa, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create service account %q: %w", name, err)
		}
	}
	return nil
}
