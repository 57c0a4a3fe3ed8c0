package lint

import (
	"fmt"
	"strconv"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var (
	retryLimit = &Rule{
		ID: "retry-limit", Class: Mistake,
		What: "The number of retries, or a backoff's factor, is no whole number; the run ends with an error when a step fails.",
		Fix:  "give a number, such as 2",
	}
	retryBackoff = &Rule{
		ID: "retry-backoff", Class: Mistake,
		What: "A backoff does not work as it stands: without a duration the run ends with an error, without a limit there is no waiting.",
		Fix:  "give both backoff.duration and limit",
	}
	retryRules = []*Rule{retryLimit, retryBackoff}
)

// checkRetries looks at what is only read once a step has failed.
func (l *linter) checkRetries(o *object) {
	l.retry(o, o.specAt.key("retryStrategy"), o.spec.RetryStrategy)
	for _, t := range o.templates {
		l.retry(o, t.at.key("retryStrategy"), t.RetryStrategy)
		if t.ContainerSet != nil && t.ContainerSet.RetryStrategy != nil {
			l.wholeNumber(o, t.at.keys("containerSet", "retryStrategy", "retries"), t.ContainerSet.RetryStrategy.Retries)
		}
	}
}

func (l *linter) retry(o *object, at path, r *wfv1.RetryStrategy) {
	if r == nil {
		return
	}
	l.wholeNumber(o, at.key("limit"), r.Limit)
	if r.Expression != "" {
		l.field(o, at.key("expression"), r.Expression, newSymbols(retryNames...))
	}
	b := r.Backoff
	if b == nil {
		return
	}
	at = at.key("backoff")
	l.wholeNumber(o, at.key("factor"), b.Factor)
	switch {
	case b.Duration == "":
		l.report(o, retryBackoff, at, "the backoff has no duration")
	case r.Limit == nil:
		l.report(o, retryBackoff, at, "the backoff has no limit beside it: attempts follow each other at once")
	}
	l.secondsOrDuration(o, at.key("duration"), b.Duration)
	l.secondsOrDuration(o, at.key("maxDuration"), b.MaxDuration)
	l.secondsOrDuration(o, at.key("cap"), b.Cap)
}

func (l *linter) wholeNumber(o *object, at path, n *intstr.IntOrString) {
	if n == nil || n.Type == intstr.Int || hasTag(n.StrVal) {
		return
	}
	if _, err := strconv.ParseInt(n.StrVal, 10, 32); err != nil {
		l.report(o, retryLimit, at, fmt.Sprintf("%q is no whole number", short(n.StrVal, 40)))
	}
}
