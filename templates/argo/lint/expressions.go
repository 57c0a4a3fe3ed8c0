package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

var (
	badExpression = &Rule{
		ID: "bad-expression", Class: Mistake,
		What: "An expression does not compile. In a tag Argo leaves it as it is; elsewhere the run ends with an error when it is reached.",
		Fix:  "mend the expression (https://expr-lang.org/docs/language-definition)",
	}
	unknownVariable = &Rule{
		ID: "unknown-variable", Class: Mistake,
		What: "An expression names a variable that does not exist there.",
		Fix:  "name what exists at this place",
	}
	unknownFunction = &Rule{
		ID: "unknown-function", Class: Mistake,
		What: "An expression calls a Sprig function that Argo does not have.",
		Fix:  "use a function of Sprig 3, other than env and expandenv",
	}
	hyphen = &Rule{
		ID: "expression-hyphen", Class: Mistake,
		What: "In an expression a hyphen is a minus: a name with hyphens has to stand in brackets.",
		Fix:  "write the name as ['the-name']",
	}
	expressionRules = []*Rule{badExpression, unknownVariable, unknownFunction, hyphen}
)

// functions is what Argo gives to every expression.
var functions = exprenv.GetFuncMap(nil)

// checkExpressions compiles the fields that are expressions as a whole. Those
// in tags are compiled where the tags are.
func (l *linter) checkExpressions(o *object) {
	scopes := o.scopes
	for _, c := range o.everyCall() {
		switch {
		case c.expression != "":
			l.field(o, c.at.key("expression"), c.expression, scopes[c.at])
		case c.kind == "hook" && c.name != string(wfv1.ExitLifecycleEvent):
			l.report(o, badExpression, c.at, fmt.Sprintf("%s has no expression that says when", c), subject("Expression required"))
		}
	}
	if m := o.spec.WorkflowMetadata; m != nil {
		for name, f := range m.LabelsFrom {
			l.field(o, o.specAt.keys("workflowMetadata", "labelsFrom", name, "expression"), f.Expression, scopes[o.specAt])
		}
	}
	for _, t := range o.templates {
		l.templateExpressions(t, scopes[t.at])
	}
	l.cronExpressions(o)
}

func (l *linter) templateExpressions(t *tmpl, s *symbols) {
	for i, p := range t.Outputs.Parameters {
		if p.ValueFrom != nil && p.ValueFrom.Expression != "" {
			l.field(t.obj, t.at.keys("outputs", "parameters").index(i).keys("valueFrom", "expression"), p.ValueFrom.Expression, s)
		}
	}
	for i, a := range t.Outputs.Artifacts {
		if a.FromExpression != "" {
			l.field(t.obj, t.at.keys("outputs", "artifacts").index(i).key("fromExpression"), a.FromExpression, s)
		}
	}
	for _, c := range t.calls {
		for i, a := range c.args.Artifacts {
			if a.FromExpression != "" {
				l.field(t.obj, c.argsAt.key("artifacts").index(i).key("fromExpression"), a.FromExpression, s)
			}
		}
	}
	if t.HTTP != nil && t.HTTP.SuccessCondition != "" {
		l.field(t.obj, t.at.keys("http", "successCondition"), t.HTTP.SuccessCondition, newSymbols(
			"request.method", "request.url", "request.body", "request.bodyBytes", "request.headers",
			"response.statusCode", "response.body", "response.headers"))
	}
	if t.Data != nil {
		for i, step := range t.Data.Transformation {
			l.field(t.obj, t.at.keys("data", "transformation").index(i).key("expression"), step.Expression, newSymbols("data"))
		}
	}
}

// cronExpressions compiles what a CronWorkflow decides by.
func (l *linter) cronExpressions(o *object) {
	cron, ok := o.typed.(*wfv1.CronWorkflow)
	if !ok {
		return
	}
	s := newSymbols("cronworkflow.name", "cronworkflow.namespace", "cronworkflow.lastScheduledTime", "cronworkflow.failed",
		"cronworkflow.succeeded", "cronworkflow.labels.json", "cronworkflow.annotations.json")
	s.open = []string{"cronworkflow.labels.", "cronworkflow.annotations."}
	if stop := cron.Spec.StopStrategy; stop != nil {
		l.field(o, o.at.keys("spec", "stopStrategy", "expression"), stop.Expression, s)
	}
	tags, _ := scan(cron.Spec.When)
	for _, t := range tags {
		if t.expression {
			l.expression(o, o.at.keys("spec", "when"), t.text, s)
		}
	}
}

// field compiles an expression in which simple tags were replaced before.
func (l *linter) field(o *object, at path, code string, s *symbols) {
	if !hasTag(code) {
		l.expression(o, at, code, s)
		return
	}
	// What a tag stands for is not known: a name, a number, a word of text.
	for _, word := range []string{placeholder, "1", "''", "true"} {
		if compile(replaceTags(code, func(tag) string { return word }), s.with(placeholder)) == nil {
			return
		}
	}
	l.expression(o, at, replaceTags(code, func(tag) string { return placeholder }), s.with(placeholder))
}

// placeholder stands for what a tag is replaced by.
const placeholder = "a_value"

