package kubeapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sort"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// A filter is what a list or a watch asks for.
type filter struct {
	namespace string // empty: all
	labels    labels.Selector
	fields    fields.Selector
}

// parseFilter reads the selectors of a request.
func parseFilter(namespace, labelSelector, fieldSelector string) (filter, error) {
	f := filter{namespace: namespace}
	var err error
	if f.labels, err = labels.Parse(labelSelector); err != nil {
		return f, &apiError{http.StatusBadRequest, "BadRequest", err.Error()}
	}
	if f.fields, err = fields.ParseSelector(fieldSelector); err != nil {
		return f, &apiError{http.StatusBadRequest, "BadRequest", err.Error()}
	}
	return f, nil
}

func (f filter) matches(o *object) bool {
	if o == nil || f.namespace != "" && o.namespace != f.namespace {
		return false
	}
	return f.labels.Matches(o.labels) && (f.fields.Empty() || f.fields.Matches(selectable{o}))
}

// selectable are the fields of an object that a field selector may name. They
// are looked up only when there is such a selector.
type selectable struct{ *object }

func (s selectable) Has(field string) bool { return s.Get(field) != "" }

func (s selectable) Get(field string) string {
	at := s.doc
	names := strings.Split(field, ".")
	for _, n := range names[:len(names)-1] {
		at, _ = at[n].(document)
	}
	return text(at, names[len(names)-1])
}

// A change is one write.
type change struct {
	before  *object // nil: created
	after   *object // when it was removed, its last state
	removed bool
}

// keepBytes bounds the changes of one resource that are kept for watches that
// start at an older version. A list and the watch that follows it are close to
// one another, so this is ample; who comes later lists again.
const keepBytes = 8 << 20

// publish hands a change to all watchers, under the store's lock.
func (t *table) publish(c change) {
	t.changes = append(t.changes, c)
	t.bytes += len(c.after.raw)
	for t.bytes > keepBytes && len(t.changes) > 1 {
		t.dropped = t.changes[0].after.version
		t.bytes -= len(t.changes[0].after.raw)
		t.changes[0] = change{}
		t.changes = t.changes[1:]
	}
	for w := range t.watchers {
		w.add(c)
	}
}

// An event is a change as a watcher sees it.
type event struct {
	kind   string
	object *object
}

// A watcher is one open watch. Its queue has no bound, so that a slow reader
// delays no one.
type watcher struct {
	filter filter

	mu    sync.Mutex
	queue []event
	ready chan struct{} // has room for one
}

// add queues what the change is to this watcher: an object that starts to
// match appears, one that no longer matches goes.
func (w *watcher) add(c change) {
	before := w.filter.matches(c.before)
	after := !c.removed && w.filter.matches(c.after)
	switch {
	case before && after:
		w.push("MODIFIED", c.after)
	case after:
		w.push("ADDED", c.after)
	case before:
		w.push("DELETED", c.after)
	}
}

func (w *watcher) push(kind string, o *object) {
	w.mu.Lock()
	w.queue = append(w.queue, event{kind, o})
	w.mu.Unlock()
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// next waits for events and takes them. There are none when ctx has ended, and
// sometimes when all were taken before.
func (w *watcher) next(ctx context.Context) []event {
	select {
	case <-w.ready:
	case <-ctx.Done():
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.queue
	w.queue = nil
	return events
}

// watch starts a watch after the given version; from zero it starts with all
// objects that there are.
func (s *store) watch(r resource, f filter, since int64) (*watcher, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(r)
	w := &watcher{filter: f, ready: make(chan struct{}, 1)}
	if since == 0 {
		for _, o := range s.matching(r, f) {
			w.push("ADDED", o)
		}
	} else {
		if since < t.dropped {
			return nil, &apiError{http.StatusGone, "Expired", "too old resource version"}
		}
		first := sort.Search(len(t.changes), func(i int) bool { return t.changes[i].after.version > since })
		for _, c := range t.changes[first:] {
			w.add(c)
		}
	}
	t.watchers[w] = true
	return w, nil
}

func (s *store) unwatch(r resource, w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.table(r).watchers, w)
}

// stream writes a watch's events until the client goes.
func (s *store) stream(ctx context.Context, rw http.ResponseWriter, r resource, w *watcher) {
	defer s.unwatch(r, w)
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusOK)
	out := http.NewResponseController(rw)
	_ = out.Flush() // the client waits for the header
	for ctx.Err() == nil {
		for _, e := range w.next(ctx) {
			_, _ = io.WriteString(rw, `{"type":"`+e.kind+`","object":`)
			_, _ = rw.Write(e.object.raw)
			if _, err := io.WriteString(rw, "}\n"); err != nil {
				return // the client is gone
			}
		}
		if out.Flush() != nil {
			return
		}
	}
}

// An apiError is what the server refuses, as its Status object tells it.
type apiError struct {
	code    int
	reason  string
	message string
}

func (e *apiError) Error() string { return e.message }

func notFound(r resource, k key) error {
	return &apiError{http.StatusNotFound, "NotFound", r.plural + " \"" + k.name + "\" not found"}
}

func (e *apiError) write(w http.ResponseWriter) {
	reply(w, e.code, document{
		"kind": "Status", "apiVersion": "v1", "status": "Failure",
		"message": e.message, "reason": e.reason, "code": e.code,
	})
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}
