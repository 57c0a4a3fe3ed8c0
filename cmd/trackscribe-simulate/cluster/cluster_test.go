package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/result"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
)

// shared is one cluster for all tests of the package.
var shared = sync.OnceValues(func() (*cluster.Cluster, error) {
	return cluster.Start(context.Background(), cluster.Options{Now: time.Now, Runtime: kubelet.Func(dispatch)})
})

var namespaces atomic.Int32

// simulate loads the objects into a namespace of their own and runs the workflow.
func simulate(t *testing.T, yaml string, wf *wfv1.Workflow, runtime kubelet.Runtime) result.Result {
	t.Helper()
	return simulateIdle(t, 0, yaml, wf, runtime)
}

// simulateIdle takes the run for one that hangs after so long of nothing.
func simulateIdle(t *testing.T, idle time.Duration, yaml string, wf *wfv1.Workflow, runtime kubelet.Runtime) result.Result {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	l, err := cluster.Read(cluster.File{Name: "test.yaml", Data: []byte(yaml)})
	if err != nil {
		t.Fatal(err)
	}
	wf = wf.DeepCopy()
	wf.Namespace = fmt.Sprintf("ns-%d", namespaces.Add(1))
	if err := c.Load(t.Context(), wf.Namespace, l); err != nil {
		t.Fatal(err)
	}
	out, err := c.Run(t.Context(), cluster.Job{Workflow: wf, Runtime: runtime, Idle: idle})
	if err != nil {
		t.Fatal(err)
	}
	return result.New(out)
}

// small is the pipeline of testdata after some replacements, pairs of old and
// new text, each of which must have something to replace.
func small(t *testing.T, replace ...string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(s, replace[i]) {
			t.Fatalf("there is no %q to replace", replace[i])
		}
		s = strings.ReplaceAll(s, replace[i], replace[i+1])
	}
	return s
}

// submission runs the template small with these parameters.
func submission(params ...string) *wfv1.Workflow {
	wf := &wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: "w"}, Spec: wfv1.WorkflowSpec{WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: "small"}}}
	for i := 0; i < len(params); i += 2 {
		wf.Spec.Arguments.Parameters = append(wf.Spec.Arguments.Parameters, wfv1.Parameter{Name: params[i], Value: wfv1.AnyStringPtr(params[i+1])})
	}
	return wf
}

var submitted = submission("recording", "standup", "run", "r1")

// script is what happens with so many tracks and these failures.
func script(t *testing.T, tracks int, fail ...string) *scenario.Script {
	t.Helper()
	var s scenario.Scenario
	s.SetOutput("get-recording", "tracks", scenario.Tracks(tracks))
	for _, text := range fail {
		f, err := scenario.ParseFail(text, []string{"get-recording", "pad-track", "mixdown-tracks", "merge-transcripts", "finalize", "conclude"})
		if err != nil {
			t.Fatal(err)
		}
		s.Fail = append(s.Fail, f)
	}
	return s.Script()
}

// states lists what is in the result as name=State, with the number of attempts
// when there is more than one, depth first.
func states(nodes []*result.Node) string {
	var list []string
	for _, n := range nodes {
		s := n.Name + "=" + n.State
		if len(n.Attempts) > 1 {
			s += fmt.Sprint(len(n.Attempts))
		}
		list = append(list, s)
		if below := states(n.Nodes); below != "" {
			list = append(list, below)
		}
	}
	return strings.Join(list, " ")
}

func TestRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		tracks int
		fail   []string
		state  string
		nodes  string
	}{
		{
			"ok", 2, nil, "Succeeded",
			"get-recording=Succeeded pad-track=Succeeded [0]=Succeeded [1]=Succeeded mixdown-tracks=Succeeded merge-transcripts=Succeeded finalize=Succeeded onExit=Succeeded conclude=Skipped",
		},
		{
			"no tracks", 0, nil, "Succeeded",
			"get-recording=Succeeded pad-track=Skipped mixdown-tracks=Succeeded merge-transcripts=Succeeded finalize=Succeeded onExit=Succeeded conclude=Skipped",
		},
		{
			"flaky track", 2,
			[]string{"pad-track[1]x1"},
			"Succeeded",
			"get-recording=Succeeded pad-track=Succeeded [0]=Succeeded [1]=Succeeded2 mixdown-tracks=Succeeded merge-transcripts=Succeeded finalize=Succeeded onExit=Succeeded conclude=Skipped",
		},
		{
			"bad track", 2,
			[]string{"pad-track[1]"},
			"Failed",
			"get-recording=Succeeded pad-track=Failed [0]=Succeeded [1]=Failed mixdown-tracks=Omitted merge-transcripts=Omitted finalize=Omitted onExit=Succeeded conclude=Succeeded",
		},
		{
			"optional", 1,
			[]string{"mixdown-tracks"},
			"Succeeded",
			"get-recording=Succeeded pad-track=Succeeded [0]=Succeeded mixdown-tracks=Failed merge-transcripts=Succeeded finalize=Succeeded onExit=Succeeded conclude=Skipped",
		},
		{
			"not retried for good", 1,
			[]string{"merge-transcripts=75"},
			"Failed",
			"get-recording=Succeeded pad-track=Succeeded [0]=Succeeded mixdown-tracks=Succeeded merge-transcripts=Failed3 finalize=Omitted onExit=Succeeded conclude=Succeeded",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := script(t, c.tracks, c.fail...)
			r := simulate(t, small(t), submitted, s)
			if r.State != c.state || r.Hangs || len(r.Problems) > 0 || len(s.Unused()) > 0 {
				t.Errorf("%s, hangs %v, problems %v, unused %v; want %s", r.State, r.Hangs, r.Problems, s.Unused(), c.state)
			}
			if got := states(r.Nodes); got != c.nodes {
				t.Errorf("got  %s\nwant %s", got, c.nodes)
			}
			if r.Seconds <= 0 || r.Bytes < 1000 || r.Template != "small" {
				t.Errorf("took %f s, %d bytes, template %q", r.Seconds, r.Bytes, r.Template)
			}
		})
	}
}

