// Package kubelet is the node of a simulated cluster. It sees the pods that
// Argo's controller creates, lets a [Runtime] stand for their main container,
// and reports back what a kubelet and Argo's executor would: the pod's status,
// the outputs, the progress. Init and wait containers only exist in what it
// reports.
package kubelet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// A Runtime stands for the main container of pods.
type Runtime interface {
	// Run does the pod's work and tells how it ended. When ctx ends, the
	// container is told to end too, as by SIGTERM.
	Run(ctx context.Context, p *Pod) Result
}

// Func is a Runtime that is a function.
type Func func(ctx context.Context, p *Pod) Result

// Run calls the function.
func (f Func) Run(ctx context.Context, p *Pod) Result { return f(ctx, p) }

// A Result is how a main container ended.
type Result struct {
	Exit    int
	Message string // its last words
	Outputs wfv1.Outputs
	// Unsaved is why an output that the template promises could not be saved.
	// It is the executor's failure, not the container's.
	Unsaved error
	// Lost says that the pod was taken away while it ran.
	Lost bool
}

// Causes of the end of a runtime's context.
var (
	ErrDeleted    = errors.New("pod deleted")
	ErrTerminated = errors.New("container terminated")
	ErrDeadline   = errors.New("pod was active on the node longer than the specified deadline")
)

// A Record is what is known of a pod that ran or runs.
type Record struct {
	Pod     *Pod
	Started time.Time // of its main container
	Ended   time.Time // zero: it still runs
	Result  Result
}

// Workflow names a workflow.
type Workflow struct{ Namespace, Name string }

// Kubelet runs pods.
type Kubelet struct {
	kube kubernetes.Interface
	argo versioned.Interface
	now  func() time.Time

	mu       sync.Mutex
	fallback Runtime
	runs     map[Workflow]*run
	running  map[podKey]*running
	wait     sync.WaitGroup
}

// podKey names a pod.
type podKey struct{ namespace, name string }

// running is a pod that runs.
type running struct{ stop context.CancelCauseFunc }

// run is what the kubelet keeps of one workflow.
type run struct {
	runtime Runtime
	records []*Record
	active  int
}

// New returns a kubelet that talks to the API server by these clients. Pods of
// workflows that nobody registered are run by fallback; without one they stay
// pending.
func New(kube kubernetes.Interface, argo versioned.Interface, now func() time.Time, fallback Runtime) *Kubelet {
	return &Kubelet{kube: kube, argo: argo, now: now, fallback: fallback, runs: map[Workflow]*run{}, running: map[podKey]*running{}}
}

// Register says what runs the pods of a workflow, before it is created.
func (k *Kubelet) Register(w Workflow, r Runtime) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.runs[w] = &run{runtime: r}
}

// Active counts the workflow's pods that run.
func (k *Kubelet) Active(w Workflow) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.runs[w]; r != nil {
		return r.active
	}
	return 0
}

// Records returns what is known of the workflow's pods, in the order in which
// they came.
func (k *Kubelet) Records(w Workflow) []Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []Record
	if r := k.runs[w]; r != nil {
		for _, rec := range r.records {
			list = append(list, *rec)
		}
	}
	return list
}

// Terminate tells a pod's container to end. It reports whether it runs.
func (k *Kubelet) Terminate(namespace, pod string) bool { return k.end(namespace, pod, ErrTerminated) }

func (k *Kubelet) end(namespace, pod string, cause error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.running[podKey{namespace, pod}]
	if ok {
		r.stop(cause)
	}
	return ok
}

// Run runs pods until ctx ends, and then ends them.
func (k *Kubelet) Run(ctx context.Context) error {
	w, err := k.kube.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{LabelSelector: common.LabelKeyWorkflow})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	defer k.wait.Wait()
	defer w.Stop()
	for ev := range w.ResultChan() {
		pod, ok := ev.Object.(*corev1.Pod)
		switch {
		case !ok:
			return fmt.Errorf("watch pods: %v", ev.Object)
		case ev.Type == watch.Added:
			k.start(ctx, pod)
		case ev.Type == watch.Deleted || pod.DeletionTimestamp != nil:
			k.end(pod.Namespace, pod.Name, ErrDeleted)
		}
	}
	return errors.New("the watch of pods ended")
}

// start begins to run a pod.
func (k *Kubelet) start(ctx context.Context, pod *corev1.Pod) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := Workflow{pod.Namespace, pod.Labels[common.LabelKeyWorkflow]}
	r := k.runs[w]
	if r == nil && k.fallback != nil {
		r = &run{runtime: k.fallback}
		k.runs[w] = r
	}
	if r == nil || pod.Status.Phase != corev1.PodPending {
		return
	}
	ctx, stop := context.WithCancelCause(ctx)
	id, me := podKey{pod.Namespace, pod.Name}, &running{stop}
	k.running[id] = me
	r.active++
	k.wait.Go(func() {
		k.run(ctx, r, pod)
		stop(nil)
		k.mu.Lock()
		defer k.mu.Unlock()
		r.active--
		if k.running[id] == me { // and no pod that was made anew
			delete(k.running, id)
		}
	})
}

// run runs a pod to its end and reports it.
func (k *Kubelet) run(ctx context.Context, r *run, pod *corev1.Pod) {
	p, err := parse(pod)
	rec := &Record{Pod: p, Started: k.now()}
	p.kubelet, p.record = k, rec
	k.mu.Lock()
	r.records = append(r.records, rec)
	k.mu.Unlock()
	res := Result{Exit: exitExecutor}
	if err != nil {
		res.Message = err.Error()
	} else {
		res = k.do(ctx, r.runtime, p)
	}
	k.mu.Lock()
	rec.Ended, rec.Result = k.now(), res
	k.mu.Unlock()
	// The executor saves outputs and the node tells its status although the pod
	// was told to end.
	ctx = context.WithoutCancel(ctx)
	if err := p.finish(ctx, rec.Ended, res); err != nil {
		k.mu.Lock()
		rec.Result.Unsaved = errors.Join(rec.Result.Unsaved, err)
		k.mu.Unlock()
	}
}

// do lets the runtime do the pod's work, within the pod's deadline.
func (k *Kubelet) do(ctx context.Context, r Runtime, p *Pod) Result {
	if d := p.Object.Spec.ActiveDeadlineSeconds; d != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(*d)*time.Second, ErrDeadline)
		defer cancel()
	}
	res := r.Run(ctx, p)
	p.deadline = errors.Is(context.Cause(ctx), ErrDeadline)
	return res
}
