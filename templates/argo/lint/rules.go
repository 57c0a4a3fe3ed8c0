package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Class says what a rule's finding means.
type Class string

const (
	// Mistake is the class of rules whose finding does something that nobody
	// meant.
	Mistake Class = "mistake"
	// Policy is the class of rules whose finding works, but is not done here.
	Policy Class = "policy"
)

// A Rule is one thing that is looked for.
type Rule struct {
	ID    string `json:"id"`
	Class Class  `json:"class"`
	// What says what is wrong, and Fix what to do about it.
	What string `json:"what"`
	Fix  string `json:"fix"`
}

func (r *Rule) severity() string {
	if r.Class == Policy {
		return "warning"
	}
	return "error"
}

// Rules returns all rules: mistakes first, each class by id.
func Rules() []Rule {
	var list []Rule
	for _, family := range [][]*Rule{
		loadRules, argoRules, tagRules, expressionRules, callRules, fanOutRules, dependsRules, whenRules,
		retryRules, durationRules, keyRules, volumeRules, lockRules, strategyRules, secretRules,
		housePolicies, podPolicies,
	} {
		for _, r := range family {
			list = append(list, *r)
		}
	}
	slices.SortFunc(list, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Markdown returns the table of rules as a page of documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Lint rules

` + "`trackscribe lint`" + ` runs Argo's own validator on every object, and on a submission of every template. Then come the
rules below. They need no cluster and no network, and work on anybody's manifests.
`)
	for _, c := range []struct {
		class Class
		text  string
	}{
		{Mistake, "## Mistakes\n\nAlways looked for: the run fails, hangs, or does something that nobody meant.\n"},
		{Policy, "## House rules\n\nLooked for with `--policy`: Argo allows it, but what Trackscribe renders does not do it.\n"},
	} {
		b.WriteString("\n" + c.text + "\n| rule | what is wrong | what to do |\n|---|---|---|\n")
		for _, r := range Rules() {
			if r.Class == c.class {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.ID, cell(r.What), cell(r.Fix))
			}
		}
	}
	return b.String()
}

// cell makes text fit a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
