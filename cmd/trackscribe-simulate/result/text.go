package result

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// few is how many tracks are always shown. Of more, those are left out that
// succeeded at once.
const few = 8

// Print writes the result for people.
func (r Result) Print(w io.Writer) error {
	var b strings.Builder
	head := fmt.Sprintf("%s %s: %s in %s, %s", mark(r.State), cmp.Or(r.Template, r.Workflow), r.State, seconds(r.Seconds), count(r.Pods, "pod"))
	if r.Hangs {
		head = fmt.Sprintf("%s %s: hangs after %s", mark("Error"), cmp.Or(r.Template, r.Workflow), count(r.Pods, "pod"))
	}
	fmt.Fprintln(&b, head)
	if r.Message != "" && !strings.HasPrefix(r.Message, childFailed) {
		fmt.Fprintf(&b, "  %s\n", r.Message)
	}
	printNodes(&b, r.Nodes, "")
	for _, w := range r.Waiting {
		fmt.Fprintf(&b, "waits: %s\n", w)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "problem: %s\n", p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printNodes(b *strings.Builder, nodes []*Node, indent string) {
	shown, left := choose(nodes)
	for i, n := range shown {
		rail, below := "├─ ", "│  "
		if i == len(shown)-1 && left == 0 {
			rail, below = "└─ ", "   "
		}
		fmt.Fprintln(b, strings.TrimRight(pad(indent+rail+mark(n.State)+" "+n.Name, 36)+" "+n.story(), " "))
		printNodes(b, n.Nodes, indent+below)
	}
	if left > 0 {
		fmt.Fprintf(b, "%s└─ %s %d more, at once\n", indent, mark("Succeeded"), left)
	}
}

// choose leaves out what is alike in a large fan-out.
func choose(nodes []*Node) (shown []*Node, left int) {
	if len(nodes) <= few || nodes[0].Track == nil {
		return nodes, 0
	}
	for i, n := range nodes {
		if i == 0 || n.State != "Succeeded" || len(n.Attempts) > 1 {
			shown = append(shown, n)
		}
	}
	return shown, len(nodes) - len(shown)
}

// story tells what happened to a node.
func (n *Node) story() string {
	var parts []string
	if n.Seconds > 0 {
		parts = append(parts, seconds(n.Seconds))
	}
	if len(n.Nodes) > 0 && n.Nodes[0].Track != nil {
		parts = append(parts, count(len(n.Nodes), "track"))
	}
	if len(n.Attempts) > 1 {
		parts = append(parts, count(len(n.Attempts), "attempt"))
	}
	last := ""
	for i, a := range n.Attempts {
		what := a.Message
		if a.State == "Succeeded" || what == "" || what == last {
			continue
		}
		last = what
		if len(n.Attempts) > 1 {
			what = fmt.Sprintf("%d: %s", i+1, what)
		}
		parts = append(parts, what)
	}
	if n.State != "Succeeded" {
		parts = append(parts, n.end(last))
	}
	return strings.Join(parts, ", ")
}

// childFailed begins what Argo says of a node that failed with one in it.
const childFailed = "child '"

// end tells how a node ended that did not succeed, as far as what is in it does
// not tell.
func (n *Node) end(told string) string {
	state := strings.ToLower(n.State)
	switch m := n.Message; {
	case m == "" || m == told || strings.HasPrefix(m, childFailed):
		return state
	case m == "retryStrategy.expression evaluated to false":
		return state + ": not tried again"
	case strings.HasPrefix(m, state):
		return m
	default:
		return state + ": " + m
	}
}

func mark(state string) string {
	switch state {
	case "Succeeded":
		return "✔"
	case "Failed", "Error":
		return "✖"
	case "Skipped", "Omitted":
		return "○"
	default:
		return "…"
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}
