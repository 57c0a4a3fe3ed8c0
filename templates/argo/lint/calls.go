package lint

import (
	"fmt"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	unknownTemplate = &Rule{
		ID: "unknown-template", Class: Mistake,
		What: "A task, step, hook, entrypoint or exit handler names a template that does not exist.",
		Fix:  "mend the name; a template of another object has to be among the files",
	}
	unknownArgument = &Rule{
		ID: "unknown-argument", Class: Mistake,
		What: "An argument is passed that the called template does not declare; it is dropped without a word.",
		Fix:  "mend the name, or declare it under the template's inputs",
	}
	needlessArgument = &Rule{
		ID: "needless-argument", Class: Policy,
		What: "Arguments are passed to a template that takes no parameters at all.",
		Fix:  "leave them out, or declare them under the template's inputs",
	}
	missingArgument = &Rule{
		ID: "missing-argument", Class: Mistake,
		What: "An input without a default is not passed to the called template.",
		Fix:  "pass it under arguments, or give the input a default",
	}
	argumentEnum = &Rule{
		ID: "argument-enum", Class: Mistake,
		What: "A value is none of those that the parameter allows. Argo does not check this when a run is submitted.",
		Fix:  "use one of the allowed values",
	}
	callRules = []*Rule{unknownTemplate, unknownArgument, needlessArgument, missingArgument, argumentEnum}
)

// checkCalls compares every call with the template that it starts.
func (l *linter) checkCalls(o *object) {
	for _, c := range o.everyCall() {
		t, missing := l.target(c)
		switch {
		case missing:
			l.report(o, unknownTemplate, c.nameAt, fmt.Sprintf("%s calls %s, which does not exist", c, c.targetName()), subject(c.targetSubject()))
		case t != nil && c.kind != "entrypoint" && c.kind != "exit handler":
			l.checkArguments(c, t)
		}
	}
	ref := o.spec.WorkflowTemplateRef
	switch {
	case o.base != nil:
		l.checkSubmission(o)
	case ref != nil && !hasTag(ref.Name):
		l.report(o, unknownTemplate, o.specAt.keys("workflowTemplateRef", "name"), fmt.Sprintf("template object %q is not among the files", ref.Name), subject(fmt.Sprintf("%q not found", ref.Name)))
	}
}

func (c *call) targetName() string {
	if c.ref != nil {
		return fmt.Sprintf("template %q of %q", c.ref.Template, c.ref.Name)
	}
	return fmt.Sprintf("template %q", c.template)
}

// targetSubject is how Argo's validator names the missing template.
func (c *call) targetSubject() string {
	if c.ref != nil {
		return c.ref.Name + "." + c.ref.Template
	}
	return "'" + c.template + "'"
}

func (l *linter) checkArguments(c *call, t *tmpl) {
	passed := c.args
	if c.kind == "hook" && c.name == string(wfv1.ExitLifecycleEvent) && passed.IsEmpty() {
		passed = c.obj.spec.Arguments // that is what Argo hands to it
	}
	declared := map[string]wfv1.Parameter{}
	for _, p := range t.Inputs.Parameters {
		declared[p.Name] = p
		if !p.HasValue() && passed.GetParameterByName(p.Name) == nil {
			l.report(c.obj, missingArgument, c.at, fmt.Sprintf("%s does not pass %q to %s", c, p.Name, t), subject("inputs.parameters."+p.Name+" was not supplied"))
		}
	}
	for i, p := range c.args.Parameters {
		at := c.argsAt.key("parameters").index(i)
		in, ok := declared[p.Name]
		if !ok && len(declared) == 0 {
			if l.policy {
				l.report(c.obj, needlessArgument, at.key("name"), fmt.Sprintf("%s takes no parameters", t))
			}
			continue
		}
		if !ok {
			l.report(c.obj, unknownArgument, at.key("name"), fmt.Sprintf("%s has no input parameter %q", t, p.Name), likely(p.Name, parameterNames(t.Inputs.Parameters)))
			continue
		}
		l.checkEnum(c.obj, at.key("value"), p, in)
	}
	var artifacts []string
	for _, a := range t.Inputs.Artifacts {
		artifacts = append(artifacts, a.Name)
		if !a.Optional && !a.HasLocationOrKey() && passed.GetArtifactByName(a.Name) == nil {
			l.report(c.obj, missingArgument, c.at, fmt.Sprintf("%s does not pass the artifact %q to %s", c, a.Name, t), subject("inputs.artifacts."+a.Name+" was not supplied"))
		}
	}
	for i, a := range c.args.Artifacts {
		if !slices.Contains(artifacts, a.Name) {
			l.report(c.obj, unknownArgument, c.argsAt.key("artifacts").index(i).key("name"), fmt.Sprintf("%s has no input artifact %q", t, a.Name), likely(a.Name, artifacts))
		}
	}
}

