package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	"github.com/expr-lang/expr"
)

var (
	dependsSyntax = &Rule{
		ID: "depends-syntax", Class: Mistake,
		What: "A depends expression does not compile; the run ends with an error when it gets there.",
		Fix:  "join task names with &&, || and !, each as it is or as task.Succeeded, .Failed, .Errored, .Skipped, .Omitted, .Daemoned, .AnySucceeded or .AllFailed",
	}
	unknownDependency = &Rule{
		ID: "unknown-dependency", Class: Mistake,
		What: "A task waits for one that is not in its DAG.",
		Fix:  "mend the name; names in depends have letters, digits and hyphens only",
	}
	dependsRules = []*Rule{dependsSyntax, unknownDependency}
)

// tasks is a DAG as Argo's helpers want to see it.
type tasks map[string]*wfv1.DAGTask

func tasksOf(t *tmpl) tasks {
	if t.tasks == nil {
		t.tasks = tasks{}
		for _, c := range t.calls {
			if c.task != nil {
				t.tasks[c.name] = c.task
			}
		}
	}
	return t.tasks
}

func (m tasks) GetTask(name string) *wfv1.DAGTask {
	if t := m[name]; t != nil {
		return t
	}
	return &wfv1.DAGTask{}
}

func (m tasks) GetTaskDependencies(name string) []string {
	var list []string
	deps, _ := common.GetTaskDependencies(m.GetTask(name), m)
	for d := range deps {
		list = append(list, d)
	}
	slices.Sort(list)
	return list
}

func (tasks) GetTaskFinishedAtTime(string) time.Time { return time.Time{} }

// predecessors are the names of the tasks or steps that are over when this
// one starts; nil when that cannot be told, because a task is waited for that
// does not exist.
func (c *call) predecessors() map[string]bool {
	if c.over == nil {
		c.over = c.findPredecessors()
	}
	return c.over
}

func (c *call) findPredecessors() map[string]bool {
	over := map[string]bool{}
	if c.task == nil {
		for _, other := range c.in.calls {
			if other.group < c.group {
				over[other.name] = true
			}
		}
		return over
	}
	// Argo's own walk does not end where tasks wait for each other.
	all := tasksOf(c.in)
	for todo := c.directly(all); len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if all[name] == nil {
			return nil
		}
		if !over[name] {
			over[name] = true
			todo = append(todo, c.in.call(name).directly(all)...)
		}
	}
	return over
}

// directly are the tasks that a task names in depends or dependencies.
func (c *call) directly(all tasks) []string {
	if c.waits == nil {
		c.waits = append([]string{}, all.GetTaskDependencies(c.name)...)
	}
	return c.waits
}

func (t *tmpl) call(name string) *call {
	i := slices.IndexFunc(t.calls, func(c *call) bool { return c.name == name && c.task != nil })
	return t.calls[i]
}

// results are the fields that Argo gives a task in a depends expression.
type results struct {
	Succeeded, Failed, Errored, Skipped, Omitted, Daemoned, AnySucceeded, AllFailed bool
}

var position = regexp.MustCompile(` \(\d+:\d+\)$`)

func (l *linter) checkDepends(o *object) {
	for _, t := range o.templates {
		all := tasksOf(t)
		for _, c := range t.calls {
			if c.task != nil {
				l.checkDependsOf(c, all)
			}
		}
	}
}

func (l *linter) checkDependsOf(c *call, all tasks) {
	at := c.at.key("depends")
	if c.task.Depends == "" {
		at = c.at.key("dependencies")
	}
	env := map[string]any{}
	unknown := false
	for _, name := range all.GetTaskDependencies(c.name) {
		env[strings.ReplaceAll(name, "-", "_")] = results{}
		if all[name] == nil {
			unknown = true
			l.report(c.obj, unknownDependency, at, fmt.Sprintf("%s waits for %q, which is not in its DAG", c, name), subject("invalid dependency "+name))
		}
	}
	if unknown || c.task.Depends == "" || hasTag(c.task.Depends) {
		return
	}
	_, logic := common.GetTaskDependencies(c.task, all)
	if err := guard(func() error {
		_, err := expr.Compile(strings.ReplaceAll(logic, "-", "_"), expr.Env(env), expr.AsBool())
		return err
	}); err != nil {
		// The place that is named is one in the text that Argo makes of it.
		text := position.ReplaceAllString(firstLine(err.Error()), "")
		text = strings.Replace(text, "type lint.results has no field", "a task has no result", 1)
		l.report(c.obj, dependsSyntax, at, fmt.Sprintf("%q: %s", short(c.task.Depends, 60), text), subject("for task '"))
	}
}
