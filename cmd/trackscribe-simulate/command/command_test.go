package command_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/command"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/result"
	"github.com/trackscribe/trackscribe/templates/argo"
	graph "github.com/trackscribe/trackscribe/templates/pipeline"
)

const pipeline = "../cluster/testdata/pipeline.yaml"

// simulate runs the command in this process.
func simulate(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command.Run(t.Context(), command.Env{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Now: time.Now,
	})
	return code, out.String(), errs.String()
}

var times = regexp.MustCompile(`\d+\.\d\d s`)

func TestTree(t *testing.T) {
	t.Parallel()
	code, out, errs := simulate(t, "", pipeline, "-p", "recording=standup", "-p", "run=r1", "--tracks", "12",
		"--fail", "pad-track[1]x1", "--fail", "pad-track[7]x1=143", "--fail", "mixdown-tracks=137", "--delay", "merge-transcripts=20ms")
	if code != 0 || errs != "" {
		t.Errorf("exit code %d: %s", code, errs)
	}
	want := `✔ small: Succeeded in T, 20 pods
├─ ✔ get-recording                   T
├─ ✔ pad-track                       T, 12 tracks
│  ├─ ✔ [0]                          T
│  ├─ ✔ [1]                          T, 2 attempts, 1: main: Error (exit code 75): pad-track fails, as asked
│  ├─ ✔ [7]                          T, 2 attempts, 1: main: Error (exit code 143): pad-track fails, as asked
│  └─ ✔ 9 more, at once
├─ ✖ mixdown-tracks                  T, 3 attempts, 1: main: Error (exit code 137): mixdown-tracks fails, as asked, failed: No more retries left
├─ ✔ merge-transcripts               T
├─ ✔ finalize                        T
└─ ✔ onExit
   └─ ○ conclude                     skipped: when 'Succeeded != Succeeded' evaluated false
`
	if diff := cmp.Diff(want, times.ReplaceAllString(out, "T")); diff != "" {
		t.Errorf("the tree (-want +got):\n%s", diff)
	}
}

