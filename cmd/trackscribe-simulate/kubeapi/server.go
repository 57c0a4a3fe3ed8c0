// Package kubeapi is as much of a Kubernetes API server as Argo's controller,
// a kubelet and a client that submits workflows need: create, read, list,
// watch, update, patch and delete, with label selectors, optimistic locking
// and status subresources, in memory. It validates nothing, knows no users and
// forgets everything at its end.
package kubeapi

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// A Server is an API server without a cluster behind it.
type Server struct {
	store *store

	// Exec is told of commands that someone wants to run inside a container,
	// which here is only the controller that ends one. There is no container to
	// run them in, so whoever asked is refused either way.
	Exec func(namespace, pod, container string, command []string)
}

// New returns an empty server that dates its objects by now.
func New(now func() time.Time) *Server { return &Server{store: newStore(now)} }

// Version is the number of the newest change of any object.
func (s *Server) Version() int64 {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.store.version
}

// A State is an object as it was at some moment.
type State struct {
	JSON   []byte
	Labels map[string]string
	Gone   bool // it was removed; this is its last state
}

// Follow yields the state of an object now, if it is there, and each time it
// changes, until ctx ends or the object is gone. It is a watch without the way
// through HTTP.
func (s *Server) Follow(ctx context.Context, apiVersion, plural, namespace, name string) iter.Seq[State] {
	return func(yield func(State) bool) {
		r := resources[apiVersion+"/"+plural]
		w, err := s.store.watch(r, filter{namespace: namespace, labels: labels.Everything(), fields: fields.OneTermEqualSelector("metadata.name", name)}, 0)
		if err != nil {
			panic("kubeapi: a watch from the start cannot come too late: " + err.Error())
		}
		defer s.store.unwatch(r, w)
		for ctx.Err() == nil {
			for _, e := range w.next(ctx) {
				if !yield(State{JSON: e.object.raw, Labels: e.object.labels, Gone: e.kind == "DELETED"}) {
					return
				}
			}
		}
	}
}

// A request is an API request, taken apart.
type request struct {
	*http.Request
	resource  resource
	key       key
	sub       string // subresource
	namespace string
}

// ServeHTTP answers one API request.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	r, err := parse(hr)
	if err == nil {
		err = s.serve(w, r)
	}
	if err == nil {
		return
	}
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	refused.write(w)
}

func parse(hr *http.Request) (*request, error) {
	r := &request{Request: hr}
	unknown := &apiError{http.StatusNotFound, "NotFound", "the server could not find the requested resource"}
	p := strings.Split(strings.Trim(hr.URL.Path, "/"), "/")
	var groupVersion string
	switch {
	case p[0] == "api" && len(p) > 2:
		groupVersion, p = p[1], p[2:]
	case p[0] == "apis" && len(p) > 3:
		groupVersion, p = p[1]+"/"+p[2], p[3:]
	default:
		return nil, unknown
	}
	if p[0] == "namespaces" && len(p) > 2 {
		r.namespace, p = p[1], p[2:]
	}
	plural := p[0]
	if plural == "selfsubjectaccessreviews" {
		r.resource = resource{groupVersion: groupVersion, plural: plural, kind: "SelfSubjectAccessReview", cluster: true}
		return r, nil
	}
	var ok bool
	if r.resource, ok = resources[groupVersion+"/"+plural]; !ok {
		return nil, unknown
	}
	r.key.namespace = r.namespace
	if len(p) > 1 {
		r.key.name = p[1]
	}
	if len(p) > 2 {
		r.sub = p[2]
	}
	return r, nil
}

