package lint

import (
	"maps"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

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

// entryInputs are what the templates that a submission starts ask for.
func (o *object) entryInputs() wfv1.Inputs {
	var in wfv1.Inputs
	for _, name := range []string{o.spec.Entrypoint, o.spec.OnExit} {
		if t := o.byName[name]; t != nil {
			in.Parameters = append(in.Parameters, t.Inputs.Parameters...)
			in.Artifacts = append(in.Artifacts, t.Inputs.Artifacts...)
		}
	}
	in.Parameters = slices.DeleteFunc(in.Parameters, func(p wfv1.Parameter) bool { return p.HasValue() })
	return in
}
