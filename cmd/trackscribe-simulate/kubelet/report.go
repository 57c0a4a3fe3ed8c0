package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apitypes "k8s.io/apimachinery/pkg/types"
)

// exitExecutor is what Argo's executor exits with when it fails itself.
const exitExecutor = 64

// finish reports the end of a pod: first what the executor saved, then the
// pod's status, as on a cluster.
func (p *Pod) finish(ctx context.Context, at time.Time, res Result) error {
	outputs := res.Outputs
	if err := p.report(ctx, wfv1.NodeResult{Outputs: &outputs}, true); err != nil {
		return err
	}
	if res.Lost {
		err := p.kubelet.kube.CoreV1().Pods(p.Object.Namespace).Delete(ctx, p.Object.Name, metav1.DeleteOptions{})
		return ignoreGone(err)
	}
	when := metav1.NewTime(at)
	err := p.update(ctx, func(s *corev1.PodStatus) {
		wait, saved := 0, ""
		if res.Unsaved != nil {
			wait, saved = exitExecutor, res.Unsaved.Error()
		}
		s.Phase = corev1.PodSucceeded
		if res.Exit != 0 || wait != 0 {
			s.Phase = corev1.PodFailed
		}
		if p.deadline {
			s.Phase, s.Reason, s.Message = corev1.PodFailed, "DeadlineExceeded", ErrDeadline.Error()
		}
		s.InitContainerStatuses = []corev1.ContainerStatus{terminated(common.InitContainerName, when, 0, "")}
		s.ContainerStatuses = nil
		for _, c := range p.Object.Spec.Containers {
			switch {
			case c.Name == common.WaitContainerName:
				s.ContainerStatuses = append(s.ContainerStatuses, terminated(c.Name, when, wait, saved))
			default:
				s.ContainerStatuses = append(s.ContainerStatuses, terminated(c.Name, when, res.Exit, res.Message))
			}
		}
	})
	return ignoreGone(err)
}

// update changes the pod's status.
func (p *Pod) update(ctx context.Context, change func(*corev1.PodStatus)) error {
	pod := p.Object.DeepCopy()
	pod.ResourceVersion = "" // the controller's labels are none of our business
	change(&pod.Status)
	_, err := p.kubelet.kube.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("report status of pod %q: %w", pod.Name, err)
	}
	return nil
}

// report writes the pod's task result, as the executor does. Until it is
// complete, the controller waits for it.
func (p *Pod) report(ctx context.Context, res wfv1.NodeResult, complete bool) error {
	results := p.kubelet.argo.ArgoprojV1alpha1().WorkflowTaskResults(p.Object.Namespace)
	r := &wfv1.WorkflowTaskResult{
		ObjectMeta: metav1.ObjectMeta{Name: p.NodeID, Labels: map[string]string{
			common.LabelKeyWorkflow:               p.Object.Labels[common.LabelKeyWorkflow],
			common.LabelKeyReportOutputsCompleted: fmt.Sprint(complete),
		}},
		NodeResult: res,
	}
	_, err := results.Create(ctx, r, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		var patch []byte
		// Without what is not set, so that nothing told before is taken back.
		if patch, err = json.Marshal(struct {
			Metadata map[string]any `json:"metadata"`
			wfv1.NodeResult
		}{map[string]any{"labels": r.Labels}, res}); err == nil {
			_, err = results.Patch(ctx, r.Name, apitypes.MergePatchType, patch, metav1.PatchOptions{})
		}
	}
	if err != nil {
		return fmt.Errorf("report result of node %q: %w", p.NodeName, err)
	}
	return nil
}

func terminated(name string, at metav1.Time, exit int, message string) corev1.ContainerStatus {
	reason := "Completed"
	if exit != 0 {
		reason = "Error"
	}
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: int32(exit), Reason: reason, Message: message, FinishedAt: at,
	}}}
}

// ignoreGone forgives that a pod is no longer there: whoever deleted it wants
// no status.
func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
