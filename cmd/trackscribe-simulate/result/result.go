// Package result tells how a simulated run went: as a tree of what the
// controller did, with times, attempts and reasons, and with everything about
// it that must not be.
package result

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// A Result is how a run went. Its JSON is a stable contract.
type Result struct {
	Workflow string  `json:"workflow"`
	Template string  `json:"template,omitempty"`
	State    string  `json:"state"` // Argo's phase: Succeeded, Failed, Error
	Hangs    bool    `json:"hangs,omitempty"`
	Message  string  `json:"message,omitempty"`
	Seconds  float64 `json:"seconds"`
	Pods     int     `json:"pods"`
	// Bytes is the largest size of the Workflow object.
	Bytes int     `json:"workflowBytes"`
	Nodes []*Node `json:"nodes"`
	// Waiting names what a run that hangs waits for.
	Waiting []string `json:"waiting,omitempty"`
	// Problems are what must not be, whatever the run's state.
	Problems []string `json:"problems,omitempty"`
}

// A Node is a task, a track of one, or a group of them.
type Node struct {
	Name     string    `json:"name"`
	Template string    `json:"template,omitempty"`
	Track    *int      `json:"track,omitempty"`
	State    string    `json:"state"` // Argo's phase
	Message  string    `json:"message,omitempty"`
	Start    float64   `json:"start"` // seconds since the run's start
	Seconds  float64   `json:"seconds"`
	Attempts []Attempt `json:"attempts,omitempty"`
	Nodes    []*Node   `json:"nodes,omitempty"`
}

// An Attempt is one pod.
type Attempt struct {
	State   string  `json:"state"`
	Exit    int     `json:"exit"`
	Lost    bool    `json:"lost,omitempty"`
	Message string  `json:"message,omitempty"`
	Start   float64 `json:"start"`
	Seconds float64 `json:"seconds"`
}

// New reads an outcome.
func New(o *cluster.Outcome) Result {
	wf := o.Workflow
	r := Result{
		Workflow: wf.Name, State: string(wf.Status.Phase), Hangs: o.Hangs, Message: wf.Status.Message,
		Seconds: o.Took.Seconds(), Pods: len(o.Pods), Bytes: o.Size, Nodes: []*Node{},
	}
	if ref := wf.Spec.WorkflowTemplateRef; ref != nil {
		r.Template = ref.Name
	}
	b := builder{outcome: o, pods: map[string][]kubelet.Record{}}
	for _, p := range o.Pods {
		b.pods[p.Pod.NodeID] = append(b.pods[p.Pod.NodeID], p)
	}
	r.Nodes = b.tree()
	if o.Hangs {
		r.Waiting = waiting(wf)
	}
	r.Problems = tags(o)
	return r
}

// builder makes the tree of nodes. Argo keeps them in a flat map, linked in the
// order in which they ran; what belongs to what is told by their names:
// "run.pad-track(0:0)(1)" is the second attempt of the first track of a task.
type builder struct {
	outcome  *cluster.Outcome
	pods     map[string][]kubelet.Record // by node id
	children map[string][]wfv1.NodeStatus
}

func (b *builder) tree() []*Node {
	wf := b.outcome.Workflow
	names := map[string]bool{}
	for _, n := range wf.Status.Nodes {
		names[n.Name] = true
	}
	b.children = map[string][]wfv1.NodeStatus{}
	var root *wfv1.NodeStatus
	for _, id := range slices.Sorted(maps.Keys(wf.Status.Nodes)) {
		n := wf.Status.Nodes[id]
		if p := parent(n.Name, names); p != "" {
			b.children[p] = append(b.children[p], n)
		} else {
			root = &n
		}
	}
	if root == nil {
		return []*Node{}
	}
	var exits []wfv1.NodeStatus
	b.children[root.Name] = slices.DeleteFunc(b.children[root.Name], func(n wfv1.NodeStatus) bool {
		exit := n.Name == root.Name+".onExit"
		if exit {
			exits = append(exits, n)
		}
		return exit
	})
	list := b.members(*root)
	if len(list) == 0 || root.Type == wfv1.NodeTypeRetry {
		list = []*Node{b.node(*root, "")} // the entrypoint is a pod, or is tried again
	}
	for _, n := range exits {
		list = append(list, b.node(n, root.Name))
	}
	return list
}

// parent returns the longest name that the given one continues.
func parent(name string, names map[string]bool) string {
	for i := len(name) - 1; i > 0; i-- {
		if strings.IndexByte("(.[", name[i]) >= 0 && names[name[:i]] {
			return name[:i]
		}
	}
	return ""
}

// members returns the nodes below one, in the order of its template.
func (b *builder) members(of wfv1.NodeStatus) []*Node {
	order := b.order(of)
	children := slices.Clone(b.children[of.Name])
	place := func(n wfv1.NodeStatus) int {
		if i, ok := order[shortName(n.Name, of.Name)]; ok {
			return i
		}
		if m := itemName.FindStringSubmatch(n.Name); m != nil {
			i, _ := strconv.Atoi(m[1]) // the pattern matches numbers only
			return i
		}
		return len(order)
	}
	slices.SortFunc(children, func(x, y wfv1.NodeStatus) int {
		return cmp.Or(cmp.Compare(place(x), place(y)), strings.Compare(x.Name, y.Name))
	})
	list := []*Node{}
	for _, c := range children {
		if c.Type == wfv1.NodeTypeStepGroup {
			list = append(list, b.members(c)...) // only a place in the order of steps
			continue
		}
		list = append(list, b.node(c, of.Name))
	}
	return list
}

