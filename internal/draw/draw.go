// Package draw turns a pipeline graph into pictures and into JSON: for a
// terminal (Text, ASCII), for Markdown (Mermaid), for Graphviz (DOT), for a
// page (SVG), for programs (JSON).
//
// Every function is pure: the same graph gives the same bytes, on every
// machine. Each validates the graph first and writes nothing when that fails.
//
// The pictures show the transitive reduction of the graph: an edge that a
// longer path implies is left out, so that a picture says what waits for what
// and no more. JSON alone lists every join. What the marks mean is the same in
// all of them: per track (the node fans out), optional (the run survives its
// failure), side effect (it acts on other people's systems); a dashed edge
// means that the follower can do without.
//
// The package will not draw runs, states or timings, and reads nothing but the
// graph.
package draw

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Func writes one form of a graph. All exported functions of this package
// have this shape.
type Func func(w io.Writer, g graph.Graph) error

// A picture is what all drawings share: the nodes by number, in graph order,
// and the reduced edges.
type picture struct {
	graph.Graph
	edges []edge
	// fans lists what nodes fan out over, in order of appearance.
	fans []graph.Ref
}

// An edge leads from an earlier node to a later one.
type edge struct {
	from, to int
	soft     bool // the follower can do without
}

func newPicture(g graph.Graph) (*picture, error) {
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("draw graph %q: %w", g.Name, err)
	}
	p := &picture{Graph: g}
	index := map[string]int{}
	seen := map[graph.Ref]bool{}
	above := make([]map[int]bool, len(g.Nodes)) // all ancestors, by node
	for i, n := range g.Nodes {
		index[n.Name()] = i
		if n.Each != "" && !seen[n.Each] {
			seen[n.Each] = true
			p.fans = append(p.fans, n.Each)
		}
		parents := g.Parents(n)
		implied := map[int]bool{}
		for _, name := range parents {
			for a := range above[index[name]] {
				implied[a] = true
			}
		}
		above[i] = implied
		for _, name := range parents {
			k := index[name]
			if !implied[k] {
				p.edges = append(p.edges, edge{from: k, to: i, soft: !g.Requires(n, name)})
			}
		}
		// Only now: a parent must not count as implied by itself.
		for _, name := range parents {
			above[i][index[name]] = true
		}
	}
	return p, nil
}

func (p *picture) name(i int) string { return p.Nodes[i].Name() }

// title returns what to call node i, on one line.
func (p *picture) title(i int) string {
	words := strings.FieldsFunc(p.Nodes[i].Title, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	})
	if len(words) > 0 {
		return strings.Join(words, " ")
	}
	return p.name(i)
}

// marks returns what is special about node i, in words.
func (p *picture) marks(i int) []string {
	var m []string
	n := p.Nodes[i]
	if n.Each != "" {
		m = append(m, "per track")
	}
	if n.Step.SideEffect {
		m = append(m, "side effect")
	}
	if n.Optional {
		m = append(m, "optional")
	}
	return m
}

// parents returns the names of the nodes with a drawn edge to node i.
func (p *picture) parents(i int) []string {
	var list []string
	for _, e := range p.edges {
		if e.to == i {
			list = append(list, p.name(e.from))
		}
	}
	return list
}

// render draws into memory first: half a picture is worse than none.
func render(w io.Writer, g graph.Graph, draw func(*picture, *bytes.Buffer)) error {
	p, err := newPicture(g)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	draw(p, &b)
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write graph %q: %w", g.Name, err)
	}
	return nil
}

// ident makes a name usable as an identifier. Step names are kebab-case, so
// no two of them collide; the prefix keeps them away from reserved words.
func ident(name string) string {
	return "n_" + strings.ReplaceAll(name, "-", "_")
}

// heading and describe say in words what the picture shows.
func (p *picture) heading() string {
	return fmt.Sprintf("%s %s, %s", p.Name, p.Version, count(len(p.Nodes), "step"))
}

func (p *picture) describe() string {
	var parts []string
	for i := range p.Nodes {
		s := p.name(i)
		if m := p.marks(i); len(m) > 0 {
			s += " (" + strings.Join(m, ", ") + ")"
		}
		if list := p.parents(i); len(list) > 0 {
			s += " after " + strings.Join(list, ", ")
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ". ") + "."
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
