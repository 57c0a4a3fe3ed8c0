package process_test

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet/kubelettest"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/process"
)

// TestMain is also the program that the pods run: with BEHAVE it does what that
// says.
func TestMain(m *testing.M) {
	if how := os.Getenv("BEHAVE"); how != "" {
		os.Exit(behave(how))
	}
	os.Exit(m.Run())
}

func behave(how string) int {
	verb, arg, _ := strings.Cut(how, " ")
	switch verb {
	case "tell": // arguments and environment
		fmt.Println("args", os.Args[1:])
		for _, e := range os.Environ() {
			fmt.Println("env", e)
		}
	case "write": // a file
		name, text, _ := strings.Cut(arg, " ")
		if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "exit":
		fmt.Fprintln(os.Stderr, "first\nerror: bad luck\nhint: try again")
		var code int
		fmt.Sscan(arg, &code)
		return code
	case "wait": // to be told to end
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		fmt.Println("ready")
		<-told
		return 143
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return 0
}

// node is a kubelet that runs this program for /step.
type node struct {
	*kubelettest.Node
	log *bytes.Buffer
}

func start(t *testing.T, env map[string]string) node {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	n := kubelettest.Start(t, func(n *kubelettest.Node) kubelet.Runtime {
		return process.New(process.Options{
			Kube: n.Kube, Dir: t.TempDir(), Paths: map[string]string{"/step": self, "/model": "/the/model"}, Env: env, Parallel: 1, Log: &log,
		})
	})
	return node{n, &log}
}

// template is one whose container behaves so.
func template(behave string, args ...string) wfv1.Template {
	empty := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	return wfv1.Template{
		Name: "step",
		Container: &corev1.Container{
			Command: []string{"/step"}, Args: args, Env: []corev1.EnvVar{{Name: "BEHAVE", Value: behave}},
			VolumeMounts: []corev1.VolumeMount{{Name: "scratch", MountPath: "/scratch"}, {Name: "tmp", MountPath: "/tmp"}},
		},
		Volumes: []corev1.Volume{{Name: "scratch", VolumeSource: empty}, {Name: "tmp", VolumeSource: empty}},
	}
}

// said returns what the program printed about args or env.
func (n node) said(what string) []string {
	var list []string
	for line := range strings.Lines(n.log.String()) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "pad(0): "+what+" "); ok {
			list = append(list, rest)
		}
	}
	return list
}

func TestArgumentsAndVolumes(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	tmpl := template("tell", "pad", "--outputs=/scratch/outputs", "--list=/tmp,/model", "--not=/scratched", "no/tmp", "/step")
	end := n.Run(kubelettest.Pod("wf.pad(0)", tmpl), nil)
	if end.Main().ExitCode != 0 {
		t.Fatalf("ended %+v", end.Main())
	}
	args := strings.Fields(strings.Trim(n.said("args")[0], "[]"))
	self, _ := os.Executable()
	scratch, ok := strings.CutPrefix(args[1], "--outputs=")
	tmp, _, _ := strings.Cut(strings.TrimPrefix(args[2], "--list="), ",")
	if !ok || filepath.Base(scratch) != "outputs" || filepath.Base(tmp) != "tmp" || filepath.Dir(filepath.Dir(scratch)) != filepath.Dir(tmp) {
		t.Errorf("volumes are %q and %q", scratch, tmp)
	}
	want := []string{"pad", "--outputs=" + scratch, "--list=" + tmp + ",/the/model", "--not=/scratched", "no/tmp", self}
	if !slices.Equal(args, want) {
		t.Errorf("arguments %q, want %q", args, want)
	}
	if _, err := os.Stat(tmp); !os.IsNotExist(err) {
		t.Errorf("the volumes stay: %v", err)
	}
	for _, e := range n.said("env") {
		if e == "TMPDIR="+tmp {
			return
		}
	}
	t.Errorf("TMPDIR is not %q in %q", tmp, n.said("env"))
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	n := start(t, map[string]string{"GIVEN": "/scratch as it is", "FROM_SECRET": "given"})
	for _, cm := range []*corev1.ConfigMap{
		{ObjectMeta: metav1.ObjectMeta{Name: "config"}, Data: map[string]string{"A": "a", "B": "/model/b"}},
	} {
		if _, err := n.Kube.CoreV1().ConfigMaps(kubelettest.Namespace).Create(t.Context(), cm, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "secret"}, Data: map[string][]byte{"key": []byte("hidden")}}
	if _, err := n.Kube.CoreV1().Secrets(kubelettest.Namespace).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	tmpl := template("tell")
	c := tmpl.Container
	c.EnvFrom = []corev1.EnvFromSource{{Prefix: "P_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}}}}
	fromSecret := func(name, key string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}}
	}
	c.Env = append(c.Env,
		corev1.EnvVar{Name: "PLAIN", Value: "x$(P_A)y$$z$(NOWHERE)"},
		corev1.EnvVar{Name: "KEY", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}, Key: "A"}}},
		corev1.EnvVar{Name: "SECRET", ValueFrom: fromSecret("secret", "key")},
		corev1.EnvVar{Name: "NO_SECRET", ValueFrom: fromSecret("missing", "key")},
		corev1.EnvVar{Name: "FROM_SECRET", ValueFrom: fromSecret("missing", "key")},
		corev1.EnvVar{Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
	)
	if end := n.Run(kubelettest.Pod("wf.pad(0)", tmpl), nil); end.Main().ExitCode != 0 {
		t.Fatalf("ended %+v", end.Main())
	}
	got := n.said("env")
	for _, want := range []string{"P_A=a", "P_B=/the/model/b", "PLAIN=xay$z$(NOWHERE)", "KEY=a", "SECRET=hidden", "FROM_SECRET=given", "POD=pod-step", "GIVEN=/scratch as it is"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in the environment", want)
		}
	}
	for _, e := range got {
		if name, _, _ := strings.Cut(e, "="); name == "NO_SECRET" || name == "HOME" {
			t.Errorf("%q is in the environment", e)
		}
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	tmpl := template("write /scratch/tracks.json [0,1]")
	tmpl.Outputs = wfv1.Outputs{
		Parameters: []wfv1.Parameter{
			{Name: "tracks", ValueFrom: &wfv1.ValueFrom{Path: "/scratch/tracks.json"}},
			{Name: "other", ValueFrom: &wfv1.ValueFrom{Path: "/scratch/other", Default: wfv1.AnyStringPtr("none")}},
		},
		Artifacts: []wfv1.Artifact{{Name: "there", Path: "/scratch/tracks.json"}, {Name: "report", Path: "/scratch/report.html", Optional: true}},
	}
	end := n.Run(kubelettest.Pod("wf.pad(0)", tmpl), nil)
	out := end.Result.Outputs
	got := map[string]string{}
	for _, p := range out.Parameters {
		got[p.Name] = p.Value.String()
	}
	if end.Pod.Status.Phase != corev1.PodSucceeded || got["tracks"] != "[0,1]" || got["other"] != "none" {
		t.Errorf("%s: outputs %+v", end.Wait().Message, got)
	}
	if len(out.Artifacts) != 1 || out.Artifacts[0].Name != "there" {
		t.Errorf("artifacts %+v", out.Artifacts)
	}
}

