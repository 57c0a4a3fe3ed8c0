package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// An object is one of Argo's objects, as text and as type.
type object struct {
	doc *document
	// at is where the object is in its document: "" unless it is in a list.
	at              path
	tree            map[string]any
	kind            string
	name, namespace string

	typed  any // *wfv1.Workflow and so on
	spec   *wfv1.WorkflowSpec
	specAt path

	// templates are the named ones in their order, then those that stand
	// inline in a task, then the defaults.
	templates []*tmpl
	byName    map[string]*tmpl
	// calls are what the object itself calls: entrypoint, onExit, hooks.
	calls []*call
	// base is the template object that workflowTemplateRef names, if it is
	// among the files.
	base *object
	// passed are parameters that a submission has to pass without being asked:
	// inputs of the entrypoint, and what event bindings among the files pass.
	passed []wfv1.Parameter
	// params says which global parameters there are; free, that more may
	// come from outside.
	params     map[string]wfv1.Parameter
	freeParams bool
}

func (o *object) String() string { return o.kind + "/" + o.name }

func (o *object) lookup(at path) any {
	return lookup(o.tree, path(strings.TrimPrefix(strings.TrimPrefix(string(at), string(o.at)), ".")))
}

func (o *object) setTyped(typed any) {
	o.typed = typed
	switch t := typed.(type) {
	case *wfv1.Workflow:
		o.spec = &t.Spec
	case *wfv1.WorkflowTemplate:
		o.spec = &t.Spec
	case *wfv1.ClusterWorkflowTemplate:
		o.spec = &t.Spec
	case *wfv1.CronWorkflow:
		o.spec = &t.Spec.WorkflowSpec
	}
}

// isLibrary says whether an object only lends its templates to others, so
// that volumes and global parameters may come from whoever calls them.
func (o *object) isLibrary() bool {
	return strings.HasSuffix(o.kind, "WorkflowTemplate") && o.spec.Entrypoint == ""
}

// A tmpl is a template of an object.
type tmpl struct {
	*wfv1.Template
	obj   *object
	at    path
	calls []*call
	// within is the call that an inline template stands in.
	within *call
	// defaults marks spec.templateDefaults, which is part of every template.
	defaults bool
}

func (t *tmpl) String() string {
	switch {
	case t.defaults:
		return "the template defaults"
	case t.within != nil:
		return fmt.Sprintf("the inline template of %s", t.within)
	default:
		return fmt.Sprintf("template %q", t.Name)
	}
}

// retry is the strategy that is in force: the template's own or the default.
func (t *tmpl) retry() *wfv1.RetryStrategy {
	if d := t.obj.spec.TemplateDefaults; t.RetryStrategy == nil && d != nil {
		return d.RetryStrategy
	}
	return t.RetryStrategy
}

// A call is whatever starts a template: a task, a step, a hook, an exit
// handler, an entrypoint.
type call struct {
	kind   string // task, step, hook, exit handler, entrypoint
	name   string
	at     path // of the task, step or hook; of the name for onExit
	nameAt path // of the template's name
	obj    *object
	in     *tmpl // nil for what the object calls

	template string
	ref      *wfv1.TemplateRef
	inline   *tmpl
	args     wfv1.Arguments
	argsAt   path

	withItems    []wfv1.Item
	withParam    string
	withSequence *wfv1.Sequence
	when         string
	expression   string // of a hook
	group        int    // of a step
	task         *wfv1.DAGTask
	hooks        []*call
}

func (c *call) String() string {
	if c.name == "" {
		return "the " + c.kind
	}
	return fmt.Sprintf("%s %q", c.kind, c.name)
}

func (c *call) fansOut() bool {
	return len(c.withItems) > 0 || c.withParam != "" || c.withSequence != nil
}

// build finds templates and calls once all files are read.
func (o *object) build(l *linter) {
	o.byName = map[string]*tmpl{}
	for i := range o.spec.Templates {
		t := &tmpl{Template: &o.spec.Templates[i], obj: o, at: o.specAt.key("templates").index(i)}
		o.templates = append(o.templates, t)
		if o.byName[t.Name] == nil {
			o.byName[t.Name] = t
		}
	}
	for _, t := range slices.Clone(o.templates) {
		t.build()
	}
	if d := o.spec.TemplateDefaults; d != nil {
		o.templates = append(o.templates, &tmpl{Template: d, obj: o, at: o.specAt.key("templateDefaults"), defaults: true})
	}
	if ref := o.spec.WorkflowTemplateRef; ref != nil {
		o.base = l.templateObject(o, ref.Name, ref.ClusterScope)
	}
	o.buildCalls()
	if strings.HasSuffix(o.kind, "WorkflowTemplate") {
		o.passed = slices.Concat(o.entryInputs().Parameters, l.bound[o.String()])
	}
	o.buildParams()
}

func (o *object) buildCalls() {
	for _, c := range []struct{ kind, field, template string }{
		{"entrypoint", "entrypoint", o.spec.Entrypoint}, {"exit handler", "onExit", o.spec.OnExit},
	} {
		if c.template != "" {
			o.calls = append(o.calls, exitCall(o, c.kind, o.specAt.key(c.field), c.template))
		}
	}
	o.calls = append(o.calls, hookCalls(o, o.spec.Hooks, o.specAt.key("hooks"))...)
}

// exitCall is a call that only names a template: what it is handed are the
// workflow's arguments.
func exitCall(o *object, kind string, at path, template string) *call {
	return &call{kind: kind, at: at, nameAt: at, obj: o, template: template, args: o.spec.Arguments, argsAt: o.specAt.key("arguments")}
}

