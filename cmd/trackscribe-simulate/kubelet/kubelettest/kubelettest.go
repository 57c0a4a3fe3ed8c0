// Package kubelettest is a kubelet with an API server and no controller, for
// tests of what runs pods.
package kubelettest

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubeapi"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// Namespace and Workflow are what pods belong to.
const (
	Namespace = "test"
	Workflow  = "wf"
)

// A Node is a running kubelet.
type Node struct {
	Kube    kubernetes.Interface
	Argo    versioned.Interface
	Kubelet *kubelet.Kubelet
	t       *testing.T
}

// Start starts a kubelet, which runs the pods of Workflow by what runtime
// makes of the node.
func Start(t *testing.T, runtime func(*Node) kubelet.Runtime) *Node {
	t.Helper()
	server := httptest.NewServer(kubeapi.New(time.Now))
	cfg := &rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	n := &Node{Kube: kubernetes.NewForConfigOrDie(cfg), Argo: versioned.NewForConfigOrDie(cfg), t: t}
	n.Kubelet = kubelet.New(n.Kube, n.Argo, time.Now, nil)
	n.Kubelet.Register(kubelet.Workflow{Namespace: Namespace, Name: Workflow}, runtime(n))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		_ = n.Kubelet.Run(ctx) // until the test ends
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		server.CloseClientConnections()
	})
	return n
}

// Pod makes a pod of a template as the controller does.
func Pod(node string, tmpl wfv1.Template) *corev1.Pod {
	b, err := json.Marshal(tmpl)
	if err != nil {
		panic(err)
	}
	main := *tmpl.Container.DeepCopy()
	main.Name = common.MainContainerName
	main.Command = append([]string{"/var/run/argo/argoexec", "emissary", "--loglevel", "info", "--"}, main.Command...)
	main.Env = append(main.Env, corev1.EnvVar{Name: common.EnvVarProgressFile, Value: common.ArgoProgressPath})
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: "var-run-argo", MountPath: common.VarRunArgoPath})
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "pod-" + tmpl.Name, Namespace: Namespace,
			Labels:      map[string]string{common.LabelKeyWorkflow: Workflow},
			Annotations: map[string]string{common.AnnotationKeyNodeID: "id-" + tmpl.Name, common.AnnotationKeyNodeName: node},
		},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: common.InitContainerName, Env: []corev1.EnvVar{{Name: common.EnvVarTemplate, Value: string(b)}}}},
			Containers:     []corev1.Container{{Name: common.WaitContainerName}, main},
			Volumes: append([]corev1.Volume{{Name: "var-run-argo", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
				tmpl.Volumes...),
		},
	}
}

// An End is what became of a pod.
type End struct {
	Pod    *corev1.Pod // nil: it was deleted
	Result wfv1.WorkflowTaskResult
	Record kubelet.Record
}

// Main is the status of the pod's main container.
func (e End) Main() corev1.ContainerStateTerminated { return e.container(common.MainContainerName) }

// Wait is the status of the executor.
func (e End) Wait() corev1.ContainerStateTerminated { return e.container(common.WaitContainerName) }

func (e End) container(name string) corev1.ContainerStateTerminated {
	for _, s := range e.Pod.Status.ContainerStatuses {
		if s.Name == name && s.State.Terminated != nil {
			return *s.State.Terminated
		}
	}
	return corev1.ContainerStateTerminated{ExitCode: -1, Message: "no container " + name + " has ended"}
}

// Run creates the pod and waits for its end. Each state that it has on the way
// is handed to seen, if that is not nil.
func (n *Node) Run(pod *corev1.Pod, seen func(*corev1.Pod)) End {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	pods := n.Kube.CoreV1().Pods(Namespace)
	created, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		n.t.Fatal(err)
	}
	w, err := pods.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + pod.Name, ResourceVersion: created.ResourceVersion})
	if err != nil {
		n.t.Fatal(err)
	}
	defer w.Stop()
	for ev := range w.ResultChan() {
		p, ok := ev.Object.(*corev1.Pod)
		if !ok {
			n.t.Fatalf("watch: %v", ev.Object)
		}
		if seen != nil {
			seen(p)
		}
		end := End{Pod: p}
		switch {
		case ev.Type == watch.Deleted:
			end.Pod = nil
		case p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed:
			continue
		}
		end.Result = n.result(ctx, pod)
		for _, rec := range n.Kubelet.Records(kubelet.Workflow{Namespace: Namespace, Name: Workflow}) {
			if rec.Pod.Object.Name == pod.Name {
				end.Record = rec
			}
		}
		return end
	}
	n.t.Fatalf("pod %q does not end", pod.Name)
	return End{}
}

// result waits for the pod's result to be complete.
func (n *Node) result(ctx context.Context, pod *corev1.Pod) wfv1.WorkflowTaskResult {
	n.t.Helper()
	w, err := n.Argo.ArgoprojV1alpha1().WorkflowTaskResults(Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + pod.Annotations[common.AnnotationKeyNodeID],
		LabelSelector: common.LabelKeyReportOutputsCompleted + "=true",
	})
	if err != nil {
		n.t.Fatal(err)
	}
	defer w.Stop()
	for ev := range w.ResultChan() {
		if r, ok := ev.Object.(*wfv1.WorkflowTaskResult); ok {
			return *r
		}
	}
	n.t.Fatalf("there is no complete result of pod %q", pod.Name)
	return wfv1.WorkflowTaskResult{}
}
