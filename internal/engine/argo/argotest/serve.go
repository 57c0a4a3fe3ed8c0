package argotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked = append(a.asked, r.Method+" "+r.URL.Path)
	refuse := a.refuse
	a.mu.Unlock()
	if refuse != nil {
		if status, message := refuse(r); status != 0 {
			answer(w, nil, failure{status, http.StatusText(status), message})
			return
		}
	}
	body := Object{}
	if b, err := io.ReadAll(r.Body); err == nil && len(b) > 0 {
		if err := json.Unmarshal(b, &body); err != nil {
			answer(w, nil, failure{http.StatusBadRequest, "BadRequest", err.Error()})
			return
		}
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case path == "/apis/argoproj.io/v1alpha1":
		answer(w, Object{"kind": "APIResourceList"}, nil)
	case strings.Contains(path, "/namespaces/"):
		a.kubernetes(w, r, path, body)
	case strings.HasPrefix(path, "/api/v1/"):
		a.argo(w, r, strings.Split(strings.TrimPrefix(path, "/api/v1/"), "/"), body)
	default:
		http.NotFound(w, r)
	}
}

// answer sends an object or an error.
func answer(w http.ResponseWriter, o any, err error) {
	var f failure
	w.Header().Set("Content-Type", "application/json")
	if errors.As(err, &f) {
		w.WriteHeader(f.status)
		o = Object{"kind": "Status", "status": "Failure", "code": f.status, "reason": f.reason, "message": f.message}
	}
	_ = json.NewEncoder(w).Encode(o)
}

// kubernetes serves the Kubernetes API.
func (a *API) kubernetes(w http.ResponseWriter, r *http.Request, path string, body Object) {
	q := r.URL.Query()
	match := selector(q.Get("labelSelector"), q.Get("fieldSelector"))
	dry := q.Get("dryRun") != ""
	// .../namespaces/NS/KIND is a collection, .../namespaces/NS/KIND/NAME an object.
	_, rest, _ := strings.Cut(path, "/namespaces/")
	parts := strings.Split(rest, "/")
	switch {
	case len(parts) == 4 && parts[3] == "log":
		a.log(w, parts[2], func(line string) any { return line })
	case len(parts) == 2 && q.Get("watch") != "":
		a.watch(w, r, path, q.Get("resourceVersion"), match, func(c change) any { return Object{"type": c.kind, "object": c.object} })
	case len(parts) == 2 && r.Method == http.MethodPost:
		name, _ := metaOf(body)["name"].(string)
		o, err := a.create(path+"/"+name, body, dry)
		answer(w, o, err)
	case len(parts) == 2:
		a.mu.Lock()
		list := Object{"items": a.list(path, match), "metadata": Object{"resourceVersion": strconv.Itoa(a.version)}}
		list = decode(list)
		a.mu.Unlock()
		answer(w, list, nil)
	case r.Method == http.MethodDelete:
		answer(w, Object{"kind": "Status", "status": "Success"}, a.remove(path))
	case r.Method == http.MethodPatch && strings.Contains(r.Header.Get("Content-Type"), "apply"):
		answer(w, a.apply(path, body, dry), nil)
	case r.Method == http.MethodPatch:
		o, err := a.merge(path, body)
		answer(w, o, err)
	default:
		a.mu.Lock()
		o, err := a.get(path)
		if err == nil {
			o = decode(o)
		}
		a.mu.Unlock()
		answer(w, o, err)
	}
}

