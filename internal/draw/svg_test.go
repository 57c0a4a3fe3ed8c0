package draw_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/draw"
	"github.com/trackscribe/trackscribe/templates/graph"
)

func TestSVGIsSmallAndAlone(t *testing.T) {
	t.Parallel()
	out := drawn(t, draw.SVG, meeting())
	if len(out) > 30_000 {
		t.Errorf("%d bytes, want at most 30000", len(out))
	}
	alone := strings.Replace(out, "http://www.w3.org/2000/svg", "", 1)
	for _, bad := range []string{"http", "@import", "url(data", "<image", "<script", "@font-face", "%!"} {
		if strings.Contains(alone, bad) {
			t.Errorf("there is %q in it", bad)
		}
	}
	for _, want := range []string{`role="img"`, `aria-labelledby="ts-t ts-d"`, `<title id="ts-t">`, `<desc id="ts-d">`, "prefers-color-scheme:dark"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in it", want)
		}
	}
}

func TestSVGSaysEveryTitleAndName(t *testing.T) {
	t.Parallel()
	g := meeting()
	s := parse(t, drawn(t, draw.SVG, g))
	for _, n := range g.Nodes {
		if !slices.Contains(s.texts, n.Title) || !slices.Contains(s.texts, n.Name()) {
			t.Errorf("%s: title or name is not in the picture, whole", n.Name())
		}
	}
}

// Every edge must start at its child's card and end at its parent's, and touch
// no other card on its way; no card may touch another.
func TestSVGGeometry(t *testing.T) {
	t.Parallel()
	graphs := []graph.Graph{meeting()}
	for seed := range uint64(80) {
		graphs = append(graphs, random(seed, 2+int(seed%30)))
	}
	for k, g := range graphs {
		s := parse(t, drawn(t, draw.SVG, g))
		if len(s.cards) != len(g.Nodes) {
			t.Fatalf("graph %d: %d cards for %d nodes", k, len(s.cards), len(g.Nodes))
		}
		for i, a := range s.cards {
			if a.x0 < 0 || a.y0 < 0 || a.x1 > s.width || a.y1 > s.height {
				t.Errorf("graph %d: card %d %v is outside of the picture", k, i, a)
			}
			for j, b := range s.cards[:i] {
				if a.meets(b) {
					t.Errorf("graph %d: cards %d and %d overlap", k, i, j)
				}
			}
		}
		var got []string
		for _, path := range s.paths {
			from, to := -1, -1
			for i, c := range s.cards {
				first, last := path[0], path[len(path)-1]
				if first == [2]int{(c.x0 + c.x1) / 2, c.y0 - 1} {
					to = i
				}
				if last[0] == (c.x0+c.x1)/2 && (last[1] == c.y1 || last[1] == c.y1+10) {
					from = i
				}
			}
			got = append(got, fmt.Sprintf("%d-%d", from, to))
			for n := range len(path) - 1 {
				a, b := path[n], path[n+1]
				line := box{min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])}
				for i, c := range s.cards {
					if c.meets(line) && !(i == from && n == len(path)-2) {
						t.Errorf("graph %d: edge %d-%d runs over card %d", k, from, to, i)
					}
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(mermaidEdges(t, g), got); diff != "" {
			t.Errorf("graph %d: edges (-graph +picture):\n%s", k, diff)
		}
	}
}

type box struct{ x0, y0, x1, y1 int }

func (a box) meets(b box) bool {
	return a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1
}

// A picture is what parse finds in an SVG.
type picture struct {
	width, height int
	cards         []box      // in graph order
	paths         [][][2]int // corners of each edge
	texts         []string
}

func parse(t *testing.T, svg string) picture {
	t.Helper()
	var p picture
	var dx, dy int
	class := ""
	var front box
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatalf("parse picture: %v\n%s", err, svg)
		}
		switch tok := tok.(type) {
		case xml.CharData:
			p.texts = append(p.texts, string(tok))
		case xml.EndElement:
			if tok.Name.Local == "g" && strings.HasPrefix(class, "n ") {
				p.cards = append(p.cards, front)
				class = ""
			}
		case xml.StartElement:
			a := map[string]string{}
			for _, at := range tok.Attr {
				a[at.Name.Local] = at.Value
			}
			number := func(name string) int { n, _ := strconv.Atoi(a[name]); return n }
			switch tok.Name.Local {
			case "svg":
				p.width, p.height = number("width"), number("height")
			case "g":
				class = a["class"]
				if tr := a["transform"]; tr != "" {
					fmt.Sscanf(tr, "translate(%d %d)", &dx, &dy)
				}
			case "rect":
				if a["class"] == "c" { // the last one of a card lies in front
					front = box{number("x") + dx, number("y") + dy, number("x") + dx + number("width"), number("y") + dy + number("height")}
				}
			case "path":
				if class == "e" {
					p.paths = append(p.paths, corners(a["d"], dx, dy))
				}
			}
		}
	}
}

var command = regexp.MustCompile(`([MVHQ])([-0-9 ]+)`)

// corners returns the points of path data, with the control point of a round
// corner as the corner.
func corners(d string, dx, dy int) [][2]int {
	var list [][2]int
	x, y := 0, 0
	for _, m := range command.FindAllStringSubmatch(d, -1) {
		var n []int
		for _, f := range strings.Fields(m[2]) {
			v, _ := strconv.Atoi(f)
			n = append(n, v)
		}
		switch m[1] {
		case "M":
			x, y = n[0]+dx, n[1]+dy
		case "V":
			y = n[0] + dy
		case "H":
			x = n[0] + dx
		case "Q":
			list = append(list, [2]int{n[0] + dx, n[1] + dy})
			x, y = n[2]+dx, n[3]+dy
		}
		list = append(list, [2]int{x, y})
	}
	return list
}
