package lint

import (
	"fmt"
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
	// scopes are the names that exist below a field.
	scopes map[path]*symbols
}

// String is the kind and name; nothing for what is no object.
func (o *object) String() string {
	if o.kind == "" {
		return ""
	}
	return o.kind + "/" + o.name
}

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
	tasks  tasks
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
	// over are the calls that are over when this one starts, once asked for.
	over map[string]bool
	// waits are the tasks that depends names, once asked for.
	waits []string
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
