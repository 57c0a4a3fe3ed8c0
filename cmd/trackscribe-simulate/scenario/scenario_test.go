package scenario_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
)

var names = []string{"pad-track", "transcribe-track", "matrix2", "upx3", "mixdown-tracks"}

func TestParseFail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pad-track":                 "pad-track=65",
		"pad-track[1]":              "pad-track[1]=65",
		"pad-track=75":              "pad-track=75",
		"pad-trackx2":               "pad-trackx2=75",
		"transcribe-track[1]x2=137": "transcribe-track[1]x2=137",
		"transcribe-track[12]x3":    "transcribe-track[12]x3=75",
		"matrix2":                   "matrix2=65",
		"matrix2x2":                 "matrix2x2=75",
		"upx3":                      "upx3=65",
		"upx3x1":                    "upx3x1=75",
		"pad":                       `error: there is no step or template "pad"`,
		"pad-track[x]":              `error: there is no step or template "pad-track[x]"`,
		"pad-track[-1]":             `error: there is no step or template "pad-track[-1]"`,
		"pad-trackx0":               `error: there is no step or template "pad-trackx0"`,
		"pad-track=":                `error: exit code "" of "pad-track=" is not one of 1 to 255`,
		"pad-track=0":               `error: exit code "0" of "pad-track=0" is not one of 1 to 255`,
		"pad-track=256":             `error: exit code "256" of "pad-track=256" is not one of 1 to 255`,
	} {
		f, err := scenario.ParseFail(text, names)
		got := f.String()
		if err != nil {
			got = "error: " + err.Error()
			if steps.Hint(err) == "" || steps.Classify(err) != steps.Misuse {
				t.Errorf("%q: the error has no hint or is no misuse", text)
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestParseOthers(t *testing.T) {
	t.Parallel()
	if l, err := scenario.ParseLoss("pad-track[3]", names); err != nil || l.String() != "pad-track[3]x1" {
		t.Errorf("loss is %s: %v", l, err)
	}
	if d, err := scenario.ParseDelay("mixdown-tracks=200ms", names); err != nil || d.Step != "mixdown-tracks" || d.For != 200*time.Millisecond {
		t.Errorf("delay is %+v: %v", d, err)
	}
	for _, text := range []string{"mixdown-tracks", "mixdown-tracks=5", "mixdown-tracks=-1s", "none=1s"} {
		if _, err := scenario.ParseDelay(text, names); err == nil {
			t.Errorf("delay %q is understood", text)
		}
	}
	var s scenario.Scenario
	if err := s.ParseOutput("list.items=[1,2]=x"); err != nil || s.Outputs["list"]["items"] != "[1,2]=x" {
		t.Errorf("outputs are %v: %v", s.Outputs, err)
	}
	for _, text := range []string{"list", "list.items", "items=1", ".x=1", "x.=1"} {
		if err := s.ParseOutput(text); err == nil {
			t.Errorf("output %q is understood", text)
		}
	}
	if got := scenario.Tracks(3) + scenario.Tracks(0); got != "[0,1,2][]" {
		t.Errorf("tracks are %s", got)
	}
}

// pod makes a pod that does steps of our own graph.
func pod(task string, track int, template wfv1.Template, does ...string) *kubelet.Pod {
	return &kubelet.Pod{
		Task: task, Track: track, Template: template,
		Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{argo.AnnotationSteps: strings.Join(does, ",")}}},
	}
}

func mustFail(t *testing.T, text string) scenario.Fail {
	t.Helper()
	f, err := scenario.ParseFail(text, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// exits runs the pods one after the other and returns their exit codes.
func exits(s *scenario.Script, pods ...*kubelet.Pod) string {
	var codes []string
	for _, p := range pods {
		codes = append(codes, fmt.Sprint(s.Run(context.Background(), p).Exit))
	}
	return strings.Join(codes, " ")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	a0, a1 := pod("a", 0, wfv1.Template{Name: "a"}), pod("a", 1, wfv1.Template{Name: "a"})
	fused := pod("group", 1, wfv1.Template{Name: "group"}, "a", "b")
	whole := pod("run", -1, wfv1.Template{Name: "run"}, "a", "b", "c")
	for _, c := range []struct {
		fail string
		pods []*kubelet.Pod
		want string
	}{
		{"a", []*kubelet.Pod{a0, a0, a1}, "65 65 65"},
		{"a[1]", []*kubelet.Pod{a0, a1, a1}, "0 65 65"},
		{"a[1]x2", []*kubelet.Pod{a1, a0, a1, a1}, "75 0 75 0"},
		{"ax1=9", []*kubelet.Pod{a0, a1, a0, a1}, "9 9 0 0"},
		{"b", []*kubelet.Pod{fused, a1}, "65 0"},
		{"b[0]", []*kubelet.Pod{fused}, "0"},
		{"b[1]x1", []*kubelet.Pod{fused, fused}, "75 0"},
		{"c[7]x1", []*kubelet.Pod{whole, whole}, "75 0"},
	} {
		s := scenario.Scenario{Fail: []scenario.Fail{mustFail(t, c.fail)}}.Script()
		if got := exits(s, c.pods...); got != c.want {
			t.Errorf("with %s the pods exit %s, want %s", c.fail, got, c.want)
		}
		if unused := s.Unused(); (len(unused) > 0) != (c.want == "0") {
			t.Errorf("with %s unused is %v", c.fail, unused)
		}
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	s := scenario.Scenario{
		Fail:  []scenario.Fail{mustFail(t, "a[9]"), mustFail(t, "a[0]x1")},
		Lose:  []scenario.Fail{mustFail(t, "bx1")},
		Delay: []scenario.Delay{{Target: scenario.Target{Step: "c", Track: -1}}},
	}.Script()
	exits(s, pod("a", 0, wfv1.Template{Name: "a"}))
	if got := fmt.Sprint(s.Unused()); got != "[--delay c --fail a[9]=65 --lose bx1=75]" {
		t.Errorf("unused are %s", got)
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	tmpl := wfv1.Template{Name: "list", Outputs: wfv1.Outputs{
		Parameters: []wfv1.Parameter{
			{Name: "items", ValueFrom: &wfv1.ValueFrom{Path: "/x"}},
			{Name: "count", ValueFrom: &wfv1.ValueFrom{Path: "/y", Default: wfv1.AnyStringPtr("0")}},
		},
		Artifacts: []wfv1.Artifact{{Name: "report"}},
	}}
	var s scenario.Scenario
	if r := s.Script().Run(t.Context(), pod("list", -1, tmpl)); r.Unsaved == nil || !strings.Contains(r.Unsaved.Error(), "--set list.items=VALUE") {
		t.Errorf("without a value: %v", r.Unsaved)
	}
	s.SetOutput("list", "items", "[1]")
	s.SetOutput("list", "result", "printed")
	r := s.Script().Run(t.Context(), pod("list", -1, tmpl))
	if r.Unsaved != nil || r.Outputs.Parameters[0].Value.String() != "[1]" || r.Outputs.Parameters[1].Value.String() != "0" || *r.Outputs.Result != "printed" || len(r.Outputs.Artifacts) != 1 {
		t.Errorf("outputs %+v: %v", r.Outputs, r.Unsaved)
	}
}