// expression reports what is wrong with an expression.
func (l *linter) expression(o *object, at path, code string, s *symbols, here ...option) {
	if name := hyphenated(code, s); name != "" {
		dot := strings.LastIndexByte(name, '.')
		l.report(o, hyphen, at, fmt.Sprintf("%s is read as a subtraction", name),
			append(here, fix(fmt.Sprintf("write %s['%s']", name[:dot], name[dot+1:])))...)
		return
	}
	paths, err := variables(code)
	if err == nil {
		for _, p := range paths {
			if l.unknownPath(o, at, p, s, here) {
				return
			}
		}
		err = compile(code, s)
	}
	if err != nil {
		l.report(o, badExpression, at, fmt.Sprintf("%q: %s", short(code, 60), firstLine(err.Error())), here...)
	}
}

// unknownPath reports a variable below a known root that does not exist.
func (l *linter) unknownPath(o *object, at path, p string, s *symbols, here []option) bool {
	root, rest, _ := strings.Cut(p, ".")
	if root == "sprig" {
		sprig, _ := functions["sprig"].(map[string]any)
		if sprig[rest] != nil {
			return false
		}
		l.report(o, unknownFunction, at, fmt.Sprintf("sprig.%s does not exist", rest), here...)
		return true
	}
	switch seen := s.see(p); {
	case seen.fannedOut != nil:
		l.report(o, fanOutArtifact, at, fmt.Sprintf("%s: %s runs once per item", p, seen.fannedOut), here...)
		return true
	case seen.later != nil:
		l.report(o, missingDependency, at, fmt.Sprintf("%s is used without waiting for %s", p, seen.later), here...)
		return true
	case !s.hasPath(root) || s.hasPath(p):
		return false // an unknown root does not compile
	}
	if near := s.nearest(p); near != "" {
		here = append(slices.Clone(here), fix("did you mean "+near+"?"))
	}
	l.report(o, unknownVariable, at, fmt.Sprintf("%s does not exist here", p), here...)
	return true
}

// compile compiles an expression as the controller does.
func compile(code string, s *symbols) error {
	flat := map[string]any{}
	s.each(func(n string, open bool) {
		switch {
		case open:
			flat[strings.TrimSuffix(n, ".")+".any"] = ""
		case n == "data":
			flat[n] = []any{}
		case typeless.MatchString(n):
			flat[n] = nil
		default:
			flat[n] = ""
		}
	})
	return guard(func() error {
		_, err := expr.Compile(code, expr.Env(exprenv.GetFuncMap(flat)))
		return err
	})
}

// typeless are names whose type is not known here; the others are text.
var typeless = regexp.MustCompile(`^(` + placeholder + `|request\..*|response\..*|cronworkflow\..*|.*\.artifacts\..*)$`)

var (
	quoted     = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`)
	withHyphen = regexp.MustCompile(`[A-Za-z_]\w*(?:\.[\w-]*\w)+`)
)

// hyphenated finds a known name with a hyphen that is not in brackets.
func hyphenated(code string, s *symbols) string {
	bare := quoted.ReplaceAllStringFunc(code, func(q string) string { return strings.Repeat(" ", len(q)) })
	for _, name := range withHyphen.FindAllString(bare, -1) {
		if strings.Contains(name, "-") && s.isName(name) {
			return name
		}
	}
	return ""
}

// isName says whether just this name is known, not only a prefix of it.
func (s *symbols) isName(name string) bool {
	found := false
	s.each(func(n string, open bool) { found = found || !open && n == name })
	return found
}

// variables lists the paths that an expression reads, such as
// inputs.parameters.x, but for those that it says may be missing (?? and ?.).
func variables(code string) (paths []string, err error) {
	err = guard(func() error {
		tree, err := parser.Parse(code)
		if err != nil {
			return err
		}
		v := &pathVisitor{optional: map[ast.Node]bool{}, found: map[ast.Node]string{}}
		ast.Walk(&tree.Node, v)
		for n, p := range v.found {
			if !v.optional[n] {
				paths = append(paths, p)
			}
		}
		return nil
	})
	slices.Sort(paths)
	// Of a path and what it is part of, only the longer one is read.
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		return slices.ContainsFunc(paths, func(q string) bool { return strings.HasPrefix(q, p+".") })
	}), err
}

type pathVisitor struct {
	optional map[ast.Node]bool
	found    map[ast.Node]string
}

func (v *pathVisitor) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == "??" {
			ast.Walk(&n.Left, optionalMarker(v.optional))
		}
	case *ast.MemberNode:
		if p, ok := memberPath(n); ok {
			v.found[n] = p
		}
	}
}

type optionalMarker map[ast.Node]bool

func (m optionalMarker) Visit(node *ast.Node) { m[*node] = true }

// memberPath is the dotted form of a.b['c'], if it has only constant names
// and nothing optional.
func memberPath(n *ast.MemberNode) (string, bool) {
	name, ok := n.Property.(*ast.StringNode)
	if !ok || n.Optional {
		return "", false
	}
	switch on := n.Node.(type) {
	case *ast.IdentifierNode:
		return on.Value + "." + name.Value, true
	case *ast.MemberNode:
		p, ok := memberPath(on)
		return p + "." + name.Value, ok
	default:
		return "", false
	}
}
