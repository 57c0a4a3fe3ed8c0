package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/own"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
	"github.com/trackscribe/trackscribe/internal/engine"
	argoengine "github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/engine/enginetest"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// TestEngineConformance holds the engine for Argo to the suite of all engines,
// on the real controller. The pods are functions: they call the runner as the
// step binary does.
func TestEngineConformance(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, startEngine, func(t *testing.T) store.Store {
		s, err := folder.New(folder.Options{Root: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// suites are the namespaces of the cases, by *testing.T.
var suites sync.Map

type newRunner = func(graph.Graph, func(run.Task, float64)) *runner.Runner

func startEngine(t *testing.T, r newRunner) engine.Engine {
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(config, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "%s"}}],
contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}`, c.Config().Host), 0o600); err != nil {
		t.Fatal(err)
	}
	// One namespace per case of the suite, whichever of its engines works in it.
	namespace, _ := suites.LoadOrStore(t, fmt.Sprintf("suite-%d", namespaces.Add(1)))
	k, err := argoengine.ConnectKube(argoengine.Access{Kubeconfig: config, Namespace: namespace.(string)})
	if err != nil {
		t.Fatal(err)
	}
	return &deployed{t: t, kube: k, runner: r}
}

// deployed is the engine for the graph that was deployed last.
type deployed struct {
	engine.Engine
	t      *testing.T
	kube   *argoengine.Kube
	runner newRunner
}

func (d *deployed) Deploy(ctx context.Context, g graph.Graph) error {
	c, err := shared()
	if err != nil {
		return err
	}
	p, err := own.Render(g, argo.Options{})
	if err != nil {
		return err
	}
	r := d.runner(g, nil)
	d.Engine = argoengine.New(argoengine.Options{
		Sight:      argoengine.Sight{Cluster: d.kube, Graph: g, Store: r.Store},
		Submission: argoengine.Submission{Template: p.Template},
		Install: func(ctx context.Context, _ graph.Graph) error {
			if _, err := d.kube.Template(ctx, p.Template); err == nil {
				return nil
			}
			return c.Load(ctx, d.kube.Namespace(), p.Objects)
		},
	})
	runners.Lock()
	runners.by[d.kube.Namespace()] = r
	runners.Unlock()
	return d.Engine.Deploy(ctx, g)
}

// runners are what pods call, by namespace.
var runners = struct {
	sync.Mutex
	by map[string]*runner.Runner
}{by: map[string]*runner.Runner{}}

// dispatch runs a pod of the suite.
func dispatch(ctx context.Context, p *kubelet.Pod) kubelet.Result {
	runners.Lock()
	r := runners.by[p.Object.Namespace]
	runners.Unlock()
	if err := p.Running(ctx); err != nil || r == nil {
		return kubelet.Result{Exit: 1, Message: fmt.Sprint("no runner, or ", err)}
	}
	args := p.Main.Args
	if args[0] == "conclude" {
		return kubelet.Result{}
	}
	t := run.Task{Step: args[0], Track: -1}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "--recording":
			t.Recording = value
		case "--run":
			t.Run = value
		case "--track":
			t.Track, _ = strconv.Atoi(value) // what is rendered is a number
		}
	}
	node, _ := r.Graph.Node(t.Step)
	timed, stop := context.WithTimeout(ctx, node.Policy.Timeout)
	defer stop()
	_, err := r.Run(timed, t)
	switch {
	case ctx.Err() != nil:
		return kubelet.Result{Exit: scenario.ExitTerminated, Message: context.Cause(ctx).Error()}
	case err != nil && errors.Is(timed.Err(), context.DeadlineExceeded):
		return kubelet.Result{Exit: int(steps.Transient), Message: fmt.Sprintf("not done after %s", node.Policy.Timeout)}
	case err != nil:
		return kubelet.Result{Exit: int(steps.Classify(err)), Message: err.Error()}
	}
	return outputs(ctx, r, t, p)
}

// outputs saves the lists that the graph fans out over.
func outputs(ctx context.Context, r *runner.Runner, t run.Task, p *kubelet.Pod) (res kubelet.Result) {
	for _, param := range p.Template.Outputs.Parameters {
		tracks, err := r.Tracks(ctx, t.Recording, t.Run, graph.Ref(t.Step+"."+param.Name))
		if err != nil {
			return kubelet.Result{Unsaved: err}
		}
		b, err := json.Marshal(tracks)
		if err != nil {
			return kubelet.Result{Unsaved: err}
		}
		param.Value = wfv1.AnyStringPtr(string(b))
		res.Outputs.Parameters = append(res.Outputs.Parameters, param)
	}
	return res
}
