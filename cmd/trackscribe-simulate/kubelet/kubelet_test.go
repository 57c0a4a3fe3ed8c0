package kubelet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet/kubelettest"
)

func template() wfv1.Template {
	return wfv1.Template{Name: "pad", Container: &corev1.Container{Command: []string{"/step"}, Args: []string{"pad-track", "--track=2"}}}
}

// start starts a kubelet whose pods are a function.
func start(t *testing.T, f kubelet.Func) *kubelettest.Node {
	return kubelettest.Start(t, func(*kubelettest.Node) kubelet.Runtime { return f })
}

func TestPodIsUnderstood(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"wf.pad-track(0:2)(1)":         "pad-track 2 2",
		"wf.pad-track(3:x)":            "pad-track 3 1",
		"wf.pad-track":                 "pad-track -1 1",
		"wf(2)":                        "wf -1 3",
		"wf.per-track(1:7).pad(0)":     "pad 7 1",
		"wf[0].list(4:a=b,c:d 1.5)(0)": "list 4 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			n := start(t, func(_ context.Context, p *kubelet.Pod) kubelet.Result {
				got <- fmt.Sprint(p.Task, " ", p.Track, " ", p.Attempt)
				if p.Template.Name != "pad" || p.Main.Name != common.MainContainerName || p.NodeID != "id-pad" {
					t.Errorf("template %q, container %q, node %q", p.Template.Name, p.Main.Name, p.NodeID)
				}
				return kubelet.Result{}
			})
			n.Run(kubelettest.Pod(name, template()), nil)
			if g := <-got; g != want {
				t.Errorf("task, track and attempt are %s, want %s", g, want)
			}
		})
	}
}

