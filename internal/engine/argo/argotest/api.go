// Package argotest is a cluster in memory, for tests: as much of a Kubernetes
// API and of an Argo Server as package argo speaks, over the same objects.
//
// It promises resource versions, conflicts, watches and errors as the real
// servers have them. It runs nothing: a test plays the controller.
package argotest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Object is an object as JSON.
type Object = map[string]any

// An API is a cluster. Its objects lie under the paths of the Kubernetes API.
type API struct {
	URL string
	// Changed, when set, is told of every Workflow that was written by a client.
	Changed func(path string, wf Object)

	t       testing.TB
	mu      sync.Mutex
	objects map[string]Object
	logs    map[string]string // by pod
	version int
	changes []change      // since the beginning
	news    chan struct{} // closed and replaced at every change, and to drop streams
	dropped int           // how often streams were dropped
	asked   []string
	refuse  func(r *http.Request) (status int, message string)
}

type change struct {
	path, kind string
	version    int
	object     Object
}

// New starts a cluster that has Argo's objects and the namespaces that are
// given.
func New(t testing.TB) *API {
	a := &API{t: t, objects: map[string]Object{}, logs: map[string]string{}, news: make(chan struct{})}
	srv := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(func() {
		a.Drop()
		srv.CloseClientConnections()
		srv.Close()
	})
	a.URL = srv.URL
	return a
}

// Workflow is the path of a Workflow.
func Workflow(namespace, name string) string {
	return "/apis/argoproj.io/v1alpha1/namespaces/" + namespace + "/workflows/" + name
}

// Template is the path of a WorkflowTemplate.
func Template(namespace, name string) string {
	return "/apis/argoproj.io/v1alpha1/namespaces/" + namespace + "/workflowtemplates/" + name
}

// Put writes an object as if somebody else had.
func (a *API) Put(path string, o any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.write(path, decode(o), "MODIFIED")
}

// Edit changes an object, as a controller does.
func (a *API) Edit(path string, edit func(Object)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o, ok := a.objects[path]
	if !ok {
		return
	}
	o = decode(o)
	edit(o)
	a.write(path, o, "MODIFIED")
}

// Get returns an object, or nil.
func (a *API) Get(path string) Object {
	a.mu.Lock()
	defer a.mu.Unlock()
	if o, ok := a.objects[path]; ok {
		return decode(o)
	}
	return nil
}

// Paths returns the paths of all objects below a prefix.
func (a *API) Paths(prefix string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a.objects)), func(p string) bool { return !strings.HasPrefix(p, prefix) })
}

// Log sets what a pod wrote.
func (a *API) Log(pod, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logs[pod] = text
}

// Refuse answers requests with another status than they deserve, unless refuse
// returns 0.
func (a *API) Refuse(refuse func(r *http.Request) (status int, message string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = refuse
}

// Asked returns the method and path of every request so far.
func (a *API) Asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// Drop ends all streams, as a server does that is restarted.
func (a *API) Drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropped++
	a.wake()
}

func (a *API) wake() {
	close(a.news)
	a.news = make(chan struct{})
}

// write stores an object; a.mu is held.
func (a *API) write(path string, o Object, kind string) {
	a.version++
	meta := metaOf(o)
	meta["resourceVersion"] = strconv.Itoa(a.version)
	if _, ok := meta["name"]; !ok {
		meta["name"] = path[strings.LastIndex(path, "/")+1:]
	}
	if meta["creationTimestamp"] == nil {
		meta["creationTimestamp"] = time.Now().UTC().Format(time.RFC3339)
	}
	parts := strings.Split(path, "/")
	if i := slices.Index(parts, "namespaces"); i >= 0 {
		meta["namespace"] = parts[i+1]
	}
	if _, ok := a.objects[path]; !ok && kind == "MODIFIED" {
		kind = "ADDED"
	}
	if a.objects[path] = o; kind == "DELETED" {
		delete(a.objects, path)
	}
	a.changes = append(a.changes, change{path, kind, a.version, decode(o)})
	a.wake()
}