// argo serves an Argo Server's API: KIND, namespace, name, what to do.
func (a *API) argo(w http.ResponseWriter, r *http.Request, parts []string, body Object) {
	for len(parts) < 4 {
		parts = append(parts, "")
	}
	kind, namespace, name, verb := parts[0], parts[1], parts[2], parts[3]
	if kind == "stream" {
		namespace = parts[2]
	}
	q := r.URL.Query()
	match := selector(q.Get("listOptions.labelSelector"), q.Get("listOptions.fieldSelector"))
	workflow := Workflow(namespace, name)
	result := func(v any) any { return Object{"result": v} }
	switch {
	case kind == "stream":
		a.watch(w, r, "/api/v1/namespaces/"+namespace+"/events", "", match, func(c change) any { return result(c.object) })
	case kind == "workflow-events":
		a.watch(w, r, strings.TrimSuffix(Workflow(namespace, ""), "/"), q.Get("listOptions.resourceVersion"), match, func(c change) any {
			return result(Object{"type": c.kind, "object": c.object})
		})
	case kind == "workflow-templates":
		o := a.Get(Template(namespace, name))
		if o == nil {
			answer(w, nil, notFound(Template(namespace, name)))
			return
		}
		answer(w, o, nil)
	case verb == "log":
		a.log(w, q.Get("podName"), func(line string) any {
			b, _ := json.Marshal(result(Object{"content": line, "podName": q.Get("podName")}))
			return string(b)
		})
	case r.Method == http.MethodPost:
		wf, _ := body["workflow"].(Object)
		name, _ := metaOf(wf)["name"].(string)
		dry, _ := body["serverDryRun"].(bool)
		o, err := a.create(Workflow(namespace, name), wf, dry)
		answer(w, o, err)
	case r.Method == http.MethodPut:
		patch, ok := map[string]Object{
			"stop":      {"spec": Object{"shutdown": "Stop"}},
			"terminate": {"spec": Object{"shutdown": "Terminate"}},
			"retry":     {"spec": Object{"shutdown": nil}, "status": Object{"phase": "Running", "finishedAt": nil, "nodes": nil}},
		}[verb]
		if !ok {
			answer(w, nil, failure{http.StatusNotFound, "NotFound", "Not Found"})
			return
		}
		o, err := a.merge(workflow, patch)
		answer(w, o, err)
	case r.Method == http.MethodDelete:
		answer(w, Object{}, a.remove(workflow))
	case name == "":
		a.mu.Lock()
		list := decode(Object{"items": a.list(strings.TrimSuffix(workflow, "/"), match)})
		a.mu.Unlock()
		answer(w, list, nil)
	default:
		a.mu.Lock()
		o, err := a.get(workflow)
		if err == nil {
			o = decode(o)
		}
		a.mu.Unlock()
		answer(w, o, err)
	}
}

// log sends what a pod wrote.
func (a *API) log(w http.ResponseWriter, pod string, line func(string) any) {
	a.mu.Lock()
	text, ok := a.logs[pod]
	a.mu.Unlock()
	if !ok {
		answer(w, nil, failure{http.StatusNotFound, "NotFound", fmt.Sprintf("pods %q not found", pod)})
		return
	}
	for l := range strings.Lines(text) {
		fmt.Fprintln(w, line(strings.TrimSuffix(l, "\n")))
	}
}

// watch sends the changes of a collection after a version, or first what there
// is and then every change.
func (a *API) watch(w http.ResponseWriter, r *http.Request, collection, after string, match func(Object) bool, wrap func(change) any) {
	a.mu.Lock()
	since, err := strconv.Atoi(after)
	var queue []change
	if err != nil {
		since = a.version
		for _, o := range a.list(collection, match) {
			queue = append(queue, change{kind: "ADDED", object: decode(o)})
		}
	}
	dropped := a.dropped
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	for {
		a.mu.Lock()
		for _, c := range a.changes {
			name, ok := strings.CutPrefix(c.path, collection+"/")
			if c.version > since && ok && !strings.Contains(name, "/") && match(c.object) {
				queue = append(queue, c)
			}
		}
		since = a.version
		news, over := a.news, a.dropped != dropped
		a.mu.Unlock()
		for _, c := range queue {
			if json.NewEncoder(w).Encode(wrap(c)) != nil {
				return
			}
		}
		queue = nil
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		if over {
			return
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}

// Kubeconfig is a kubeconfig of the cluster.
func (a *API) Kubeconfig(namespace string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test, namespace: %s}}]
clusters: [{name: test, cluster: {server: %s}}]
users: [{name: test, user: {token: secret-token}}]
`, namespace, a.URL)
}

// Host is the cluster's address as an Argo Server.
func (a *API) Host() string {
	u, err := url.Parse(a.URL)
	if err != nil {
		a.t.Fatal(err)
	}
	return u.Host
}
