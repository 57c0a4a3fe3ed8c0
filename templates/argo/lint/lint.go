// Package lint finds mistakes in Argo Workflows manifests before a cluster
// does: Argo's own validator first, then rules for what it lets through, such
// as a tag that names nothing and reaches the container as it is written, or
// two tracks that write the same key.
//
// It promises findings that name the file, line, field, rule and what to do;
// the same findings for the same bytes (of several mistakes, Argo's validator
// names any one first); and no panic, whatever the bytes are. It needs no
// cluster and no network. It will not look up a template that is not among
// the files it was given, nor run anything.
package lint

import (
	"cmp"
	"context"
	"slices"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// A File is one file with any number of YAML documents. Documents that are no
// Workflow, WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow only
// have to be YAML.
type File struct {
	Name string
	Data []byte
}

// Options choose what is looked for. The zero value looks for mistakes.
type Options struct {
	// Policy adds the rules of the house: what is allowed, but not done here.
	Policy bool
}

// A Finding is one thing that a rule has to say. Its JSON is a stable
// contract.
type Finding struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Object is the kind and name of the object, such as WorkflowTemplate/a.
	Object string `json:"object"`
	// Path is the field, such as spec.templates[2].container.args[0].
	Path     string `json:"path"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`

	// subjects are words by which Argo's validator would say the same.
	subjects []string
}

// Check returns the findings on a set of files, sorted by place. Files of one
// call see each other: a template of one may be used by another. It stops
// early when ctx ends.
func Check(ctx context.Context, files []File, opts Options) []Finding {
	l := read(files)
	l.policy = opts.Policy
	for _, o := range l.objects {
		if ctx.Err() != nil {
			break
		}
		o.scopes = l.scopes(o)
		l.checkTags(o)
		l.checkExpressions(o)
		l.checkCalls(o)
		l.checkFanOuts(o)
		l.checkDepends(o)
		l.checkWhen(o)
		l.checkRetries(o)
		l.checkDurations(o)
		l.checkKeys(o)
		l.checkVolumes(o)
		l.checkLocks(o)
		l.checkStrategies(o)
		l.checkSecrets(o)
		if l.policy {
			l.checkHousePolicy(o)
			l.checkPodPolicy(o)
		}
		// Last, so that what a rule said better is not said again.
		l.checkArgo(ctx, o)
	}
	return sorted(l.findings)
}

// A linter holds what one call of Check has read and found.
type linter struct {
	policy   bool
	objects  []*object
	findings []Finding
	// bound are the parameters that event bindings pass to template objects.
	bound map[string][]wfv1.Parameter
	// exit are the templates that may run as an exit handler, once asked for.
	exit map[*tmpl]bool
}

// read loads files, and then ties together what refers to each other.
func read(files []File) *linter {
	l := &linter{findings: []Finding{}, bound: map[string][]wfv1.Parameter{}}
	for _, f := range files {
		l.load(f)
	}
	for _, o := range l.objects {
		o.build(l)
	}
	return l
}

// report adds a finding at a field. The fix of the rule is used unless it is
// given here.
func (l *linter) report(o *object, r *Rule, at path, message string, more ...option) *Finding {
	line, column := o.doc.place(at)
	l.findings = append(l.findings, Finding{
		File: o.doc.file, Line: line, Column: column, Object: o.String(), Path: string(at),
		Rule: r.ID, Severity: r.severity(), Message: message, Fix: r.Fix,
	})
	f := &l.findings[len(l.findings)-1]
	for _, m := range more {
		m(f)
	}
	return f
}

// An option changes a finding that is being reported.
type option func(*Finding)

func fix(text string) option     { return func(f *Finding) { f.Fix = text } }
func subject(text string) option { return func(f *Finding) { f.subjects = append(f.subjects, text) } }

func onLine(n int) option {
	return func(f *Finding) {
		if n > 0 {
			f.Line, f.Column = n, 1
		}
	}
}

func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(list, func(a, b Finding) bool {
		return a.File == b.File && a.Line == b.Line && a.Path == b.Path && a.Rule == b.Rule && a.Message == b.Message
	})
}
