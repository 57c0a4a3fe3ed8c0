package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// tokens is where service account tokens are mounted.
const tokens = "/var/run/secrets/kubernetes.io/serviceaccount"

// A witness sees every pod of a namespace, however short it lives.
type witness struct {
	mu      sync.Mutex
	pods    map[string]corev1.Pod // by name, as it was seen last
	changed chan struct{}         // closed, and made anew, with each change
}

// watchPods watches a namespace until the test ends, and then checks all the
// pods that were there.
func watchPods(t *testing.T, namespace string) *witness {
	t.Helper()
	w := &witness{pods: map[string]corev1.Pod{}, changed: make(chan struct{})}
	cmd := exec.Command("kubectl", "-n", namespace, "get", "pods", "--watch", "-o", "json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("watch pods: %v", err)
	}
	read := make(chan error, 1)
	go func() { read <- w.read(out) }()
	t.Cleanup(func() {
		select {
		case err := <-read:
			t.Errorf("the watch of pods ended early: %v\n%s", err, &stderr)
		default:
			_ = cmd.Process.Kill()
			<-read
		}
		_ = cmd.Wait() // it was killed
		for _, name := range slices.Sorted(maps.Keys(w.pods)) {
			for _, wrong := range manners(w.pods[name]) {
				t.Errorf("pod %s: %s", name, wrong)
			}
		}
		t.Logf("%d pods were seen running non-root, read-only, without a token", len(w.pods))
	})
	return w
}

func (w *witness) read(r io.Reader) error {
	for dec := json.NewDecoder(r); ; {
		var p corev1.Pod
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		w.mu.Lock()
		w.pods[p.Name] = p
		close(w.changed)
		w.changed = make(chan struct{})
		w.mu.Unlock()
	}
}

// all returns the pods that were seen.
func (w *witness) all() []corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.pods))
}

// running waits until a pod of a node of a Workflow runs, and returns its name.
// Nodes are named as Argo does: "transcribe-track(1:1)".
func (w *witness) running(t *testing.T, workflow, node string) string {
	t.Helper()
	late := time.After(3 * time.Minute)
	for {
		w.mu.Lock()
		changed := w.changed
		for name, p := range w.pods {
			of := p.Annotations["workflows.argoproj.io/node-name"]
			if strings.HasPrefix(of, workflow+"."+node) && p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil && begun(p) {
				w.mu.Unlock()
				return name
			}
		}
		w.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no pod of %s of %s runs", node, workflow)
		}
	}
}

// begun reports whether the pod's own container is running.
func begun(p corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.Name == "main" && c.State.Running != nil })
}

// manners returns what a pod has that it should not have.
func manners(p corev1.Pod) (wrong []string) {
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		name := "container " + c.Name + ": "
		nonRoot, user := p.Spec.SecurityContext.RunAsNonRoot, p.Spec.SecurityContext.RunAsUser
		s := c.SecurityContext
		if s == nil {
			wrong = append(wrong, name+"no security context")
			continue
		}
		if s.RunAsNonRoot != nil {
			nonRoot = s.RunAsNonRoot
		}
		if s.RunAsUser != nil {
			user = s.RunAsUser
		}
		if nonRoot == nil || !*nonRoot || user == nil || *user == 0 {
			wrong = append(wrong, name+"may run as root")
		}
		if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged != nil && *s.Privileged {
			wrong = append(wrong, name+"may gain privileges")
		}
		if s.Capabilities == nil || !slices.Contains(s.Capabilities.Drop, "ALL") || len(s.Capabilities.Add) > 0 {
			wrong = append(wrong, name+"has capabilities")
		}
		if c.Name == "main" && (s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem) {
			wrong = append(wrong, name+"can write to its root file system")
		}
		token := slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == tokens })
		// Argo's own containers tell the controller; reprocessing submits runs.
		if token && c.Name == "main" && p.Spec.ServiceAccountName != "trackscribe-reprocess" {
			wrong = append(wrong, name+"has a service account token")
		}
		if c.Name == "main" && len(c.Resources.Requests) == 0 {
			wrong = append(wrong, name+"asks for no resources")
		}
	}
	if s := p.Spec.SecurityContext.SeccompProfile; s == nil || s.Type != corev1.SeccompProfileTypeRuntimeDefault {
		wrong = append(wrong, "no seccomp profile")
	}
	return wrong
}
