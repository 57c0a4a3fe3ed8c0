package argo

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/templates/argo"
)

// Kube is a cluster seen through its Kubernetes API. It also installs.
type Kube struct {
	api       *api
	namespace string
	ui        string // URL of Argo's UI, or ""
}

var _ Cluster = (*Kube)(nil)

// Namespace implements [Cluster].
func (k *Kube) Namespace() string { return k.namespace }

// Link implements [Cluster]. The Kubernetes API does not know where Argo's UI
// is, so it is only known when it was said.
func (k *Kube) Link(name string) string { return workflowLink(k.ui, k.namespace, name) }

func workflowLink(base, namespace, name string) string {
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/workflows/" + namespace + "/" + name
}

// resources of the Kubernetes API that Workflows are made of.
const (
	workflows = argoAPI + "/namespaces/%/workflows"
	templates = argoAPI + "/namespaces/%/workflowtemplates"
	pods      = "/api/v1/namespaces/%/pods"
	events    = "/api/v1/namespaces/%/events"
)

// call describes what to do with the object of that name in a collection.
func (k *Kube) call(verb, collection, name string) call {
	_, plural, _ := strings.Cut(collection, "/%/")
	c := call{
		verb: verb, what: strings.TrimSuffix(plural, "s"), name: name, resource: plural, namespace: k.namespace,
		path: strings.Replace(collection, "%", k.namespace, 1), query: url.Values{},
	}
	if c.what == "workflowtemplate" {
		c.what = "workflow template"
	}
	if strings.HasPrefix(collection, argoAPI) {
		c.resource += ".argoproj.io"
	}
	if name != "" {
		c.path += "/" + url.PathEscape(name)
	}
	return c
}

// Create implements [Cluster].
func (k *Kube) Create(ctx context.Context, wf *wfv1.Workflow, dryRun bool) (*wfv1.Workflow, error) {
	c := k.call("create", workflows, "")
	c.name, c.method, c.body = wf.Name, http.MethodPost, withKind(wf)
	c.query.Set("fieldManager", argo.FieldManager)
	if dryRun {
		c.query.Set("dryRun", "All")
	}
	var made wfv1.Workflow
	return &made, k.api.do(ctx, c, &made)
}

// withKind fills in what the typed object leaves out and servers insist on.
func withKind(wf *wfv1.Workflow) *wfv1.Workflow {
	wf = wf.DeepCopy()
	wf.APIVersion, wf.Kind = wfv1.SchemeGroupVersion.String(), "Workflow"
	return wf
}

// Get implements [Cluster].
func (k *Kube) Get(ctx context.Context, name string) (*wfv1.Workflow, error) {
	var wf wfv1.Workflow
	if err := k.api.do(ctx, k.call("get", workflows, name), &wf); err != nil {
		return nil, err
	}
	return hydrate(&wf)
}

