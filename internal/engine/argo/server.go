package argo

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// Server is a cluster seen through an Argo Server, for whoever has no access
// to its Kubernetes API.
type Server struct {
	api       *api
	namespace string
	grace     time.Duration // see podGrace
}

var _ Cluster = (*Server)(nil)

// Namespace implements [Cluster].
func (s *Server) Namespace() string { return s.namespace }

// Link implements [Cluster]: the server has the UI.
func (s *Server) Link(name string) string { return workflowLink(s.api.base, s.namespace, name) }

func (s *Server) call(verb, name string, tail ...string) call {
	c := call{
		verb: verb, what: "workflow", name: name, resource: "workflows.argoproj.io", namespace: s.namespace,
		path: "/api/v1/workflows/" + s.namespace, query: url.Values{},
	}
	if name != "" {
		c.path += "/" + url.PathEscape(name)
	}
	if len(tail) > 0 {
		c.path += "/" + strings.Join(tail, "/")
	}
	return c
}

// Create implements [Cluster].
func (s *Server) Create(ctx context.Context, wf *wfv1.Workflow, dryRun bool) (*wfv1.Workflow, error) {
	c := s.call("create", "")
	c.name, c.method = wf.Name, http.MethodPost
	c.body = map[string]any{"namespace": s.namespace, "workflow": withKind(wf), "serverDryRun": dryRun}
	var made wfv1.Workflow
	return &made, s.api.do(ctx, c, &made)
}

// Get implements [Cluster].
func (s *Server) Get(ctx context.Context, name string) (*wfv1.Workflow, error) {
	var wf wfv1.Workflow
	if err := s.api.do(ctx, s.call("get", name), &wf); err != nil {
		return nil, err
	}
	return hydrate(&wf)
}

// List implements [Cluster].
func (s *Server) List(ctx context.Context, selector string) ([]wfv1.Workflow, error) {
	c := s.call("list", "")
	c.what = "workflows"
	c.query.Set("listOptions.labelSelector", selector)
	// The nodes are most of a Workflow, and no list shows them.
	c.query.Set("fields", "-items.status.nodes")
	var list wfv1.WorkflowList
	if err := s.api.do(ctx, c, &list); err != nil {
		return nil, err
	}
	return hydrated(list.Items)
}