func metaOf(o Object) Object {
	meta, ok := o["metadata"].(Object)
	if !ok {
		meta = Object{}
		o["metadata"] = meta
	}
	return meta
}

func decode(o any) Object {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	var out Object
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

// failure is an error as both servers tell it.
type failure struct {
	status          int
	reason, message string
}

func (f failure) Error() string { return f.message }

func notFound(path string) failure {
	parts := strings.Split(path, "/")
	return failure{http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", parts[len(parts)-2], parts[len(parts)-1])}
}

// get returns an object; a.mu is held.
func (a *API) get(path string) (Object, error) {
	if o, ok := a.objects[path]; ok {
		return o, nil
	}
	return nil, notFound(path)
}

// create stores a new object.
func (a *API) create(path string, o Object, dry bool) (Object, error) {
	a.mu.Lock()
	_, exists := a.objects[path]
	if !exists && !dry {
		a.write(path, o, "ADDED")
	}
	a.mu.Unlock()
	if exists {
		return nil, failure{http.StatusConflict, "AlreadyExists", fmt.Sprintf("%q already exists", path)}
	}
	a.changed(path, o, dry)
	return o, nil
}

func (a *API) changed(path string, o Object, dry bool) {
	if a.Changed != nil && !dry && strings.Contains(path, "/workflows/") {
		a.Changed(path, decode(o))
	}
}

// merge applies a merge patch.
func (a *API) merge(path string, patch Object) (Object, error) {
	a.mu.Lock()
	o, err := a.get(path)
	if err == nil {
		o = decode(o)
		want, versioned := metaOf(decode(patch))["resourceVersion"]
		if versioned && want != metaOf(o)["resourceVersion"] {
			err = failure{http.StatusConflict, "Conflict", "the object has been modified"}
		}
	}
	if err == nil {
		mergeInto(o, patch)
		a.write(path, o, "MODIFIED")
	}
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	a.changed(path, o, false)
	return o, nil
}

// mergeInto is RFC 7386.
func mergeInto(o, patch Object) {
	for k, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(o, k)
		case Object:
			inner, ok := o[k].(Object)
			if !ok {
				inner = Object{}
			}
			mergeInto(inner, v)
			o[k] = inner
		default:
			o[k] = v
		}
	}
}

// apply is a server-side apply by one manager, which owns everything.
func (a *API) apply(path string, fields Object, dry bool) Object {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := Object{}
	if old, ok := a.objects[path]; ok {
		o = decode(old)
	}
	before, _ := json.Marshal(o)
	mergeInto(o, fields)
	if after, _ := json.Marshal(o); !dry && string(before) != string(after) {
		a.write(path, o, "MODIFIED")
	}
	return o
}

func (a *API) remove(path string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	o, err := a.get(path)
	if err == nil {
		a.write(path, o, "DELETED")
	}
	return err
}

// list returns the objects of a collection; a.mu is held.
func (a *API) list(collection string, match func(Object) bool) []Object {
	var items []Object
	for _, path := range slices.Sorted(maps.Keys(a.objects)) {
		if name, ok := strings.CutPrefix(path, collection+"/"); ok && !strings.Contains(name, "/") && match(a.objects[path]) {
			items = append(items, a.objects[path])
		}
	}
	return items
}

// selector matches labels and fields as far as package argo selects by them.
func selector(labels, fields string) func(Object) bool {
	return func(o Object) bool {
		has, _ := metaOf(o)["labels"].(Object)
		for _, term := range strings.FieldsFunc(labels, func(r rune) bool { return r == ',' }) {
			key, value, equal := strings.Cut(term, "=")
			if got, ok := has[key]; !ok || equal && got != value {
				return false
			}
		}
		for _, term := range strings.FieldsFunc(fields, func(r rune) bool { return r == ',' }) {
			key, value, _ := strings.Cut(term, "=")
			if key == "metadata.name" && metaOf(o)["name"] != value {
				return false
			}
		}
		return true
	}
}