func TestFailedRun(t *testing.T) {
	t.Parallel()
	code, out, errs := simulate(t, "", pipeline, "-p", "recording=standup", "-p", "run=r1", "--tracks=1", "--fail=pad-track[0]", "-o", "json")
	if code != 3 || errs != "" {
		t.Errorf("exit code %d, want 3: %s", code, errs)
	}
	var r result.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.State != "Failed" || r.Pods != 3 || r.Nodes[1].Nodes[0].Attempts[0].Exit != 65 || *r.Nodes[1].Nodes[0].Track != 0 {
		t.Errorf("the result is %s", out)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(pipeline)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.ReplaceAll(string(b), "--track={{inputs.parameters.track}}", "--track={{input.parameters.track}}")
	args := []string{"-", "-p", "recording=standup", "-p", "run=r1", "--tracks=1"}
	code, out, errs := simulate(t, bad, args...)
	if code != 1 || !strings.Contains(out, `problem: a tag was not resolved: template "pad-track": main.args[3] is "--track={{input.parameters.track}}"`) {
		t.Errorf("exit code %d, want 1: %s%s", code, out, errs)
	}
	code, out, errs = simulate(t, string(b), append(args, "--fail=pad-track[4]")...)
	if code != 1 || !strings.Contains(out, "problem: --fail pad-track[4]=65: no pod came to that") {
		t.Errorf("exit code %d, want 1: %s%s", code, out, errs)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	code, out, errs := simulate(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: wait-}
spec:
  entrypoint: main
  templates:
    - name: main
      dag: {tasks: [{name: pause, template: pause}, {name: after, template: after, depends: pause}]}
    - {name: pause, suspend: {}}
    - {name: after, container: {image: some}}
`, "-", "--hang-after=200ms")
	want := "✖ wait-simulated: hangs after 0 pods\n└─ … pause                           running\nwaits: after never started\nwaits: pause is Running\n"
	if code != 1 || out != want {
		t.Errorf("exit code %d, want 1: %q%s", code, out, errs)
	}
}

func TestOwnPipeline(t *testing.T) {
	t.Parallel()
	for gran, pods := range map[string]int{"step": 12, "fused": 4, "run": 1} {
		t.Run(gran, func(t *testing.T) {
			t.Parallel()
			code, out, errs := simulate(t, "", "--tracks=0", "-p", "language=en", "-o=json", "--granularity", gran)
			var r result.Result
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatalf("%v: %s", err, errs)
			}
			if code != 0 || r.Pods != pods {
				t.Errorf("exit code %d, %d pods, want %d", code, r.Pods, pods)
			}
		})
	}
}

// TestAlias runs the template that refers to the one of this version.
func TestAlias(t *testing.T) {
	t.Parallel()
	o, err := argo.Options{Store: argo.Store{Location: "s3://bucket/prefix"}}.Complete("test")
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	files, err := argo.Render(g, o)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		fmt.Fprintf(&all, "---\n%s", f.Data)
	}
	code, out, errs := simulate(t, all.String(), "-", "--template", argo.AliasName(o.Name, g), "-p", "recording=standup", "-p", "run=r1", "--tracks=2", "--fail=finalize")
	want := `│  ├─ ✖ finalize                     T, main: Error (exit code 65): finalize fails, as asked, failed: not tried again`
	if code != 3 || !strings.Contains(times.ReplaceAllString(out, "T"), want) {
		t.Errorf("exit code %d, want 3 and %q:\n%s%s", code, want, out, errs)
	}
}

func TestChoice(t *testing.T) {
	t.Parallel()
	two := func(name string) string {
		return "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: " + name + "}\nspec: {entrypoint: m, templates: [{name: m, container: {image: i, command: [c]}}]}\n---\n"
	}
	both := two("a") + two("b")
	if code, _, errs := simulate(t, both, "-"); code != 2 || !strings.Contains(errs, "there are 2 WorkflowTemplates") || !strings.Contains(errs, "--template") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, errs := simulate(t, both, "-", "--template", "c"); code != 2 || !strings.Contains(errs, `there is no WorkflowTemplate "c"`) {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, out, errs := simulate(t, both, "-", "--template", "b"); code != 0 || !strings.HasPrefix(out, "✔ b: Succeeded") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	wf := "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec: {workflowTemplateRef: {name: a}, arguments: {parameters: [{name: x, value: y}]}}\n"
	if code, out, errs := simulate(t, both+wf, "-", "-p", "x=z"); code != 0 || !strings.HasPrefix(out, "✔ a: Succeeded") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	for _, c := range []struct {
		args []string
		want string // part of what is told
		code int
	}{
		{[]string{"--nothing"}, "unknown flag: --nothing", 2},
		{[]string{"-o", "yaml"}, `output format "yaml"`, 2},
		{[]string{"--granularity", "pod"}, `granularity "pod"`, 2},
		{[]string{"--tracks", "-1"}, "cannot be negative", 2},
		{[]string{"--fail", "nobody"}, `no step or template "nobody"`, 2},
		{[]string{"--fail", "pad-track=0"}, "exit code", 2},
		{[]string{"--lose", "nobody"}, `no step or template "nobody"`, 2},
		{[]string{"--delay", "pad-track"}, "no duration", 2},
		{[]string{"--set", "tracks=1"}, "not understood", 2},
		{[]string{"-p", "lnag=fr"}, `there is no parameter "lnag"`, 2},
		{[]string{"-p", "language"}, "not understood", 2},
		{[]string{"-p", "language=en", "-p", "language=en"}, "set twice", 2},
		{[]string{"--matrix", "--tracks", "1"}, "takes no --tracks", 2},
		{[]string{"--matrix", "x.yaml"}, "takes no x.yaml", 2},
		{[]string{"--store", "x"}, "--store needs --exec", 2},
		{[]string{"--exec", "--fail", "pad-track", "x"}, "--fail is for scripted pods", 2},
		{[]string{"--exec"}, "wants one RECORDING", 2},
		{[]string{"--exec", "--step-binary", missing, "x"}, "find the step binary", 2},
		{[]string{pipeline, "--granularity", "run"}, "not for a file", 2},
		{[]string{pipeline, "--template", "x"}, `no WorkflowTemplate "x"`, 2},
		{[]string{missing}, "missing.yaml", 1},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			code, out, errs := simulate(t, "", c.args...)
			if code != c.code || out != "" || !strings.HasPrefix(errs, "error: ") || !strings.Contains(errs, c.want) {
				t.Errorf("exit code %d, want %d and %q:\n%s%s", code, c.code, c.want, out, errs)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	code, out, _ := simulate(t, "", "--help")
	if code != 0 || !strings.HasPrefix(out, "Run a workflow against Argo's own controller") || !strings.Contains(out, "--matrix") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