// order returns where each task stands in the template behind a node.
func (b *builder) order(n wfv1.NodeStatus) map[string]int {
	order := map[string]int{}
	if t := template(b.outcome.Workflow, n); t != nil && t.DAG != nil {
		for i, task := range t.DAG.Tasks {
			order[task.Name] = i
		}
	}
	return order
}

// template finds the template behind a node: another's, or the Workflow's own.
func template(wf *wfv1.Workflow, n wfv1.NodeStatus) *wfv1.Template {
	if n.TemplateRef != nil {
		scope, name := n.GetTemplateScope()
		return wf.GetStoredTemplate(wfv1.ResourceScope(scope), name, &n)
	}
	return wf.GetTemplateByName(n.TemplateName)
}

var itemName = regexp.MustCompile(`\((\d+)(?::([^()]*))?\)$`)

// shortName is what a node is called by those beside it.
func shortName(name, parent string) string {
	rest := strings.TrimPrefix(name, parent)
	m := itemName.FindStringSubmatch(rest)
	if m == nil {
		return name[strings.LastIndexByte(name, '.')+1:]
	}
	if m[2] == "" && rest == m[0] && parent != "" {
		n, _ := strconv.Atoi(m[1]) // the pattern matches numbers only
		return fmt.Sprintf("attempt %d", n+1)
	}
	task := strings.TrimSuffix(rest, m[0])
	return task[strings.LastIndexByte(task, '.')+1:] + "[" + cmp.Or(m[2], m[1]) + "]"
}

var attemptName = regexp.MustCompile(`\(\d+\)$`)

func (b *builder) node(n wfv1.NodeStatus, parent string) *Node {
	node := &Node{Name: shortName(n.Name, parent), Template: n.TemplateName, State: string(n.Phase), Message: n.Message}
	if m := itemName.FindStringSubmatch(n.Name); m != nil && m[2] != "" {
		if track, err := strconv.Atoi(m[2]); err == nil {
			node.Track = &track
		}
	}
	switch {
	case n.Type == wfv1.NodeTypePod:
		node.Attempts = b.attempts(n)
	case n.Type == wfv1.NodeTypeRetry && b.retriesPods(n):
		for _, c := range b.members(n) {
			if strings.HasPrefix(c.Name, "attempt ") { // and no hook
				node.Attempts = append(node.Attempts, c.Attempts...)
			}
		}
	default:
		node.Nodes = b.members(n)
	}
	b.span(node)
	return node
}

// retriesPods reports whether what the node tries again are pods; it may also
// be a whole DAG.
func (b *builder) retriesPods(n wfv1.NodeStatus) bool {
	return !slices.ContainsFunc(b.children[n.Name], func(c wfv1.NodeStatus) bool {
		return attemptName.MatchString(c.Name) && c.Type != wfv1.NodeTypePod
	})
}

// attempts are the pods of a node. When one vanishes just as the controller
// looks at something else, the controller makes it anew under the same node;
// usually the node fails with it.
func (b *builder) attempts(n wfv1.NodeStatus) []Attempt {
	records := b.pods[n.ID]
	if len(records) == 0 {
		return []Attempt{{State: string(n.Phase), Message: n.Message}}
	}
	var list []Attempt
	for i, p := range records {
		a := Attempt{
			State: string(n.Phase), Message: n.Message, Exit: p.Result.Exit, Lost: p.Result.Lost,
			Start: p.Started.Sub(b.outcome.Started).Seconds(),
		}
		if i < len(records)-1 {
			a.State, a.Message = string(wfv1.NodeError), "pod deleted"
		}
		if !p.Ended.IsZero() {
			a.Seconds = p.Ended.Sub(p.Started).Seconds()
		}
		list = append(list, a)
	}
	return list
}

// span gives a node the time of what is in it: the controller dates nodes to
// the second only.
func (b *builder) span(n *Node) {
	var start, end float64
	add := func(s, seconds float64) {
		if end == 0 || s < start {
			start = s
		}
		end = max(end, s+seconds)
	}
	for _, a := range n.Attempts {
		add(a.Start, a.Seconds)
	}
	for _, c := range n.Nodes {
		if c.Start+c.Seconds > 0 {
			add(c.Start, c.Seconds)
		}
	}
	n.Start, n.Seconds = start, end-start
}

// waiting names the nodes that have not ended and the tasks that never began.
func waiting(wf *wfv1.Workflow) []string {
	var list []string
	have := map[string]bool{}
	for _, n := range wf.Status.Nodes {
		have[n.Name] = true
	}
	for _, n := range wf.Status.Nodes {
		t := template(wf, n)
		switch {
		case n.Fulfilled():
		case t != nil && t.DAG != nil:
			for _, task := range t.DAG.Tasks {
				if !have[n.Name+"."+task.Name] {
					list = append(list, task.Name+" never started")
				}
			}
		default:
			list = append(list, strings.TrimPrefix(n.Name, wf.Name+".")+" is "+string(n.Phase))
		}
	}
	slices.Sort(list)
	return list
}

// seconds tells a time for people.
func seconds(s float64) string {
	return strconv.FormatFloat(time.Duration(s*float64(time.Second)).Round(10*time.Millisecond).Seconds(), 'f', 2, 64) + " s"
}