// TestTraps are mistakes that Argo's own linter does not see, of which the
// simulation must say what they lead to.
func TestTraps(t *testing.T) {
	t.Parallel()
	const track = "--track={{inputs.parameters.track}}"
	for _, c := range []struct {
		name    string
		replace []string
		tracks  int
		fail    []string
		want    string // the state, and a hang
		or      string // or this: the controller has races of its own
		tells   string // part of what is told besides
	}{
		{
			name: "root of a tag", replace: []string{track, "--track={{input.parameters.track}}"}, tracks: 2,
			want: "Succeeded", tells: `template "pad-track": main.args[3] is "--track={{input.parameters.track}}" (2 times)`,
		},
		{
			name: "expression", replace: []string{track, "--track={{=inputs.parameters['trakc']}}"}, tracks: 1,
			want: "Succeeded", tells: `main.args[3] is "--track={{=inputs.parameters['trakc']}}"`,
		},
		{
			name: "artifact key", replace: []string{"runs/{{workflow.parameters.run}}/report.html", "runs/{{=sprig.nope(workflow.name)}}/report.html"}, tracks: 1,
			want: "Succeeded", tells: `outputs.artifacts[0].s3.key`,
		},
		{
			name: "display name", replace: []string{"track {{inputs.parameters.track}}", "track {{input.parameters.track}}"}, tracks: 1,
			want: "Succeeded", tells: `annotations.workflows.argoproj.io/display-name is "track {{input.parameters.track}}"`,
		},
		{
			name: "aggregate of nothing", replace: []string{
				"            template: merge-transcripts\n", "            template: merge-transcripts\n            arguments: {parameters: [{name: all, value: \"{{tasks.pad-track.outputs.parameters}}\"}]}\n",
				"    - name: merge-transcripts\n      retry", "    - name: merge-transcripts\n      inputs: {parameters: [{name: all}]}\n      retry",
			}, tracks: 0,
			want: "Running hangs", tells: "merge-transcripts never started",
		},
		{
			name: "retry expression, seen when a step fails", replace: []string{"lastRetry.status == 'Error'", "lastRetry.stat us"}, tracks: 1, fail: []string{"pad-track[0]"},
			want: "Error", or: "Running hangs",
		},
		{
			name: "retry of everything", replace: []string{"  entrypoint: main\n", "  entrypoint: main\n  templateDefaults: {retryStrategy: {limit: 1}}\n"}, tracks: 1, fail: []string{"merge-transcripts"},
			want: "Failed", tells: "merge-transcripts=Failed finalize=Omitted attempt 2=Failed get-recording=Succeeded",
		},
		{
			name: "condition on an item", replace: []string{"            template: pad-track\n", "            template: pad-track\n            when: \"'{{item}}' == '1'\"\n"}, tracks: 3,
			want: "Succeeded", tells: "pad-track=Skipped",
		},
		{
			name: "optional leaf", replace: []string{" && (mixdown-tracks || mixdown-tracks.Failed || mixdown-tracks.Errored)", ""}, tracks: 1, fail: []string{"mixdown-tracks"},
			want: "Failed", tells: "finalize=Succeeded",
		},
		{
			name: "no list", replace: []string{"outputs.parameters.tracks}}", "outputs.parameters.track}}"}, tracks: 1,
			want: "Failed", tells: "outputs.parameters.track}}",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			idle := time.Duration(0)
			if strings.HasSuffix(c.want+c.or, "hangs") {
				idle = time.Second
			}
			r := simulateIdle(t, idle, small(t, c.replace...), submitted, script(t, c.tracks, c.fail...))
			got := r.State
			if r.Hangs {
				got += " hangs"
			}
			told := fmt.Sprint(r.Message, r.Problems, r.Waiting, states(r.Nodes))
			if got != c.want && got != c.or || !strings.Contains(told, c.tells) {
				t.Errorf("%s, want %s, and %q in:\n%s", got, c.want, c.tells, told)
			}
		})
	}
}

func TestMissingArgument(t *testing.T) {
	t.Parallel()
	r := simulate(t, small(t), submission("run", "r1"), script(t, 1))
	if r.State != "Failed" || !strings.Contains(r.Message, "recording") || r.Pods != 0 {
		t.Errorf("%s with %d pods: %s", r.State, r.Pods, r.Message)
	}
}