func (s *Server) serve(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	switch {
	case r.resource.plural == "selfsubjectaccessreviews":
		reply(w, http.StatusCreated, document{
			"kind": r.resource.kind, "apiVersion": r.resource.groupVersion, "status": document{"allowed": true},
		})
		return nil
	case r.sub == "exec":
		if s.Exec != nil {
			s.Exec(r.key.namespace, r.key.name, q.Get("container"), q["command"])
		}
		return &apiError{http.StatusBadRequest, "BadRequest", "containers cannot be entered here"}
	case r.sub != "" && (r.sub != "status" || !r.resource.status):
		return &apiError{http.StatusNotFound, "NotFound", "the server could not find the requested resource"}
	}
	switch r.Method {
	case http.MethodGet:
		return s.read(w, r)
	case http.MethodPost:
		return s.create(w, r)
	case http.MethodPut, http.MethodPatch:
		return s.change(w, r)
	case http.MethodDelete:
		return s.delete(w, r)
	default:
		return &apiError{http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method}
	}
}

func (s *Server) read(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	if r.key.name != "" {
		o, err := s.store.get(r.resource, r.key)
		if err != nil {
			return err
		}
		send(w, http.StatusOK, o)
		return nil
	}
	f, err := parseFilter(r.namespace, q.Get("labelSelector"), q.Get("fieldSelector"))
	if err != nil {
		return err
	}
	if watch := q.Get("watch"); watch == "true" || watch == "1" {
		since, _ := strconv.ParseInt(q.Get("resourceVersion"), 10, 64) // none: from the start
		watcher, err := s.store.watch(r.resource, f, since)
		if err != nil {
			return err
		}
		s.store.stream(r.Context(), w, r.resource, watcher)
		return nil
	}
	list, version := s.store.list(r.resource, f)
	w.Header().Set("Content-Type", "application/json")
	_, err = io.WriteString(w, `{"kind":"`+r.resource.kind+`List","apiVersion":"`+r.resource.groupVersion+
		`","metadata":{"resourceVersion":"`+strconv.FormatInt(version, 10)+`"},"items":[`)
	for i, o := range list {
		if i > 0 && err == nil {
			_, err = io.WriteString(w, ",")
		}
		if err == nil {
			_, err = w.Write(o.raw)
		}
	}
	if err == nil {
		_, _ = io.WriteString(w, "]}")
	}
	return nil // what can fail is a client that has gone
}

func (s *Server) create(w http.ResponseWriter, r *request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	doc, err := decode(body)
	if err != nil {
		return err
	}
	o, err := s.store.create(r.resource, r.namespace, doc)
	if err != nil {
		return err
	}
	send(w, http.StatusCreated, o)
	return nil
}

func (s *Server) change(w http.ResponseWriter, r *request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPatch && r.Header.Get("Content-Type") == applyPatch {
		o, code, err := s.apply(r, body)
		if err != nil {
			return err
		}
		send(w, code, o)
		return nil
	}
	var doc document
	if r.Method == http.MethodPut {
		if doc, err = decode(body); err != nil {
			return err
		}
	}
	o, err := s.store.update(r.resource, r.key, func(old document) (document, error) {
		next := doc
		if next == nil {
			if next, err = patch(old, r.Header.Get("Content-Type"), body); err != nil {
				return nil, err
			}
		}
		return r.part(old, next), fresh(old, next)
	})
	if err != nil {
		return err
	}
	send(w, http.StatusOK, o)
	return nil
}

func (s *Server) delete(w http.ResponseWriter, r *request) error {
	if r.key.name == "" {
		q := r.URL.Query()
		f, err := parseFilter(r.namespace, q.Get("labelSelector"), q.Get("fieldSelector"))
		if err != nil {
			return err
		}
		if err := s.store.deleteAll(r.resource, f); err != nil {
			return err
		}
		reply(w, http.StatusOK, document{"kind": "Status", "apiVersion": "v1", "status": "Success"})
		return nil
	}
	o, err := s.store.delete(r.resource, r.key)
	if err != nil {
		return err
	}
	send(w, http.StatusOK, o)
	return nil
}

func send(w http.ResponseWriter, code int, o *object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(o.raw) // the client is gone
}
