package argo

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
)

const testNamespace = "test"

// kubeOf and serverOf are the two ways to a cluster in memory.
func kubeOf(t *testing.T, api *argotest.API) *Kube {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(api.Kubeconfig(testNamespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := ConnectKube(Access{Kubeconfig: file})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func serverOf(t *testing.T, api *argotest.API) *Server {
	t.Helper()
	s, err := connectServer(Access{Server: api.Host(), Plain: true, Namespace: testNamespace, Token: "Bearer secret-token"})
	if err != nil {
		t.Fatal(err)
	}
	s.grace = 0 // no pod takes any time to end
	return s
}

// both runs a test through both ways.
func both(t *testing.T, test func(t *testing.T, api *argotest.API, c Cluster)) {
	for name, connect := range map[string]func(*testing.T, *argotest.API) Cluster{
		"kubernetes": func(t *testing.T, api *argotest.API) Cluster { return kubeOf(t, api) },
		"server":     func(t *testing.T, api *argotest.API) Cluster { return serverOf(t, api) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := argotest.New(t)
			test(t, api, connect(t, api))
		})
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, api *argotest.API, c Cluster) {
		var mended atomic.Bool
		playController(api, &mended)
		api.Put(argotest.Template(testNamespace, suiteTemplate), argotest.Object{"spec": argotest.Object{"entrypoint": "main"}})
		conformance(t, place{cluster: c, tag: "fake", mend: func(*testing.T) { mended.Store(true) }})
	})
}

// playController runs the Workflows of the suite as Argo's controller would.
func playController(api *argotest.API, mended *atomic.Bool) {
	api.Changed = func(path string, wf argotest.Object) {
		status, _ := wf["status"].(argotest.Object)
		spec := wf["spec"].(argotest.Object)
		switch {
		case spec["shutdown"] != nil && status["phase"] == "Running":
			go api.Edit(path, func(o argotest.Object) { setPhase(o, "Failed", "workflow shutdown with strategy:  Terminate", "") })
		case status["phase"] == nil || status["phase"] == "Running" && !hasPod(status):
			go play(api, path, mended)
		}
	}
}

func hasPod(status argotest.Object) bool {
	nodes, _ := status["nodes"].(argotest.Object)
	_, ok := nodes["pod"]
	return ok
}

func play(api *argotest.API, path string, mended *atomic.Bool) {
	command, stopped := "", false
	api.Edit(path, func(o argotest.Object) {
		command, stopped = commandOf(o), o["spec"].(argotest.Object)["shutdown"] != nil
		if setPhase(o, "Running", "", ""); stopped {
			setPhase(o, "Failed", "workflow shutdown with strategy:  Terminate", "")
		}
	})
	name := path[strings.LastIndex(path, "/")+1:]
	api.Log(name+"-hello-"+nodeHash(name), "good day\n")
	if command == "sleep" || stopped {
		return
	}
	<-time.After(20 * time.Millisecond) // clients see it running
	api.Edit(path, func(o argotest.Object) {
		if command == "map" && !mended.Load() {
			setPhase(o, "Failed", "main: Error (exit code 1)", "1")
			return
		}
		setPhase(o, "Succeeded", "", "0")
	})
}

func commandOf(o argotest.Object) string {
	params := o["spec"].(argotest.Object)["arguments"].(argotest.Object)["parameters"].([]any)
	for _, p := range params {
		if p := p.(argotest.Object); p["name"] == "command" {
			return p["value"].(string)
		}
	}
	return ""
}

// setPhase gives a Workflow of one pod the phase.
func setPhase(o argotest.Object, phase, message, exit string) {
	name := o["metadata"].(argotest.Object)["name"].(string)
	now := time.Now().UTC()
	status, ok := o["status"].(argotest.Object)
	if !ok || status["startedAt"] == nil {
		status = argotest.Object{"startedAt": now.Format(time.RFC3339)}
		o["status"] = status
	}
	status["phase"] = phase
	pod := argotest.Object{
		"id": "pod", "name": name + ".hello", "type": "Pod", "templateName": "hello", "phase": phase, "message": message, "startedAt": status["startedAt"],
	}
	if exit != "" {
		pod["outputs"] = argotest.Object{"exitCode": exit}
	}
	root := argotest.Object{"id": name, "name": name, "type": "DAG", "templateName": "main", "phase": phase, "children": []any{"pod"}, "startedAt": status["startedAt"]}
	if phase != "Running" {
		end := now.Add(2 * time.Second).Format(time.RFC3339)
		pod["finishedAt"], root["finishedAt"], status["finishedAt"] = end, end, end
	}
	status["nodes"] = argotest.Object{name: root, "pod": pod}
	status["storedWorkflowTemplateSpec"] = argotest.Object{"entrypoint": "main", "templates": []any{
		argotest.Object{"name": "main", "dag": argotest.Object{"tasks": []any{argotest.Object{"name": "hello", "template": "hello"}}}},
		argotest.Object{"name": "hello", "metadata": argotest.Object{"annotations": argotest.Object{"trackscribe/steps": "get-recording"}}},
	}}
}
