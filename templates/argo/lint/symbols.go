package lint

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// symbols are the names that a tag may use at some place of a manifest.
type symbols struct {
	names map[string]bool
	// open are prefixes under which only the run can know the names.
	open []string
	// later are names of this template that are not known yet at this place,
	// each with the call that it belongs to.
	later map[string]*call
	// fannedOut are artifacts of fan-outs, which nobody can take as one.
	fannedOut map[string]*call
	// items says what a fan-out hands over; nil outside one.
	items *items
}

func newSymbols(names ...string) *symbols {
	s := &symbols{names: map[string]bool{}, later: map[string]*call{}, fannedOut: map[string]*call{}}
	s.add(names...)
	return s
}

func (s *symbols) add(names ...string) {
	for _, n := range names {
		s.names[n] = true
	}
}

func (s *symbols) with(names ...string) *symbols {
	c := &symbols{
		names: maps.Clone(s.names), open: slices.Clone(s.open), items: s.items,
		later: maps.Clone(s.later), fannedOut: maps.Clone(s.fannedOut),
	}
	c.add(names...)
	return c
}

func (s *symbols) isOpen(name string) bool {
	return slices.ContainsFunc(s.open, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// has says whether a simple tag of this name is replaced.
func (s *symbols) has(name string) bool { return s.names[name] || s.isOpen(name) }

// hasPath says whether an expression may use a path: a name, what is in one,
// or what holds some.
func (s *symbols) hasPath(p string) bool {
	if s.has(p) || s.isOpen(p+".") {
		return true
	}
	for n := range s.names {
		if strings.HasPrefix(n, p+".") || strings.HasPrefix(p, n+".") && !holdsNames(n) {
			return true
		}
	}
	return slices.ContainsFunc(s.open, func(prefix string) bool { return strings.HasPrefix(prefix, p+".") })
}

// holdsNames says whether a name stands for all names below it, which does not
// make every name below it known.
func holdsNames(name string) bool {
	for _, end := range []string{".parameters", ".labels", ".annotations"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "item"
}

// nearest returns the known name that a wrong one was probably meant to be.
func (s *symbols) nearest(name string) string {
	best, least := "", max(2, len(name)/6)+1
	for _, n := range slices.Sorted(maps.Keys(s.names)) {
		if d := distance(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// items is what is known of the list that a fan-out runs over.
type items struct {
	call  *call
	known bool            // the list stands in the manifest
	keys  map[string]bool // keys that every item has; nil when items are no mappings
}

func itemsOf(t *tmpl, c *call) *items {
	list := c.withItems
	switch {
	case c.withSequence != nil:
		return &items{call: c, known: true}
	case c.withParam != "":
		text, ok := literalParam(t, c.withParam)
		if !ok || json.Unmarshal([]byte(text), &list) != nil {
			return &items{call: c}
		}
	}
	it := &items{call: c, known: len(list) > 0}
	for i, item := range list {
		if hasTag(item.String()) || item.GetType() == wfv1.List {
			return &items{call: c}
		}
		var keys map[string]bool
		if item.GetType() == wfv1.Map {
			keys = map[string]bool{}
			for k := range item.GetMapVal() {
				keys[k] = i == 0 || it.keys[k]
			}
			maps.DeleteFunc(keys, func(_ string, everywhere bool) bool { return !everywhere })
		}
		it.keys = keys
	}
	return it
}

// literalParam returns the text of a value that stands in the manifest: as it
// is, or as the default of the one parameter that it names.
func literalParam(t *tmpl, value string) (string, bool) {
	if !hasTag(value) {
		return value, true
	}
	tags, _ := scan(value)
	if len(tags) != 1 || tags[0].expression || strings.TrimSpace(value) != value[tags[0].start:tags[0].end] {
		return "", false
	}
	if name, ok := strings.CutPrefix(tags[0].name(), "workflow.parameters."); ok {
		return literalValue(t.obj.params[name])
	}
	if name, ok := strings.CutPrefix(tags[0].name(), "inputs.parameters."); ok {
		for _, p := range t.Inputs.Parameters {
			if p.Name == name {
				return literalValue(p)
			}
		}
	}
	return "", false
}

func literalValue(p wfv1.Parameter) (string, bool) {
	v := p.GetValue()
	return v, v != "" && !hasTag(v)
}

// globals are the names that exist everywhere in an object.
func (l *linter) globals(o *object) *symbols {
	s := newSymbols(
		"workflow.name", "workflow.namespace", "workflow.mainEntrypoint", "workflow.serviceAccountName", "workflow.uid",
		"workflow.status", "workflow.duration", "workflow.priority", "workflow.scheduledTime", "workflow.creationTimestamp",
		"workflow.parameters", "workflow.parameters.json", "workflow.labels", "workflow.labels.json",
		"workflow.annotations", "workflow.annotations.json", "node.name", "tasks.name", "steps.name",
	)
	// Whoever submits may add labels and annotations.
	s.open = []string{"workflow.labels.", "workflow.annotations.", "workflow.creationTimestamp."}
	for name := range o.params {
		s.add("workflow.parameters." + name)
	}
	if o.freeParams {
		s.open = append(s.open, "workflow.parameters.")
	}
	l.globalOutputs(o, s)
	return s
}

// globalOutputs adds what templates publish by globalName. A template of
// another object may do so too.
func (l *linter) globalOutputs(o *object, s *symbols) {
	if o.isLibrary() || o.spec.WorkflowTemplateRef != nil {
		s.open = append(s.open, "workflow.outputs.")
	}
	for _, c := range o.everyCall() {
		if c.ref != nil {
			s.open = append(s.open, "workflow.outputs.")
		}
	}
	for _, t := range o.templates {
		for _, p := range t.Outputs.Parameters {
			s.addGlobalOutput("workflow.outputs.parameters.", p.GlobalName)
		}
		for _, a := range t.Outputs.Artifacts {
			s.addGlobalOutput("workflow.outputs.artifacts.", a.GlobalName)
		}
	}
}

func (s *symbols) addGlobalOutput(prefix, name string) {
	switch {
	case name == "":
	case hasTag(name):
		s.open = append(s.open, prefix)
	default:
		s.add(prefix + name)
	}
}

// inTemplate are the names inside a template, on top of those outside it.
func (l *linter) inTemplate(t *tmpl, outer *symbols) *symbols {
	s := outer.with()
	if t.defaults {
		// Merged into every template: any of their names may be meant.
		s.open = append(s.open, "inputs.", "outputs.", "steps.", "tasks.", "pod.", "item", "retries", "lastRetry")
		return s
	}
	for _, p := range t.Inputs.Parameters {
		s.add("inputs.parameters", "inputs.parameters."+p.Name)
	}
	for _, a := range t.Inputs.Artifacts {
		s.add("inputs.artifacts."+a.Name, "inputs.artifacts."+a.Name+".path")
	}
	for _, a := range t.Outputs.Artifacts {
		s.add("outputs.artifacts." + a.Name + ".path")
	}
	for _, p := range t.Outputs.Parameters {
		s.add("outputs.parameters." + p.Name + ".path")
	}
	if t.IsPodType() {
		s.add("pod.name")
	}
	if t.retry() != nil {
		s.add(retryNames...)
	}
	if l.afterRun(t) {
		s.add("workflow.failures")
	}
	for _, c := range t.calls {
		s.addOutputs(l, c)
	}
	return s
}

var retryNames = []string{"retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message"}

// metricNames are the names that exist in the metrics of a template.
func metricNames(t *tmpl) []string {
	names := []string{"status", "duration", "exitCode", "retries", "resourcesDuration.cpu", "resourcesDuration.memory", "outputs.result"}
	for _, p := range t.Outputs.Parameters {
		names = append(names, "outputs.parameters."+p.Name)
	}
	return names
}

// inCall are the names at a task or step: outputs only of what is over.
func (l *linter) inCall(c *call, s *symbols) *symbols {
	in := s.with()
	over := c.predecessors()
	if over == nil {
		return in
	}
	for _, other := range c.in.calls {
		if over[other.name] {
			continue
		}
		prefix := other.prefix()
		for n := range in.names {
			if strings.HasPrefix(n, prefix) {
				delete(in.names, n)
				in.later[n] = other
			}
		}
		in.open = slices.DeleteFunc(in.open, func(p string) bool { return p == prefix })
	}
	return in
}

// withItem adds what a fan-out hands to each of its runs.
func (s *symbols) withItem(t *tmpl, c *call) *symbols {
	if !c.fansOut() {
		return s
	}
	in := s.with("item")
	in.items = itemsOf(t, c)
	for k := range in.items.keys {
		in.add("item." + k)
	}
	if !in.items.known {
		in.open = append(in.open, "item.")
	}
	return in
}

func (c *call) prefix() string {
	if c.kind == "step" {
		return "steps." + c.name + "."
	}
	return "tasks." + c.name + "."
}

// addOutputs adds the names that a task or step leaves behind.
func (s *symbols) addOutputs(l *linter, c *call) {
	prefix := c.prefix()
	for _, n := range []string{"id", "ip", "status", "exitCode", "startedAt", "finishedAt", "hostNodeName", "outputs.parameters"} {
		s.add(prefix + n)
	}
	t, _ := l.target(c)
	if t == nil {
		s.open = append(s.open, prefix)
		return
	}
	if t.HasOutput() {
		s.add(prefix + "outputs.result")
	}
	for _, p := range t.Outputs.Parameters {
		s.add(prefix + "outputs.parameters." + p.Name)
	}
	for _, a := range t.Outputs.Artifacts {
		s.add(prefix + "outputs.artifacts." + a.Name)
		if c.fansOut() {
			s.fannedOut[prefix+"outputs.artifacts."+a.Name] = c
		}
	}
}
