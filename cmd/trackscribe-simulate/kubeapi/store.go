package kubeapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// document is an object as JSON knows it. One that is stored is never changed
// again.
type document = map[string]any

// An object is a document with what is asked of it often.
type object struct {
	doc       document
	raw       []byte
	namespace string
	name      string
	labels    labels.Set
	version   int64
}

// key is where an object stands among those of its resource.
type key struct{ namespace, name string }

// store keeps all objects and tells watchers of each change.
type store struct {
	now func() time.Time

	mu      sync.Mutex
	version int64 // of the newest change
	uid     int64
	tables  map[string]*table // by group/version/plural
}

// A table holds the objects of one resource and its newest changes.
type table struct {
	objects  map[key]*object
	watchers map[*watcher]bool
	changes  []change // the newest, in order
	bytes    int      // of changes
	dropped  int64    // version of the newest change that is no longer kept
}

func newStore(now func() time.Time) *store {
	return &store{now: now, version: 100, tables: map[string]*table{}}
}

func (s *store) table(r resource) *table {
	name := r.groupVersion + "/" + r.plural
	t := s.tables[name]
	if t == nil {
		t = &table{objects: map[key]*object{}, watchers: map[*watcher]bool{}}
		s.tables[name] = t
	}
	return t
}

// get returns an object.
func (s *store) get(r resource, k key) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.table(r).objects[k]
	if !ok {
		return nil, notFound(r, k)
	}
	return o, nil
}

// list returns the objects that match, by namespace and name, and the version
// of the store at that moment.
func (s *store) list(r resource, f filter) ([]*object, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.matching(r, f), s.version
}

func (s *store) matching(r resource, f filter) []*object {
	var list []*object
	for _, o := range s.table(r).objects {
		if f.matches(o) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *object) int {
		if c := strings.Compare(a.namespace, b.namespace); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	return list
}

// create stores a new object. As an API server does, it names, numbers and
// dates it; a pod is born pending.
func (s *store) create(r resource, namespace string, doc document) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	meta := metadata(doc)
	s.uid++
	if text(meta, "name") == "" {
		if text(meta, "generateName") == "" {
			return nil, &apiError{http.StatusUnprocessableEntity, "Invalid", "metadata.name: a name or generateName is required"}
		}
		meta["name"] = fmt.Sprintf("%s%05d", text(meta, "generateName"), s.uid)
	}
	k := key{namespace, text(meta, "name")}
	if _, ok := s.table(r).objects[k]; ok {
		return nil, &apiError{http.StatusConflict, "AlreadyExists", fmt.Sprintf("%s %q already exists", r.plural, k.name)}
	}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	meta["uid"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", s.uid)
	meta["creationTimestamp"] = s.now().UTC().Format(time.RFC3339)
	if r.plural == "pods" {
		doc["status"] = document{"phase": "Pending"}
		// Nobody collects here what an owner leaves behind. Without an owner the
		// controller need not read its whole Workflow for each event of a pod.
		delete(meta, "ownerReferences")
	}
	return s.write(r, k, doc)
}

// update replaces an object by what edit makes of it: a new document, which may
// share parts with the old one but changes none of them.
func (s *store) update(r resource, k key, edit func(old document) (document, error)) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.table(r).objects[k]
	if !ok {
		return nil, notFound(r, k)
	}
	doc, err := edit(old.doc)
	if err != nil {
		return nil, err
	}
	was, meta := metadata(old.doc), maps.Clone(metadata(doc))
	doc["metadata"] = meta
	for _, fixed := range []string{"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"} {
		if v, ok := was[fixed]; ok {
			meta[fixed] = v
		} else {
			delete(meta, fixed)
		}
	}
	doc["kind"], doc["apiVersion"] = r.kind, r.groupVersion
	if reflect.DeepEqual(doc, old.doc) {
		return old, nil // a write that changes nothing is no change
	}
	if meta["deletionTimestamp"] != nil && !finalizers(meta) {
		return s.remove(r, old)
	}
	return s.write(r, k, doc)
}

// delete removes an object, or only marks it while a finalizer holds it.
func (s *store) delete(r resource, k key) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.table(r).objects[k]
	if !ok {
		return nil, notFound(r, k)
	}
	return s.deleteObject(r, old)
}

// deleteAll does so with all that match.
func (s *store) deleteAll(r resource, f filter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.matching(r, f) {
		if _, err := s.deleteObject(r, o); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) deleteObject(r resource, old *object) (*object, error) {
	if !finalizers(metadata(old.doc)) {
		return s.remove(r, old)
	}
	if metadata(old.doc)["deletionTimestamp"] != nil {
		return old, nil
	}
	doc := withMetadata(old.doc, "deletionTimestamp", s.now().UTC().Format(time.RFC3339))
	return s.write(r, key{old.namespace, old.name}, doc)
}

// remove takes the object out of its table; its last state carries the version
// of the removal.
func (s *store) remove(r resource, old *object) (*object, error) {
	k := key{old.namespace, old.name}
	gone, err := s.next(r, k, maps.Clone(old.doc))
	if err != nil {
		return nil, err
	}
	t := s.table(r)
	delete(t.objects, k)
	t.publish(change{before: old, after: gone, removed: true})
	return gone, nil
}

// write stores the document as the newest state of the object.
func (s *store) write(r resource, k key, doc document) (*object, error) {
	o, err := s.next(r, k, doc)
	if err != nil {
		return nil, err
	}
	t := s.table(r)
	old := t.objects[k]
	t.objects[k] = o
	t.publish(change{before: old, after: o})
	return o, nil
}

// next makes an object of the document, under the store's next version.
func (s *store) next(r resource, k key, doc document) (*object, error) {
	s.version++
	doc = withMetadata(doc, "resourceVersion", strconv.FormatInt(s.version, 10))
	doc["kind"], doc["apiVersion"] = r.kind, r.groupVersion
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, &apiError{http.StatusBadRequest, "BadRequest", err.Error()}
	}
	o := &object{doc: doc, raw: raw, namespace: k.namespace, name: k.name, labels: labels.Set{}, version: s.version}
	set, _ := metadata(doc)["labels"].(document)
	for name, v := range set {
		o.labels[name] = fmt.Sprint(v)
	}
	return o, nil
}

// withMetadata returns a copy of the document with one more thing in its
// metadata.
func withMetadata(doc document, name, value string) document {
	doc = maps.Clone(doc)
	meta := maps.Clone(metadata(doc))
	meta[name] = value
	doc["metadata"] = meta
	return doc
}

// decode reads a document and keeps its numbers as they are written.
func decode(b []byte) (document, error) {
	var doc document
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, &apiError{http.StatusBadRequest, "BadRequest", err.Error()}
	}
	if doc == nil {
		return nil, &apiError{http.StatusBadRequest, "BadRequest", "an object is required"}
	}
	return doc, nil
}

// metadata returns the document's metadata, made when it is missing.
func metadata(doc document) document {
	m, ok := doc["metadata"].(document)
	if !ok {
		m = document{}
		doc["metadata"] = m
	}
	return m
}

func text(d document, name string) string {
	s, _ := d[name].(string)
	return s
}

func finalizers(meta document) bool {
	list, _ := meta["finalizers"].([]any)
	return len(list) > 0
}