// TestLongRunIsNoHang lets a pod run and a retry wait for longer than a hang
// takes.
func TestLongRunIsNoHang(t *testing.T) {
	t.Parallel()
	var s scenario.Scenario
	s.SetOutput("get-recording", "tracks", "[]")
	s.Delay = []scenario.Delay{{Target: scenario.Target{Step: "mixdown-tracks", Track: -1}, For: 3 * time.Second}}
	s.Fail = []scenario.Fail{{Target: scenario.Target{Step: "finalize", Track: -1}, Times: 1, Exit: 75}}
	r := simulateIdle(t, time.Second, small(t, "backoff: {duration: 1s", "backoff: {duration: 4s"), submitted, s.Script())
	if r.State != "Succeeded" || r.Hangs || r.Seconds < 6 {
		t.Errorf("%s, hangs %v after %f s: %v", r.State, r.Hangs, r.Seconds, r.Waiting)
	}
}

func TestLostPod(t *testing.T) {
	t.Parallel()
	var s scenario.Scenario
	s.SetOutput("get-recording", "tracks", "[0,1]")
	s.Lose = []scenario.Fail{{Target: scenario.Target{Step: "pad-track", Track: 1}, Times: 2}}
	r := simulate(t, small(t), submitted, s.Script())
	// The controller may make a lost pod anew and fail its node all the same, so
	// that there is one pod more.
	attempts, lost := r.Nodes[1].Nodes[1].Attempts, 0
	for _, a := range attempts {
		if a.Lost {
			lost++
		}
	}
	if r.State != "Succeeded" || len(attempts) < 3 || lost != 2 || len(r.Nodes[1].Nodes[0].Attempts) != 1 {
		t.Errorf("%s: %s with %d pods lost", r.State, states(r.Nodes), lost)
	}
	if first := attempts[0]; !first.Lost || first.State != "Error" || first.Message != "pod deleted" {
		t.Errorf("the first attempt is %+v", first)
	}
}

func TestWorkflowOfSteps(t *testing.T) {
	t.Parallel()
	r := simulate(t, "", &wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: "steps"}, Spec: wfv1.MustUnmarshalWorkflow(`
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: list, template: list}
        - - {name: each, template: each, withParam: "{{steps.list.outputs.result}}", arguments: {parameters: [{name: x, value: "{{item}}"}]}}
    - {name: list, container: {image: i, command: [list]}}
    - {name: each, inputs: {parameters: [{name: x}]}, container: {image: i, command: [each], args: ["{{inputs.parameters.x}}"]}}
`).Spec}, kubelet.Func(func(_ context.Context, p *kubelet.Pod) kubelet.Result {
		items := `["a", "b"]`
		return kubelet.Result{Outputs: wfv1.Outputs{Result: &items}}
	}))
	if got := states(r.Nodes); r.State != "Succeeded" || got != "list=Succeeded each[a]=Succeeded each[b]=Succeeded" {
		t.Errorf("%s: %s", r.State, got)
	}
}

func TestEntrypointIsPod(t *testing.T) {
	t.Parallel()
	r := simulate(t, "", &wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: "pod"}, Spec: wfv1.MustUnmarshalWorkflow(`
spec:
  entrypoint: main
  onExit: main
  templates:
    - {name: main, retryStrategy: {limit: 1}, container: {image: i, command: [list]}}
`).Spec}, scenario.Scenario{Fail: []scenario.Fail{{Target: scenario.Target{Step: "main", Track: -1}, Times: 1, Exit: 1}}}.Script())
	if got := states(r.Nodes); r.State != "Succeeded" || got != "pod=Succeeded2 onExit=Succeeded2" {
		t.Errorf("%s: %s", r.State, got)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	namespace := fmt.Sprintf("ns-%d", namespaces.Add(1))
	wf := &wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: "endless", Namespace: namespace}, Spec: wfv1.MustUnmarshalWorkflow(`
spec:
  entrypoint: main
  templates: [{name: main, container: {image: i, command: [sleep]}}]
`).Spec}
	_, err = c.Run(ctx, cluster.Job{Workflow: wf, Runtime: kubelet.Func(func(ctx context.Context, _ *kubelet.Pod) kubelet.Result {
		cancel(enough)
		return kubelet.Result{}
	})})
	if err != nil && !errors.Is(err, enough) {
		t.Errorf("interrupted by %v", err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ yaml, want string }{
		"no YAML":          {"a: [", "read \"x.yaml\""},
		"no object":        {"a: 1", "no kind"},
		"no name":          {"apiVersion: v1\nkind: ConfigMap\n", "a ConfigMap has no name"},
		"unknown field":    {"apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: a}\nspec: {entrypiont: x}\n", `unknown field "entrypiont"`},
		"same key twice":   {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b, a: c}\n", `"a" already set`},
		"nothing to it":    {"# nothing\n---\n---\n", ""},
		"other kinds pass": {"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cluster.Read(cluster.File{Name: "x.yaml", Data: []byte(c.yaml)})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