func TestMissingOutputs(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	tmpl := template("exit 0")
	tmpl.Outputs = wfv1.Outputs{
		Parameters: []wfv1.Parameter{{Name: "tracks", ValueFrom: &wfv1.ValueFrom{Path: "/scratch/tracks.json"}}},
		Artifacts:  []wfv1.Artifact{{Name: "report", Path: "/in/the/image"}},
	}
	end := n.Run(kubelettest.Pod("wf.pad(0)", tmpl), nil)
	for _, want := range []string{`"tracks"`, "/scratch/tracks.json", `"report"`, "/in/the/image"} {
		if !strings.Contains(end.Wait().Message, want) {
			t.Errorf("the executor says %q, not %q", end.Wait().Message, want)
		}
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		behave  string
		exit    int32
		message string
	}{
		{"exit 0", 0, ""},
		{"exit 75", 75, "error: bad luck; hint: try again"},
		{"die", 137, ""},
	} {
		t.Run(c.behave, func(t *testing.T) {
			t.Parallel()
			end := start(t, nil).Run(kubelettest.Pod("wf.pad(0)", template(c.behave)), nil)
			if m := end.Main(); m.ExitCode != c.exit || m.Message != c.message {
				t.Errorf("exit code %d, %q, want %d, %q", m.ExitCode, m.Message, c.exit, c.message)
			}
		})
	}
}

func TestTerminatedProcessIsAsked(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	var told atomic.Bool
	tmpl := template("wait")
	end := n.Run(kubelettest.Pod("wf.pad(0)", tmpl), func(p *corev1.Pod) {
		if p.Status.Phase == corev1.PodRunning && told.CompareAndSwap(false, true) {
			n.Kubelet.Terminate(p.Namespace, p.Name)
		}
	})
	// It may be told before it can listen, and then it is a signal that ends it.
	if m := end.Main(); m.ExitCode != 143 {
		t.Errorf("exit code %d, want 143", m.ExitCode)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	end := n.Run(kubelettest.Pod("wf.pad(0)", template("write /var/run/argo/progress 1/4\n3/4")), nil)
	if end.Result.Progress != "3/4" {
		t.Errorf("progress %q, want 3/4", end.Result.Progress)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*wfv1.Template)
		want   string
	}{
		"no such command": {func(t *wfv1.Template) { t.Container.Command = []string{"/nowhere"} }, "no such file"},
		"other volume": {func(t *wfv1.Template) {
			t.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}
		}, `volume "scratch" at "/scratch" is no emptyDir`},
		"missing ConfigMap": {func(t *wfv1.Template) {
			t.Container.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "gone"}}}}
		}, `"gone" not found`},
		"unknown field": {func(t *wfv1.Template) {
			t.Container.Env = append(t.Container.Env, corev1.EnvVar{Name: "X", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.hostIP"}}})
		}, `environment variable X: field "status.hostIP"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tmpl := template("exit 0")
			c.change(&tmpl)
			end := start(t, nil).Run(kubelettest.Pod("wf.pad(0)", tmpl), nil)
			if m := end.Main(); m.ExitCode != 127 || !strings.Contains(m.Message, c.want) {
				t.Errorf("exit code %d, %q, want 127 and %q", m.ExitCode, m.Message, c.want)
			}
		})
	}
}
