package draw

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// Mermaid writes g as a Mermaid flowchart, to be put between ```mermaid fences
// in Markdown. Colours are left to the reader's theme. Node ids are the step's
// name with underscores after "n_", so that links and styles can refer to them.
//
// Syntax: https://mermaid.js.org/syntax/flowchart.html
func Mermaid(w io.Writer, g graph.Graph) error { return render(w, g, mermaid) }

func mermaid(p *picture, b *bytes.Buffer) {
	fmt.Fprintf(b, "flowchart LR\n  accTitle: %s\n  accDescr: %s\n", mermaidText(p.heading()), mermaidText(p.describe()))
	for i, n := range p.Nodes {
		if n.Each == "" {
			mermaidNode(p, b, "  ", i)
		}
	}
	for f, ref := range p.fans {
		fmt.Fprintf(b, "  subgraph each_%d[\"per track\"]\n", f+1)
		for i, n := range p.Nodes {
			if n.Each == ref {
				mermaidNode(p, b, "    ", i)
			}
		}
		b.WriteString("  end\n")
	}
	for _, e := range p.edges {
		arrow := "-->"
		if e.soft {
			arrow = "-.->"
		}
		fmt.Fprintf(b, "  %s %s %s\n", ident(p.name(e.from)), arrow, ident(p.name(e.to)))
	}
	b.WriteString("  classDef optional stroke-dasharray:5 4\n  classDef effect stroke:#d9480f,stroke-width:2px\n")
	mermaidClass(p, b, "optional", func(n graph.Node) bool { return n.Optional })
	mermaidClass(p, b, "effect", func(n graph.Node) bool { return n.Step.SideEffect })
}

func mermaidNode(p *picture, b *bytes.Buffer, indent string, i int) {
	left, right := `["`, `"]`
	if p.Nodes[i].Step.SideEffect {
		left, right = `(["`, `"])`
	}
	label := mermaidText(p.title(i))
	if p.title(i) != p.name(i) {
		label += "<br/><small>" + mermaidText(p.name(i)) + "</small>"
	}
	fmt.Fprintf(b, "%s%s%s%s%s\n", indent, ident(p.name(i)), left, label, right)
}

func mermaidClass(p *picture, b *bytes.Buffer, class string, is func(graph.Node) bool) {
	var ids []string
	for _, n := range p.Nodes {
		if is(n) {
			ids = append(ids, ident(n.Name()))
		}
	}
	if len(ids) > 0 {
		fmt.Fprintf(b, "  class %s %s\n", strings.Join(ids, ","), class)
	}
}

// mermaidText writes text so that nothing in it is syntax. Mermaid knows
// character references with "#" where HTML has "&".
func mermaidText(s string) string {
	return strings.NewReplacer(
		"#", "#35;", "&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", ";", "#59;",
		"`", "#96;", "{", "#123;", "}", "#125;", "%", "#37;", `\`, "#92;", "\n", " ", "\r", " ",
	).Replace(s)
}