// checkSubmission compares the arguments of a run with the template object
// that it submits.
func (l *linter) checkSubmission(o *object) {
	names := parameterNames(o.base.spec.Arguments.Parameters)
	for i, p := range o.spec.Arguments.Parameters {
		at := o.specAt.keys("arguments", "parameters").index(i)
		declared := o.base.spec.Arguments.GetParameterByName(p.Name)
		switch {
		case declared != nil:
			l.checkEnum(o, at.key("value"), p, *declared)
		case !o.base.reads(p.Name):
			l.report(o, unknownArgument, at.key("name"), fmt.Sprintf("%s has no parameter %q", o.base, p.Name), likely(p.Name, names))
		}
	}
}

// reads says whether a template object uses a parameter that it may not
// declare: as a global one, or as an input of its entrypoint.
func (o *object) reads(name string) bool {
	for _, t := range o.templates {
		if t.Inputs.GetParameterByName(name) != nil {
			return true
		}
	}
	found := false
	eachField(o.lookup(o.specAt), o.specAt, func(_ path, s string) {
		found = found || strings.Contains(s, "workflow.parameters") && strings.Contains(s, name)
	})
	return found
}

func (l *linter) checkEnum(o *object, at path, p, declared wfv1.Parameter) {
	if p.Value == nil || len(declared.Enum) == 0 || hasTag(p.Value.String()) {
		return
	}
	var allowed []string
	for _, v := range declared.Enum {
		if v == *p.Value {
			return
		}
		allowed = append(allowed, v.String())
	}
	l.report(o, argumentEnum, at, fmt.Sprintf("%q is no value of %q", short(p.Value.String(), 40), p.Name), fix("use one of "+strings.Join(allowed, ", ")))
}

func parameterNames(list []wfv1.Parameter) (names []string) {
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

// likely offers the name that was probably meant.
func likely(name string, names []string) option {
	s := newSymbols(names...)
	return func(f *Finding) {
		if near := s.nearest(name); near != "" {
			f.Fix = fmt.Sprintf("did you mean %q?", near)
		}
	}
}

// afterRun says whether a template may run as the workflow's exit handler,
// where workflow.failures is known. A library's may.
func (l *linter) afterRun(t *tmpl) bool {
	if l.exit == nil {
		l.exit = map[*tmpl]bool{}
		for _, o := range l.objects {
			for _, c := range o.calls {
				if c.kind == "exit handler" || c.kind == "hook" && c.name == string(wfv1.ExitLifecycleEvent) {
					l.mark(c)
					if _, missing := l.target(c); missing {
						for _, t := range o.templates {
							l.exit[t] = true // it may be any of them
						}
					}
				}
			}
		}
	}
	return l.exit[t] || t.obj.isLibrary()
}

// mark marks what an exit handler starts.
func (l *linter) mark(c *call) {
	t, _ := l.target(c)
	if t == nil || l.exit[t] {
		return
	}
	l.exit[t] = true
	for _, inner := range t.calls {
		l.mark(inner)
		for _, h := range inner.hooks {
			l.mark(h)
		}
	}
}
