package lint

import (
	"fmt"
	"regexp"

	"github.com/Knetic/govaluate"
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	whenSyntax = &Rule{
		ID: "when-syntax", Class: Mistake,
		What: "A when condition does not compile; the run ends with an error when it gets there.",
		Fix:  "compare with ==, !=, <, > and join with && and ||; put text with other letters than a to z into quotes",
	}
	whenItem = &Rule{
		ID: "when-item", Class: Mistake,
		What: "A when condition has {{item}} in quotes: Argo 3.7 decides before it knows the item, and skips the whole fan-out.",
		Fix:  "choose the items where the list is made, and leave out when",
	}
	whenRules = []*Rule{whenSyntax, whenItem}
)

var quotedItem = regexp.MustCompile(`['"][^'"]*\{\{\s*item\b[^'"]*['"]`)

func (l *linter) checkWhen(o *object) {
	for _, t := range o.templates {
		for _, c := range t.calls {
			l.when(o, c.at.key("when"), c.when)
			if c.fansOut() && quotedItem.MatchString(c.when) {
				l.report(o, whenItem, c.at.key("when"), fmt.Sprintf("%q decides before the item is known", short(c.when, 60)))
			}
		}
		l.metricsWhen(o, t.at.key("metrics"), t.Metrics)
	}
	l.metricsWhen(o, o.specAt.key("metrics"), o.spec.Metrics)
	if cron, ok := o.typed.(*wfv1.CronWorkflow); ok {
		l.when(o, o.at.keys("spec", "when"), cron.Spec.When)
	}
}

func (l *linter) metricsWhen(o *object, at path, m *wfv1.Metrics) {
	if m == nil {
		return
	}
	for i, metric := range m.Prometheus {
		if metric != nil {
			l.when(o, at.key("prometheus").index(i).key("when"), metric.When)
		}
	}
}

// when compiles a condition with the parser of the controller. What its tags
// stand for is a word, or the outcome of an expression.
func (l *linter) when(o *object, at path, condition string) {
	if condition == "" {
		return
	}
	text := replaceTags(condition, func(t tag) string {
		if t.expression {
			return "true"
		}
		return placeholder
	})
	if err := guard(func() error { _, err := govaluate.NewEvaluableExpression(text); return err }); err != nil {
		l.report(o, whenSyntax, at, fmt.Sprintf("%q: %s", short(condition, 60), firstLine(err.Error())))
	}
}