// List implements [Cluster].
func (k *Kube) List(ctx context.Context, selector string) ([]wfv1.Workflow, error) {
	var all []wfv1.Workflow
	for next := ""; ; {
		c := k.call("list", workflows, "")
		c.what = "workflows"
		c.query.Set("labelSelector", selector)
		c.query.Set("limit", "200") // Workflows are large
		if next != "" {
			c.query.Set("continue", next)
		}
		var page wfv1.WorkflowList
		if err := k.api.do(ctx, c, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if next = page.Continue; next == "" {
			return hydrated(all)
		}
	}
}

func hydrated(list []wfv1.Workflow) ([]wfv1.Workflow, error) {
	for i := range list {
		if _, err := hydrate(&list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Template implements [Cluster].
func (k *Kube) Template(ctx context.Context, name string) (*wfv1.WorkflowTemplate, error) {
	var t wfv1.WorkflowTemplate
	if err := k.api.do(ctx, k.call("get", templates, name), &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// patch changes the fields of a Workflow that are given.
func (k *Kube) patch(ctx context.Context, verb, name string, fields map[string]any) error {
	c := k.call(verb, workflows, name)
	c.method, c.body, c.media = http.MethodPatch, fields, "application/merge-patch+json"
	return k.api.do(ctx, c, nil)
}

// Shutdown implements [Cluster].
func (k *Kube) Shutdown(ctx context.Context, name string, now bool) error {
	verb, how := shutdown(now)
	return k.patch(ctx, verb, name, map[string]any{"spec": map[string]any{"shutdown": how}})
}

func shutdown(now bool) (verb string, how wfv1.ShutdownStrategy) {
	if now {
		return "terminate", wfv1.ShutdownStrategyTerminate
	}
	return "stop", wfv1.ShutdownStrategyStop
}

// Delete implements [Cluster].
func (k *Kube) Delete(ctx context.Context, name string) error {
	c := k.call("delete", workflows, name)
	c.method = http.MethodDelete
	c.query.Set("propagationPolicy", string(metav1.DeletePropagationBackground))
	return k.api.do(ctx, c, nil)
}

// event is one line of a watch.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

func (k *Kube) changes(ctx context.Context, name, version string) iter.Seq2[*wfv1.Workflow, error] {
	c := k.call("watch", workflows, "")
	c.what, c.name = "workflow", name
	c.query = url.Values{
		"watch": {"true"}, "timeoutSeconds": {streamLife}, "fieldSelector": {"metadata.name=" + name}, "resourceVersion": {version},
	}
	return func(yield func(*wfv1.Workflow, error) bool) {
		for line, err := range k.api.lines(ctx, c) {
			var ev event
			if err == nil {
				err = json.Unmarshal(line, &ev)
			}
			var wf *wfv1.Workflow
			if err == nil {
				wf, err = k.changed(c, ev)
			}
			if err == nil && wf == nil {
				continue
			}
			if !yield(wf, err) || err != nil {
				return
			}
		}
	}
}

// changed reads one event of a Workflow.
func (k *Kube) changed(c call, ev event) (*wfv1.Workflow, error) {
	switch ev.Type {
	case "ADDED", "MODIFIED":
		var wf wfv1.Workflow
		if err := json.Unmarshal(ev.Object, &wf); err != nil {
			return nil, k.api.nonsense(c, err)
		}
		return hydrate(&wf)
	case "DELETED":
		return nil, &Error{Op: "watch", What: "workflow", Name: c.name, Kind: ErrNotFound, Err: errDeleted}
	case "ERROR":
		var p problem
		_ = json.Unmarshal(ev.Object, &p)
		if p.Code == http.StatusGone { // the version is too old: list again
			return nil, errExpired
		}
		return nil, k.api.refused(c, p.Code, p, true)
	default:
		return nil, nil
	}
}

// podWarnings selects what Kubernetes warns of about pods.
const podWarnings = "type=Warning,involvedObject.kind=Pod"

func (k *Kube) warnings(ctx context.Context) iter.Seq2[corev1.Event, error] {
	c := k.call("watch", events, "")
	c.query = url.Values{"watch": {"true"}, "timeoutSeconds": {streamLife}, "fieldSelector": {podWarnings}}
	return func(yield func(corev1.Event, error) bool) {
		for line, err := range k.api.lines(ctx, c) {
			var ev struct {
				Type   string       `json:"type"`
				Object corev1.Event `json:"object"`
			}
			if err == nil {
				err = json.Unmarshal(line, &ev)
			}
			if err == nil && ev.Type != "ADDED" && ev.Type != "MODIFIED" {
				continue
			}
			if !yield(ev.Object, err) || err != nil {
				return
			}
		}
	}
}

func (k *Kube) log(ctx context.Context, _, pod string, opt LogOptions) iter.Seq2[string, error] {
	c := k.call("read logs of", pods, pod)
	c.resource, c.path, c.query = "pods/log", c.path+"/log", opt.query("")
	return func(yield func(string, error) bool) {
		for line, err := range k.api.lines(ctx, c) {
			if !yield(string(line), err) || err != nil {
				return
			}
		}
	}
}
