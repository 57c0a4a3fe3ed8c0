package lint

import (
	"fmt"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	removedField = &Rule{
		ID: "removed-field", Class: Policy,
		What: "A field is gone in Argo 4: schedule, mutex or semaphore.",
		Fix:  "use the plural: schedules, mutexes, semaphores",
	}
	defaultRetry = &Rule{
		ID: "retry-not-on-leaf", Class: Policy,
		What: "A retryStrategy stands on a DAG, on steps, in the defaults or on the whole workflow: a retry repeats everything below it.",
		Fix:  "put it on the container templates that are to be tried again",
	}
	boundlessRetry = &Rule{
		ID: "retry-open", Class: Policy,
		What: "A retryStrategy lacks its limit, its policy Always, or an expression that says what is worth a second try.",
		Fix:  "give limit, retryPolicy: Always and an expression on lastRetry.exitCode",
	}
	artifactGCUsed = &Rule{
		ID: "artifact-gc", Class: Policy,
		What: "artifactGC adds a finalizer that keeps a workflow from being deleted when it fails.",
		Fix:  "let the bucket's lifecycle rules delete old objects",
	}
	hookUsed = &Rule{
		ID: "hook", Class: Policy,
		What: "Lifecycle hooks miss short steps and disturb retries.",
		Fix:  "use one onExit, and tasks for the rest",
	}
	expressionTag = &Rule{
		ID: "expression-tag", Class: Policy,
		What: "An expression tag that fails is left as it is, and reaches the container.",
		Fix:  "use a simple tag, and compute in the step",
	}
	foreignTag = &Rule{
		ID: "inexact-tag", Class: Policy,
		What: "A tag has spaces, or names nothing of Argo's.",
		Fix:  "write tags without spaces, and only Argo's",
	}
	fanOutWhen = &Rule{
		ID: "fan-out-when", Class: Policy,
		What: "A fan-out has a when condition: whether it skips all or some depends on how it is written.",
		Fix:  "choose the items where the list is made",
	}
	aggregated = &Rule{
		ID: "aggregated-outputs", Class: Policy,
		What: "The outputs of a fan-out are gathered in one parameter: failed runs are left out, none at all hangs, and it has to fit into the workflow.",
		Fix:  "write to the store under one prefix, and read that",
	}
	runKey = &Rule{
		ID: "key-of-run", Class: Policy,
		What: "An object key has the workflow's uid or name, which a resubmitted run does not share.",
		Fix:  "build keys from parameters that the submitter chooses",
	}
	housePolicies = []*Rule{
		removedField, defaultRetry, boundlessRetry, artifactGCUsed, hookUsed, expressionTag, foreignTag, fanOutWhen, aggregated, runKey,
	}
)

// checkHousePolicy looks for what Argo allows but what is not done here.
func (l *linter) checkHousePolicy(o *object) {
	l.removed(o, o.specAt.key("synchronization"), o.spec.Synchronization)
	if cron, ok := o.typed.(*wfv1.CronWorkflow); ok && cron.Spec.Schedule != "" {
		l.report(o, removedField, o.at.keys("spec", "schedule"), "schedule is gone in Argo 4")
	}
	if o.spec.RetryStrategy != nil {
		l.report(o, defaultRetry, o.specAt.key("retryStrategy"), "the whole workflow is tried again")
	}
	if o.spec.ArtifactGC != nil && o.spec.ArtifactGC.Strategy != wfv1.ArtifactGCNever {
		l.report(o, artifactGCUsed, o.specAt.key("artifactGC"), "artifactGC is in use")
	}
	for _, c := range o.everyCall() {
		if c.kind == "hook" {
			l.report(o, hookUsed, c.at, fmt.Sprintf("%s is a lifecycle hook", c))
		}
	}
	for _, t := range o.templates {
		l.templatePolicy(t)
	}
	l.tagPolicy(o)
}

func (l *linter) removed(o *object, at path, s *wfv1.Synchronization) {
	if s == nil {
		return
	}
	if s.Mutex != nil {
		l.report(o, removedField, at.key("mutex"), "mutex is gone in Argo 4")
	}
	if s.Semaphore != nil {
		l.report(o, removedField, at.key("semaphore"), "semaphore is gone in Argo 4")
	}
}

func (l *linter) templatePolicy(t *tmpl) {
	l.removed(t.obj, t.at.key("synchronization"), t.Synchronization)
	if r := t.RetryStrategy; r != nil {
		at := t.at.key("retryStrategy")
		switch {
		case t.defaults || t.DAG != nil || t.Steps != nil:
			l.report(t.obj, defaultRetry, at, fmt.Sprintf("a retry of %s repeats all that it starts", t))
		case r.Limit == nil || r.RetryPolicy != wfv1.RetryPolicyAlways || r.Expression == "":
			l.report(t.obj, boundlessRetry, at, fmt.Sprintf("the retries of %s need limit, retryPolicy: Always and expression", t))
		}
	}
	for i, a := range t.Outputs.Artifacts {
		at := t.at.keys("outputs", "artifacts").index(i)
		if a.ArtifactGC != nil && a.ArtifactGC.Strategy != wfv1.ArtifactGCNever {
			l.report(t.obj, artifactGCUsed, at.key("artifactGC"), "artifactGC is in use")
		}
		if s, ok := keyOf(t, at, &t.Outputs.Artifacts[i].ArtifactLocation); ok && (strings.Contains(s.key, "workflow.uid") || strings.Contains(s.key, "workflow.name")) {
			l.report(t.obj, runKey, s.at, fmt.Sprintf("the key %q belongs to one workflow only", short(s.key, 80)))
		}
	}
	for _, c := range t.calls {
		if c.fansOut() && c.when != "" {
			l.report(t.obj, fanOutWhen, c.at.key("when"), fmt.Sprintf("%s is a fan-out with a condition", c))
		}
		if c.fansOut() {
			l.gathered(t, c)
		}
	}
}

// gathered looks for uses of a fan-out's outputs.
func (l *linter) gathered(t *tmpl, c *call) {
	for _, other := range t.calls {
		for i, p := range other.args.Parameters {
			if p.Value != nil && strings.Contains(p.Value.String(), c.prefix()+"outputs.") {
				l.report(t.obj, aggregated, other.argsAt.key("parameters").index(i).key("value"), fmt.Sprintf("%s takes the gathered outputs of %s", other, c))
			}
		}
	}
}

// tagPolicy looks at how tags are written.
func (l *linter) tagPolicy(o *object) {
	eachField(o.lookup(o.specAt), o.specAt, func(at path, text string) {
		tags, _ := scan(text)
		for _, t := range tags {
			here := onLine(o.doc.lineIn(at, text, t.start))
			switch {
			case t.expression:
				l.report(o, expressionTag, at, fmt.Sprintf("{{=%s}} is an expression", short(t.text, 40)), here)
			case t.text != t.name() || !isArgoName(t.name()):
				l.report(o, foreignTag, at, fmt.Sprintf("{{%s}} is no exact tag of Argo's", short(t.text, 40)), here)
			}
		}
	})
}
