package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/templates/argo"
)

// A Pod is a pod as its runtime sees it.
type Pod struct {
	Object   *corev1.Pod
	Template wfv1.Template // with everything put in
	Main     *corev1.Container
	NodeID   string
	NodeName string // "run.pad-track(0:0)(1)"
	Task     string // of the graph: "pad-track"
	Track    int    // what the pod was fanned out for; -1 when not in a fan-out
	Attempt  int    // from 1

	kubelet  *Kubelet
	record   *Record
	deadline bool // it ran into its deadline
	running  sync.Once
}

var (
	itemGroup = regexp.MustCompile(`\((\d+):([^()]*)\)`)
	attempts  = regexp.MustCompile(`\((\d+)\)$`)
	groups    = regexp.MustCompile(`\([^()]*\)`)
)

// parse reads what the controller wrote into a pod. It always returns a pod.
func parse(o *corev1.Pod) (*Pod, error) {
	p := &Pod{Object: o, Main: &corev1.Container{}, Track: -1, Attempt: 1}
	p.NodeID, p.NodeName = o.Annotations[common.AnnotationKeyNodeID], o.Annotations[common.AnnotationKeyNodeName]
	p.Task, p.Track, p.Attempt = parseNodeName(p.NodeName)
	for i, c := range o.Spec.Containers {
		if c.Name != common.WaitContainerName && (p.Main.Name == "" || c.Name == common.MainContainerName) {
			p.Main = &o.Spec.Containers[i]
		}
	}
	for _, c := range o.Spec.InitContainers {
		for _, e := range c.Env {
			if e.Name == common.EnvVarTemplate {
				if err := json.Unmarshal([]byte(e.Value), &p.Template); err != nil {
					return p, fmt.Errorf("read %s of pod %q: %w", e.Name, o.Name, err)
				}
				return p, nil
			}
		}
	}
	return p, fmt.Errorf("pod %q has no %s: its template is too long for its environment", o.Name, common.EnvVarTemplate)
}

// parseNodeName takes the name of a node apart: which task it belongs to, for
// which item of a fan-out (its value where that is a number, else its place;
// -1 for none), and which attempt it is.
func parseNodeName(name string) (task string, track, attempt int) {
	track, attempt = -1, 1
	if m := attempts.FindStringSubmatch(name); m != nil {
		n, _ := strconv.Atoi(m[1]) // the pattern matches numbers only
		attempt = n + 1
	}
	if m := itemGroup.FindAllStringSubmatch(name, -1); m != nil {
		last := m[len(m)-1]
		n, err := strconv.Atoi(last[2])
		if err != nil {
			n, _ = strconv.Atoi(last[1])
		}
		track = n
	}
	task = groups.ReplaceAllString(name, "")
	return task[strings.LastIndexByte(task, '.')+1:], track, attempt
}

// Running tells that the main container has started. One that ends at once
// needs not tell.
func (p *Pod) Running(ctx context.Context) (err error) {
	p.running.Do(func() {
		now := p.kubelet.now()
		p.kubelet.mu.Lock()
		p.record.Started = now
		p.kubelet.mu.Unlock()
		since := metav1.NewTime(now)
		// It is told although the container is already told to end.
		err = p.update(context.WithoutCancel(ctx), func(s *corev1.PodStatus) {
			s.Phase = corev1.PodRunning
			s.InitContainerStatuses = []corev1.ContainerStatus{terminated(common.InitContainerName, since, 0, "")}
			s.ContainerStatuses = nil
			for _, c := range p.Object.Spec.Containers {
				s.ContainerStatuses = append(s.ContainerStatuses, corev1.ContainerStatus{
					Name: c.Name, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}},
				})
			}
		})
	})
	return err
}

// Progress tells how much of the pod's work is done, as "3/10".
func (p *Pod) Progress(ctx context.Context, progress string) error {
	parsed, ok := wfv1.ParseProgress(progress)
	if !ok {
		return fmt.Errorf("progress %q is not N/M", progress)
	}
	return p.report(ctx, wfv1.NodeResult{Progress: parsed}, false)
}

// SeenRunning waits until the controller has noted that the pod runs. What
// happens to a pod before that, it takes for a pod that never came up.
func (p *Pod) SeenRunning(ctx context.Context) error {
	if err := p.Running(ctx); err != nil {
		return err
	}
	name := p.Object.Labels[common.LabelKeyWorkflow]
	w, err := p.kubelet.argo.ArgoprojV1alpha1().Workflows(p.Object.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		return fmt.Errorf("watch workflow %q: %w", name, err)
	}
	defer w.Stop()
	for ev := range w.ResultChan() {
		wf, ok := ev.Object.(*wfv1.Workflow)
		if !ok {
			return fmt.Errorf("watch workflow %q: %v", name, ev.Object)
		}
		if n, ok := wf.Status.Nodes[p.NodeID]; ok && n.Phase == wfv1.NodeRunning {
			return nil
		}
	}
	return context.Cause(ctx)
}

// Steps are the steps of our own graph that the pod does; none for a pod of
// somebody else's.
func (p *Pod) Steps() []string {
	if list := p.Object.Annotations[argo.AnnotationSteps]; list != "" {
		return strings.Split(list, ",")
	}
	return nil
}