func hookCalls(o *object, hooks wfv1.LifecycleHooks, at path) []*call {
	var list []*call
	for _, name := range slices.Sorted(maps.Keys(hooks)) {
		h, hookAt := hooks[name], at.key(string(name))
		list = append(list, &call{
			kind: "hook", name: string(name), at: hookAt, nameAt: nameAt(hookAt, h.TemplateRef), obj: o, template: h.Template, ref: h.TemplateRef,
			args: h.Arguments, argsAt: hookAt.key("arguments"), expression: h.Expression,
		})
	}
	return list
}

func nameAt(at path, ref *wfv1.TemplateRef) path {
	if ref != nil {
		return at.key("templateRef")
	}
	return at.key("template")
}

// build finds the calls of a template.
func (t *tmpl) build() {
	if t.DAG != nil {
		for i := range t.DAG.Tasks {
			task := &t.DAG.Tasks[i]
			at := t.at.keys("dag", "tasks").index(i)
			t.add(&call{
				kind: "task", name: task.Name, at: at, template: task.Template, ref: task.TemplateRef, args: task.Arguments,
				withItems: task.WithItems, withParam: task.WithParam, withSequence: task.WithSequence, when: task.When, task: task,
			}, task.Inline, task.OnExit, task.Hooks)
		}
	}
	for g := range t.Steps {
		for i := range t.Steps[g].Steps {
			s := &t.Steps[g].Steps[i]
			at := t.at.key("steps").index(g).index(i)
			t.add(&call{
				kind: "step", name: s.Name, at: at, template: s.Template, ref: s.TemplateRef, args: s.Arguments, group: g,
				withItems: s.WithItems, withParam: s.WithParam, withSequence: s.WithSequence, when: s.When,
			}, s.Inline, s.OnExit, s.Hooks)
		}
	}
}

func (t *tmpl) add(c *call, inline *wfv1.Template, onExit string, hooks wfv1.LifecycleHooks) {
	c.obj, c.in, c.nameAt, c.argsAt = t.obj, t, nameAt(c.at, c.ref), c.at.key("arguments")
	c.hooks = hookCalls(t.obj, hooks, c.at.key("hooks"))
	if onExit != "" {
		c.hooks = append(c.hooks, exitCall(t.obj, "exit handler", c.at.key("onExit"), onExit))
	}
	for _, h := range c.hooks {
		h.in = t
	}
	t.calls = append(t.calls, c)
	if inline != nil {
		c.inline = &tmpl{Template: inline, obj: t.obj, at: c.at.key("inline"), within: c}
		t.obj.templates = append(t.obj.templates, c.inline)
		c.inline.build()
	}
}

// buildParams collects the global parameters.
func (o *object) buildParams() {
	o.params = map[string]wfv1.Parameter{}
	o.freeParams = o.isLibrary() || o.spec.WorkflowTemplateRef != nil && o.base == nil
	if o.base != nil {
		for _, p := range o.base.spec.Arguments.Parameters {
			o.params[p.Name] = p
		}
	}
	for _, p := range o.spec.Arguments.Parameters {
		o.params[p.Name] = p
	}
	// What a template object does not declare, whoever submits it may pass.
	for _, p := range o.passed {
		if _, ok := o.params[p.Name]; !ok {
			o.params[p.Name] = p
		}
	}
}

// entryInputs are the inputs of the templates that a submission starts.
func (o *object) entryInputs() wfv1.Inputs {
	var in wfv1.Inputs
	for _, name := range []string{o.spec.Entrypoint, o.spec.OnExit} {
		if t := o.byName[name]; t != nil {
			in.Parameters = append(in.Parameters, t.Inputs.Parameters...)
			in.Artifacts = append(in.Artifacts, t.Inputs.Artifacts...)
		}
	}
	return in
}

// everyCall returns the object's calls and those of its templates, hooks
// included.
func (o *object) everyCall() []*call {
	list := slices.Clone(o.calls)
	for _, t := range o.templates {
		for _, c := range t.calls {
			list = append(list, c)
			list = append(list, c.hooks...)
		}
	}
	return list
}

// templateObject finds a template object among the files: of the same
// namespace if there is one.
func (l *linter) templateObject(from *object, name string, cluster bool) *object {
	kind := "WorkflowTemplate"
	if cluster {
		kind = "ClusterWorkflowTemplate"
	}
	if from.kind == kind && from.name == name {
		return from
	}
	var found *object
	for _, o := range l.objects {
		if o.kind != kind || o.name != name {
			continue
		}
		if cluster || o.namespace == from.namespace {
			return o
		}
		if found == nil && (o.namespace == "" || from.namespace == "") {
			found = o
		}
	}
	return found
}

// target is the template that a call starts. It is nil when it is not known,
// and missing says whether that is because it is not there.
func (l *linter) target(c *call) (t *tmpl, missing bool) {
	switch {
	case c.inline != nil:
		return c.inline, false
	case c.ref != nil:
		if hasTag(c.ref.Name) || hasTag(c.ref.Template) {
			return nil, false
		}
		o := l.templateObject(c.obj, c.ref.Name, c.ref.ClusterScope)
		if o == nil {
			return nil, true
		}
		return o.byName[c.ref.Template], o.byName[c.ref.Template] == nil
	case c.template == "" || hasTag(c.template):
		return nil, false
	}
	holder := c.obj
	if holder.base != nil {
		holder = holder.base
	} else if holder.spec.WorkflowTemplateRef != nil {
		return nil, false
	}
	return holder.byName[c.template], holder.byName[c.template] == nil
}
