package graph_test

import (
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/templates/graph"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	node := func(name, from, group string) graph.Node {
		return graph.Node{Step: spec[one, out](name), From: graph.From{"in": graph.Ref(from)}, Group: group, Policy: policy}
	}
	for _, c := range []struct {
		name  string
		nodes []graph.Node
		want  string // units, or part of the error
	}{
		{"none", []graph.Node{node("a", "src.doc", "")}, "src a"},
		{"chain", []graph.Node{node("a", "src.doc", "g"), node("b", "a.doc", "g")}, "src g"},
		{"interleaved", []graph.Node{node("a", "src.doc", "g"), node("x", "src.doc", "h"), node("b", "a.doc", "g"), node("y", "x.doc", "h")}, "src g h"},
		{"later first", []graph.Node{node("a", "src.doc", "g"), node("x", "src.doc", ""), {Step: spec[one, out]("b"), From: graph.From{"in": "a.doc"}, After: []string{"x"}, Group: "g", Policy: policy}}, "src x g"},
		{"between", []graph.Node{node("a", "src.doc", "g"), node("x", "a.doc", ""), node("b", "x.doc", "g")}, "lies between its nodes"},
		{"name taken", []graph.Node{node("a", "src.doc", "src"), node("b", "a.doc", "src")}, "there is a node of that name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := graph.Graph{Name: "g", Nodes: append([]graph.Node{source()}, c.nodes...)}
			if err := g.Validate(); err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
				return
			}
			var names []string
			for _, u := range g.Grouped() {
				names = append(names, u.Name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("units %q, want %q", got, c.want)
			}
		})
	}
}