func TestSuccess(t *testing.T) {
	t.Parallel()
	n := start(t, func(ctx context.Context, p *kubelet.Pod) kubelet.Result {
		if err := errors.Join(p.Running(ctx), p.Progress(ctx, "3/10"), p.Progress(ctx, "7/10")); err != nil {
			t.Error(err)
		}
		if err := p.Progress(ctx, "11/10"); err == nil {
			t.Error("a progress beyond its end is no error")
		}
		return kubelet.Result{Outputs: wfv1.Outputs{Parameters: []wfv1.Parameter{{Name: "tracks", Value: wfv1.AnyStringPtr("[1]")}}}}
	})
	var phases []corev1.PodPhase
	end := n.Run(kubelettest.Pod("wf.pad", template()), func(p *corev1.Pod) { phases = append(phases, p.Status.Phase) })
	if fmt.Sprint(phases) != "[Running Succeeded]" {
		t.Errorf("the pod went through %v", phases)
	}
	if end.Main().ExitCode != 0 || end.Wait().ExitCode != 0 || end.Main().FinishedAt.Time.IsZero() {
		t.Errorf("containers ended %+v and %+v", end.Main(), end.Wait())
	}
	r := end.Result
	if r.Labels[common.LabelKeyReportOutputsCompleted] != "true" || r.Progress != "7/10" || len(r.Outputs.Parameters) != 1 {
		t.Errorf("the task result is %+v", r)
	}
	if end.Record.Ended.Before(end.Record.Started) || end.Record.Started.IsZero() {
		t.Errorf("the pod ran from %s to %s", end.Record.Started, end.Record.Ended)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	n := start(t, func(context.Context, *kubelet.Pod) kubelet.Result {
		return kubelet.Result{Exit: 75, Message: "no luck"}
	})
	end := n.Run(kubelettest.Pod("wf.pad", template()), nil)
	if m := end.Main(); end.Pod.Status.Phase != corev1.PodFailed || m.ExitCode != 75 || m.Message != "no luck" || m.Reason != "Error" {
		t.Errorf("the pod %s, its container %+v", end.Pod.Status.Phase, m)
	}
}

func TestUnsavedOutputFailsExecutor(t *testing.T) {
	t.Parallel()
	n := start(t, func(context.Context, *kubelet.Pod) kubelet.Result {
		return kubelet.Result{Unsaved: errors.New("no such file")}
	})
	end := n.Run(kubelettest.Pod("wf.pad", template()), nil)
	if end.Pod.Status.Phase != corev1.PodFailed || end.Main().ExitCode != 0 || end.Wait().ExitCode != 64 || end.Wait().Message != "no such file" {
		t.Errorf("the pod %s, its containers %+v and %+v", end.Pod.Status.Phase, end.Main(), end.Wait())
	}
}

func TestLostPodIsDeletedAfterItsResult(t *testing.T) {
	t.Parallel()
	n := start(t, func(context.Context, *kubelet.Pod) kubelet.Result { return kubelet.Result{Exit: 143, Lost: true} })
	end := n.Run(kubelettest.Pod("wf.pad", template()), nil)
	if end.Pod != nil || end.Result.Labels[common.LabelKeyReportOutputsCompleted] != "true" {
		t.Errorf("the pod is %v, its result %+v", end.Pod, end.Result.Labels)
	}
}

// TestContainerIsToldToEnd lets a container run until it is told to end, in
// each of the ways in which that comes about.
func TestContainerIsToldToEnd(t *testing.T) {
	t.Parallel()
	soon := int64(1)
	for _, c := range []struct {
		name  string
		cause error
		pod   func(*corev1.Pod)
		tell  func(*kubelettest.Node, *corev1.Pod)
	}{
		{
			name: "deleted", cause: kubelet.ErrDeleted,
			tell: func(n *kubelettest.Node, p *corev1.Pod) {
				if err := n.Kube.CoreV1().Pods(p.Namespace).Delete(t.Context(), p.Name, metav1.DeleteOptions{}); err != nil {
					t.Error(err)
				}
			},
		},
		{
			name: "terminated", cause: kubelet.ErrTerminated,
			tell: func(n *kubelettest.Node, p *corev1.Pod) {
				if !n.Kubelet.Terminate(p.Namespace, p.Name) || n.Kubelet.Terminate(p.Namespace, "other") {
					t.Error("the kubelet does not know which pods run")
				}
			},
		},
		{
			name: "deadline", cause: kubelet.ErrDeadline,
			pod: func(p *corev1.Pod) { p.Spec.ActiveDeadlineSeconds = &soon },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cause := make(chan error, 1)
			n := start(t, func(ctx context.Context, p *kubelet.Pod) kubelet.Result {
				if err := p.Running(ctx); err != nil {
					t.Error(err)
				}
				<-ctx.Done()
				cause <- context.Cause(ctx)
				return kubelet.Result{Exit: 143}
			})
			pod := kubelettest.Pod("wf.pad", template())
			if c.pod != nil {
				c.pod(pod)
			}
			told := false
			end := n.Run(pod, func(p *corev1.Pod) {
				if p.Status.Phase == corev1.PodRunning && c.tell != nil && !told {
					told = true
					c.tell(n, p)
				}
			})
			if err := <-cause; !errors.Is(err, c.cause) {
				t.Errorf("the container was ended by %v, want %v", err, c.cause)
			}
			if c.name == "deadline" && (end.Pod.Status.Reason != "DeadlineExceeded" || end.Pod.Status.Message == "") {
				t.Errorf("the pod's status is %+v", end.Pod.Status)
			}
		})
	}
}

func TestPodsOfOthersStayPending(t *testing.T) {
	t.Parallel()
	n := start(t, func(context.Context, *kubelet.Pod) kubelet.Result { return kubelet.Result{} })
	other := kubelettest.Pod("wf.pad", template())
	other.Name, other.Labels[common.LabelKeyWorkflow] = "other", "another"
	if _, err := n.Kube.CoreV1().Pods(other.Namespace).Create(t.Context(), other, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	n.Run(kubelettest.Pod("wf.pad", template()), nil) // came later and has ended
	p, err := n.Kube.CoreV1().Pods(other.Namespace).Get(t.Context(), "other", metav1.GetOptions{})
	if err != nil || p.Status.Phase != corev1.PodPending {
		t.Errorf("the pod is %s: %v", p.Status.Phase, err)
	}
}
