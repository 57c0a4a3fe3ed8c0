package draw

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// DOT writes g in Graphviz's language: `dot -Tsvg` draws it.
//
// Syntax: https://graphviz.org/doc/info/lang.html
func DOT(w io.Writer, g graph.Graph) error { return render(w, g, dot) }

func dot(p *picture, b *bytes.Buffer) {
	fmt.Fprintf(b, "digraph %s {\n", dotText(p.Name))
	b.WriteString("  rankdir=LR\n  node [shape=box style=rounded fontname=\"Helvetica\" fontsize=11]\n  edge [arrowsize=0.7]\n")
	for i, n := range p.Nodes {
		if n.Each == "" {
			dotNode(p, b, "  ", i)
		}
	}
	for f, ref := range p.fans {
		fmt.Fprintf(b, "  subgraph cluster_%d {\n    label=\"per track\" style=\"rounded,dotted\" fontname=\"Helvetica\" fontsize=10 labelloc=b labeljust=l\n", f+1)
		for i, n := range p.Nodes {
			if n.Each == ref {
				dotNode(p, b, "    ", i)
			}
		}
		b.WriteString("  }\n")
	}
	for _, e := range p.edges {
		style := ""
		if e.soft {
			style = " [style=dashed]"
		}
		fmt.Fprintf(b, "  %s -> %s%s\n", dotText(p.name(e.from)), dotText(p.name(e.to)), style)
	}
	b.WriteString("}\n")
}

func dotNode(p *picture, b *bytes.Buffer, indent string, i int) {
	n := p.Nodes[i]
	label := p.title(i)
	if label != p.name(i) {
		label += "\n" + p.name(i)
	}
	fmt.Fprintf(b, "%s%s [label=%s tooltip=%s", indent, dotText(p.name(i)), dotText(label), dotText(n.Step.Summary))
	var style []string
	if n.Step.SideEffect {
		b.WriteString(` shape=hexagon color="#d9480f"`)
	} else if n.Optional {
		style = append(style, "rounded")
	}
	if n.Optional {
		style = append(style, "dashed")
	}
	if n.Step.SideEffect || n.Optional {
		fmt.Fprintf(b, " style=%q", strings.Join(style, ","))
	}
	if n.Each != "" {
		b.WriteString(" peripheries=2")
	}
	b.WriteString("]\n")
}

// dotText quotes s. In a quoted string only the quote and the backslash, which
// starts an escape in labels, are special.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "").Replace(s) + `"`
}
