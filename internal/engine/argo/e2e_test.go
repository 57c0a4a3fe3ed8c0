package argo

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	rendered "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// TestCluster runs the suite on a real cluster, through its Kubernetes API and
// through its Argo Server. The image must be one that has the commands echo,
// sleep and map of the suite's runs.
func TestCluster(t *testing.T) {
	if os.Getenv("TRACKSCRIBE_E2E") == "" || os.Getenv("KUBECONFIG") == "" {
		t.Skip("no cluster: TRACKSCRIBE_E2E and KUBECONFIG are not set")
	}
	t.Parallel()
	namespace := "trackscribe-suite"
	access := Access{Kubeconfig: os.Getenv("KUBECONFIG"), Namespace: namespace}
	k, err := ConnectKube(access)
	if err != nil {
		t.Fatal(err)
	}
	prepare(t, k)
	mend := func(t *testing.T) {
		fields := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "mended"}, "data": map[string]any{"yes": "yes"}}
		if _, err := k.Apply(t.Context(), Object{Kind: "ConfigMap", Name: "mended", Fields: fields}, ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	tag := fmt.Sprint(time.Now().Unix())
	t.Run("kubernetes", func(t *testing.T) { conformance(t, place{cluster: k, tag: "k" + tag, mend: mend}) })
	server := os.Getenv("CLUSTER_ARGO_SERVER")
	if server == "" {
		server = os.Getenv("ARGO_SERVER")
	}
	if server == "" {
		t.Log("no Argo Server: neither ARGO_SERVER nor CLUSTER_ARGO_SERVER is set")
		return
	}
	forget(t, k, Object{Kind: "ConfigMap", Name: "mended"})
	access.Server, access.Token, access.Plain = server, os.Getenv("ARGO_TOKEN"), os.Getenv("ARGO_SECURE") == "false"
	s, err := Connect(access)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("server", func(t *testing.T) { conformance(t, place{cluster: s, tag: "s" + tag, mend: mend}) })
}

// prepare makes the namespace and installs what the suite needs.
func prepare(t *testing.T, k *Kube) {
	t.Helper()
	ctx := t.Context()
	ns := call{verb: "create", what: "namespace", method: http.MethodPost, path: "/api/v1/namespaces", query: url.Values{}}
	ns.body = map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": k.namespace}}
	if err := k.api.do(ctx, ns, nil); err != nil && !errors.Is(err, ErrExists) {
		t.Fatal(err)
	}
	forget(t, k, Object{Kind: "ConfigMap", Name: "mended"})
	opt, err := rendered.Options{Name: "suite", Namespace: k.namespace, Store: rendered.Store{Location: "s3://nowhere"}}.Complete("test")
	if err != nil {
		t.Fatal(err)
	}
	files, err := rendered.Render(pipeline.New(), opt)
	if err != nil {
		t.Fatal(err)
	}
	image := os.Getenv("TRACKSCRIBE_E2E_IMAGE")
	if image == "" {
		image = "tb.local/work:1"
	}
	files = append(files, rendered.File{Name: "suite", Data: []byte(strings.ReplaceAll(suiteYAML, "IMAGE", image))})
	objects, err := Objects(files)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time nothing is left to do
		done, err := k.Install(ctx, objects, ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range done {
			t.Log(d, d.Action)
		}
	}
}

func forget(t *testing.T, k *Kube, o Object) {
	t.Helper()
	c := k.object("delete", o)
	c.method = http.MethodDelete
	if err := k.api.do(t.Context(), c, nil); err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

const suiteYAML = `apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: trackscribe-suite
spec:
  entrypoint: main
  serviceAccountName: suite-step
  automountServiceAccountToken: false
  executor: {serviceAccountName: suite-executor}
  workflowMetadata: {labels: {trackscribe/graph: suite}}
  arguments:
    parameters:
    - {name: recording}
    - {name: run}
    - {name: source}
    - {name: command}
    - {name: first, value: ""}
    - {name: second, value: ""}
    - {name: third, value: ""}
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: mended, configMap: {name: mended, optional: true}}
  templates:
  - name: main
    dag:
      tasks:
      - {name: hello, template: hello}
  - name: hello
    metadata: {annotations: {trackscribe/steps: get-recording}}
    container:
      image: IMAGE
      command: [/bin/work]
      args: ["{{workflow.parameters.command}}", "{{workflow.parameters.first}}", "{{workflow.parameters.second}}", "{{workflow.parameters.third}}"]
      volumeMounts:
      - {name: scratch, mountPath: /scratch}
      - {name: mended, mountPath: /mended}
`
