package draw

import (
	"fmt"
	"slices"
	"strings"
)

const (
	corner    = 10 // radius where an edge turns, pixels
	levelStep = 9  // between two horizontal lines in the same gap
)

// A turn is the part of an edge in the gap under one rank where it moves
// sideways: from one x to another, on one of the gap's levels.
type turn struct {
	from, to int // cells
	x0, x1   int
	level    int // from the top
}

func (t turn) overlaps(o turn) bool {
	return min(t.x0, t.x1) <= max(o.x0, o.x1) && min(o.x0, o.x1) <= max(t.x0, t.x1)
}

// levels puts the turns of every gap on levels, so that lines lie on each other
// only where they leave the same cell or lead to the same one: there they read
// as a fork or a join. It returns the turns by their two cells, and how many
// levels each gap has.
func (l *layout) levels() (turns map[[2]int]turn, count []int) {
	turns = map[[2]int]turn{}
	count = make([]int, len(l.ranks))
	for r, cells := range l.ranks {
		var list []turn
		for _, a := range cells {
			for _, b := range l.cells[a].out {
				if x0, x1 := l.cells[a].x, l.cells[b].x; x0 != x1 {
					list = append(list, turn{from: a, to: b, x0: x0, x1: x1})
				}
			}
		}
		// Who starts further along its own direction goes on top: then a line
		// that comes down on another's start meets it from below.
		slices.SortStableFunc(list, func(s, t turn) int {
			if right := s.x1 > s.x0; right != (t.x1 > t.x0) {
				if right {
					return -1
				}
				return 1
			} else if right {
				return t.x0 - s.x0
			}
			return s.x0 - t.x0
		})
		for i := range list {
			t := &list[i]
			for slices.ContainsFunc(list[:i], func(o turn) bool {
				return o.level == t.level && o.from != t.from && o.to != t.to && t.overlaps(o)
			}) {
				t.level++
			}
			count[r] = max(count[r], t.level+1)
			turns[[2]int{t.from, t.to}] = *t
		}
	}
	return turns, count
}

// tops returns the y of each rank, with room for the levels of each gap, and
// of what follows the last.
func tops(count []int) []int {
	y := []int{0}
	for r, n := range count {
		step := cardHeight + stackDrop
		if r < len(count)-1 {
			step = cardHeight + rankGap + max(0, n-1)*levelStep
		}
		y = append(y, y[r]+step)
	}
	return y
}

// path writes an edge as SVG path data: from the top of its child's card up to
// the lower end of its parent's, sideways only within the gaps. It starts at
// the child so that the dashes of edges that join there lie on each other.
func (l *layout) path(p *picture, route []int, turns map[[2]int]turn, count, y []int) string {
	var d strings.Builder
	last := l.cells[route[len(route)-1]]
	fmt.Fprintf(&d, "M%d %d", last.x, y[last.rank]-1) // the arrow's tip just touches the card
	for k := len(route) - 2; k >= 0; k-- {
		t, ok := turns[[2]int{route[k], route[k+1]}]
		if !ok {
			continue
		}
		r := l.cells[t.from].rank
		// Levels are centred in what a stack of cards leaves of the gap.
		mid := (y[r] + cardHeight + stackDrop + y[r+1] - arrow) / 2
		at := mid + t.level*levelStep - (count[r]-1)*levelStep/2
		c := min(corner, (max(t.x0, t.x1)-min(t.x0, t.x1))/2)
		side := c
		if t.x1 < t.x0 {
			side = -c
		}
		fmt.Fprintf(&d, "V%dQ%d %d %d %dH%dQ%d %d %d %d", at+c, t.x1, at, t.x1-side, at, t.x0+side, t.x0, at, t.x0, at-c)
	}
	first := l.cells[route[0]]
	start := y[first.rank] + cardHeight
	if p.Nodes[first.node].Each != "" {
		start += stackDrop
	}
	fmt.Fprintf(&d, "V%d", start)
	return d.String()
}
