package lint

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/validate"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	argoInvalid = &Rule{
		ID: "argo-invalid", Class: Mistake,
		What: "Argo's own validator refuses the object.",
		Fix:  "mend what the validator names; it stops at the first mistake, so there may be more",
	}
	argoSubmit = &Rule{
		ID: "argo-submit", Class: Mistake,
		What: "Argo's own validator refuses a run of the template, though it accepts the template.",
		Fix:  "mend what the validator names; it stops at the first mistake, so there may be more",
	}
	argoRules = []*Rule{argoInvalid, argoSubmit}
)

// validator guards Argo's validator: it counts placeholders in a variable of
// its package, and logs to logrus.
var validator = struct {
	sync.Mutex
	quiet sync.Once
}{}

func validateQuietly(f func() error) error {
	validator.quiet.Do(func() { logrus.SetOutput(io.Discard) })
	validator.Lock()
	defer validator.Unlock()
	return guard(f)
}

// checkArgo asks Argo's validator, and leaves out what a rule has said with a
// place and a fix.
func (l *linter) checkArgo(ctx context.Context, o *object) {
	if err := l.validate(ctx, o); err != nil {
		l.reportArgo(o, argoInvalid, err)
		return
	}
	if err := l.validateSubmission(o); err != nil {
		l.reportArgo(o, argoSubmit, err)
	}
}

// validate checks the object as Argo's linter does.
func (l *linter) validate(ctx context.Context, o *object) error {
	namespaced, cluster := templateGetter{l, o}, clusterGetter{l, o}
	opts := validate.ValidateOpts{Lint: true}
	return validateQuietly(func() error {
		switch t := o.typed.(type) {
		case *wfv1.Workflow:
			return validate.ValidateWorkflow(namespaced, cluster, t.DeepCopy(), nil, opts)
		case *wfv1.WorkflowTemplate:
			return validate.ValidateWorkflowTemplate(namespaced, cluster, t.DeepCopy(), nil, opts)
		case *wfv1.ClusterWorkflowTemplate:
			return validate.ValidateClusterWorkflowTemplate(namespaced, cluster, t.DeepCopy(), nil, opts)
		case *wfv1.CronWorkflow:
			return validate.ValidateCronWorkflow(ctx, namespaced, cluster, t.DeepCopy(), nil)
		}
		return nil
	})
}

// validateSubmission checks a run of a template, with every argument given:
// only then does Argo resolve global parameters.
func (l *linter) validateSubmission(o *object) error {
	if !strings.HasSuffix(o.kind, "WorkflowTemplate") || o.isLibrary() {
		return nil
	}
	wf := &wfv1.Workflow{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "lint-", Namespace: o.namespace},
		Spec: wfv1.WorkflowSpec{
			WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: o.name, ClusterScope: o.kind == "ClusterWorkflowTemplate"},
		},
	}
	given := &wf.Spec.Arguments
	for _, p := range slices.Concat(o.spec.Arguments.Parameters, o.passed) {
		if p.Value != nil || p.ValueFrom != nil || given.GetParameterByName(p.Name) != nil {
			continue
		}
		given.Parameters = append(given.Parameters, wfv1.Parameter{Name: p.Name, Value: wfv1.AnyStringPtr(sample(p))})
	}
	for _, a := range slices.Concat(o.spec.Arguments.Artifacts, o.entryInputs().Artifacts) {
		if a.From == "" && !a.HasLocationOrKey() && given.GetArtifactByName(a.Name) == nil {
			given.Artifacts = append(given.Artifacts, wfv1.Artifact{Name: a.Name, ArtifactLocation: wfv1.ArtifactLocation{Raw: &wfv1.RawArtifact{Data: "x"}}})
		}
	}
	return validateQuietly(func() error {
		return validate.ValidateWorkflow(templateGetter{l, o}, clusterGetter{l, o}, wf, nil, validate.ValidateOpts{Submit: true})
	})
}

// sample is a value that a parameter may have.
func sample(p wfv1.Parameter) string {
	switch {
	case p.Default != nil:
		return p.Default.String()
	case len(p.Enum) > 0:
		return p.Enum[0].String()
	default:
		return "x"
	}
}

func (l *linter) reportArgo(o *object, r *Rule, err error) {
	text := cleanArgo(err.Error())
	for _, f := range l.findings {
		same := func(s string) bool { return strings.Contains(text, s) }
		if f.File == o.doc.file && f.Object == o.String() && slices.ContainsFunc(f.subjects, same) {
			return
		}
	}
	l.report(o, r, o.argoPlace(text), short(text, 300))
}

var stand = regexp.MustCompile(`__argo__internal__placeholder-\d+`)

// cleanArgo takes out what differs from one run to the next.
func cleanArgo(text string) string { return stand.ReplaceAllString(text, "…") }

var (
	inTask     = regexp.MustCompile(`templates\.([\w-]+)\.(?:tasks\.|steps\[\d+\]\.)([\w-]+)`)
	inTemplate = regexp.MustCompile(`templates\.([\w-]+)`)
	inArgument = regexp.MustCompile(`spec\.arguments\.([\w-]+?)\.(?:value|enum|default)`)
)

// argoPlace finds the field that a message of the validator is about, as far
// as the message says: the last template it names, or the task.
func (o *object) argoPlace(text string) path {
	if m := inTemplate.FindAllStringSubmatch(text, -1); m != nil {
		last := m[len(m)-1][1]
		if tasks := inTask.FindAllStringSubmatch(text, -1); tasks != nil && tasks[len(tasks)-1][1] == last {
			for _, c := range o.everyCall() {
				if c.in != nil && c.in.Name == last && c.name == tasks[len(tasks)-1][2] {
					return c.at
				}
			}
		}
		if t := o.byName[last]; t != nil {
			return t.at
		}
	}
	if m := inArgument.FindStringSubmatch(text); m != nil {
		for i, p := range o.spec.Arguments.Parameters {
			if p.Name == m[1] {
				return o.specAt.keys("arguments", "parameters").index(i)
			}
		}
	}
	for _, field := range []string{"entrypoint", "onExit", "podGC", "hooks", "arguments", "schedule", "timezone"} {
		if strings.Contains(text, field) {
			return o.specAt.key(field)
		}
	}
	return o.specAt
}

// templateGetter finds WorkflowTemplates among the files for Argo's validator.
type templateGetter struct {
	l    *linter
	from *object
}

func (g templateGetter) Get(name string) (*wfv1.WorkflowTemplate, error) {
	if o := g.l.templateObject(g.from, name, false); o != nil {
		return o.typed.(*wfv1.WorkflowTemplate).DeepCopy(), nil
	}
	return nil, notAmongFiles("workflowtemplates", name)
}

// clusterGetter does the same for ClusterWorkflowTemplates.
type clusterGetter struct {
	l    *linter
	from *object
}

func (g clusterGetter) Get(name string) (*wfv1.ClusterWorkflowTemplate, error) {
	if o := g.l.templateObject(g.from, name, true); o != nil {
		return o.typed.(*wfv1.ClusterWorkflowTemplate).DeepCopy(), nil
	}
	return nil, notAmongFiles("clusterworkflowtemplates", name)
}

func notAmongFiles(resource, name string) error {
	return fmt.Errorf("%w: not among the files", errors.NewNotFound(schema.GroupResource{Group: "argoproj.io", Resource: resource}, name))
}