// Template implements [Cluster].
func (s *Server) Template(ctx context.Context, name string) (*wfv1.WorkflowTemplate, error) {
	c := s.call("get", name)
	c.what, c.resource = "workflow template", "workflowtemplates.argoproj.io"
	c.path = "/api/v1/workflow-templates/" + s.namespace + "/" + url.PathEscape(name)
	var t wfv1.WorkflowTemplate
	if err := s.api.do(ctx, c, &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// put asks the server to do something to a Workflow.
func (s *Server) put(ctx context.Context, verb, name string) error {
	c := s.call(verb, name, verb)
	c.method, c.body = http.MethodPut, map[string]string{"namespace": s.namespace, "name": name}
	return s.api.do(ctx, c, nil)
}

// podGrace is how long pods may take to end after a run was stopped:
// Kubernetes' 30 s, and some more.
const podGrace = 35 * time.Second

// Retry implements [Cluster]. An Argo Server deletes the pods of a stopped run
// but does not wait until they are gone. The new ones have the same names, so a
// retry that comes too early waits for ever; and through an Argo Server nobody
// can see pods.
func (s *Server) Retry(ctx context.Context, wf *wfv1.Workflow) error {
	if err := retryable(wf); err != nil {
		return err
	}
	if wf.Spec.Shutdown != "" {
		ending := time.NewTimer(min(s.grace, s.grace-time.Since(wf.Status.FinishedAt.Time)))
		defer ending.Stop()
		select {
		case <-ending.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return s.put(ctx, "retry", wf.Name)
}

// Shutdown implements [Cluster].
func (s *Server) Shutdown(ctx context.Context, name string, now bool) error {
	verb, _ := shutdown(now)
	return s.put(ctx, verb, name)
}

// Delete implements [Cluster].
func (s *Server) Delete(ctx context.Context, name string) error {
	c := s.call("delete", name)
	c.method = http.MethodDelete
	return s.api.do(ctx, c, nil)
}

// results sends a call and yields the results of its stream.
func (s *Server) results(ctx context.Context, c call) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for line, err := range s.api.lines(ctx, c) {
			var r struct {
				Result json.RawMessage `json:"result"`
				Error  *struct {
					problem
					HTTPCode int `json:"http_code"`
				} `json:"error"`
			}
			if err == nil {
				// The server keeps idle streams alive with lines of its own.
				line = []byte(strings.TrimPrefix(string(line), "data: "))
				if len(line) == 0 || line[0] != '{' {
					continue
				}
				err = json.Unmarshal(line, &r)
			}
			if err == nil && r.Error != nil {
				if strings.Contains(r.Error.Message, "EOF") { // the server's own watch ended
					return
				}
				err = s.api.refused(c, r.Error.HTTPCode, r.Error.problem, true)
			}
			if !yield(r.Result, err) || err != nil {
				return
			}
		}
	}
}

func (s *Server) changes(ctx context.Context, name, version string) iter.Seq2[*wfv1.Workflow, error] {
	c := s.call("watch", name)
	c.path = "/api/v1/workflow-events/" + s.namespace
	c.query = url.Values{
		"listOptions.fieldSelector": {"metadata.name=" + name}, "listOptions.resourceVersion": {version}, "listOptions.timeoutSeconds": {streamLife},
	}
	return func(yield func(*wfv1.Workflow, error) bool) {
		for result, err := range s.results(ctx, c) {
			var wf *wfv1.Workflow
			if err == nil {
				wf, err = s.changed(c, result)
			}
			if !yield(wf, err) || err != nil {
				return
			}
		}
	}
}

func (s *Server) changed(c call, result json.RawMessage) (*wfv1.Workflow, error) {
	var ev event
	var wf wfv1.Workflow
	err := json.Unmarshal(result, &ev)
	if err == nil {
		err = json.Unmarshal(ev.Object, &wf)
	}
	switch {
	case err != nil:
		return nil, s.api.nonsense(c, err)
	case ev.Type == "DELETED":
		return nil, &Error{Op: "watch", What: "workflow", Name: c.name, Kind: ErrNotFound, Err: errDeleted}
	default:
		return hydrate(&wf)
	}
}

func (s *Server) warnings(ctx context.Context) iter.Seq2[corev1.Event, error] {
	c := s.call("watch", "")
	c.what, c.resource = "events", "events"
	c.path = "/api/v1/stream/events/" + s.namespace
	c.query.Set("listOptions.fieldSelector", podWarnings)
	c.query.Set("listOptions.timeoutSeconds", streamLife)
	return func(yield func(corev1.Event, error) bool) {
		for result, err := range s.results(ctx, c) {
			var ev corev1.Event
			if err == nil {
				err = json.Unmarshal(result, &ev)
			}
			if !yield(ev, err) || err != nil {
				return
			}
		}
	}
}

func (s *Server) log(ctx context.Context, workflow, pod string, opt LogOptions) iter.Seq2[string, error] {
	c := s.call("read logs of", workflow, "log")
	c.what, c.name, c.resource, c.query = "pod", pod, "pods/log", opt.query("logOptions.")
	c.query.Set("podName", pod)
	return func(yield func(string, error) bool) {
		for result, err := range s.results(ctx, c) {
			var l struct {
				Content string `json:"content"`
			}
			if err == nil {
				err = json.Unmarshal(result, &l)
			}
			if !yield(l.Content, err) || err != nil {
				return
			}
		}
	}
}

var (
	errDeleted = errors.New("it was deleted")
	errExpired = errors.New("the version that was watched is too old")
)
