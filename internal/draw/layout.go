package draw

import "slices"

// Sizes of the SVG picture, in pixels.
const (
	cardHeight = 50
	rankGap    = 46 // between two ranks of cards
	cardGap    = 28 // between two cards of a rank
	laneWidth  = 18 // room that an edge takes where it passes a rank
	margin     = 24
	stackDrop  = 10 // how far a stack of cards shows under its front card
)

// A cell is one place in a rank: a node's card, or the place where an edge
// passes between cards on its way to a later rank.
type cell struct {
	node    int // -1: an edge passes
	rank    int
	pos     int // from the left
	x       int // centre, pixels
	width   int
	in, out []int // neighbours above and below: cells
}

// A layout is a layered drawing after Sugiyama, Tagawa and Toda ("Methods for
// Visual Understanding of Hierarchical System Structures", 1981): ranks by
// longest path, order within ranks by barycentres, then x.
type layout struct {
	cells  []cell
	ranks  [][]int // cells from left to right
	routes [][]int // by edge: cells from its parent to its child
	width  int     // of everything, pixels, without margins
}

func newLayout(p *picture, cardWidth int) *layout {
	l := &layout{}
	rank := make([]int, len(p.Nodes))
	for _, e := range p.edges { // ordered by their later node
		rank[e.to] = max(rank[e.to], rank[e.from]+1)
	}
	for i := range p.Nodes {
		l.add(cell{node: i, rank: rank[i], width: cardWidth})
	}
	for _, e := range p.edges {
		route := []int{e.from}
		for r := rank[e.from] + 1; r < rank[e.to]; r++ {
			route = append(route, l.add(cell{node: -1, rank: r, width: laneWidth}))
		}
		route = append(route, e.to)
		for k := range len(route) - 1 {
			a, b := route[k], route[k+1]
			l.cells[a].out = append(l.cells[a].out, b)
			l.cells[b].in = append(l.cells[b].in, a)
		}
		l.routes = append(l.routes, route)
	}
	l.order()
	l.place()
	return l
}

func (l *layout) add(c cell) int {
	for len(l.ranks) <= c.rank {
		l.ranks = append(l.ranks, nil)
	}
	i := len(l.cells)
	c.pos = len(l.ranks[c.rank])
	l.cells = append(l.cells, c)
	l.ranks[c.rank] = append(l.ranks[c.rank], i)
	return i
}

// sweeps is how often the order is improved from the top and from the bottom.
const sweeps = 12

// order arranges the cells of each rank so that few edges cross: it sorts each
// rank by the mean position of its neighbours, downwards and upwards in turn,
// and keeps the best order seen.
func (l *layout) order() {
	best, least := l.snapshot(), l.crossings()
	for s := range 2 * sweeps {
		if least == 0 {
			break
		}
		for k := range l.ranks {
			if s%2 == 0 {
				l.sortRank(k, func(c cell) []int { return c.in })
			} else {
				l.sortRank(len(l.ranks)-1-k, func(c cell) []int { return c.out })
			}
		}
		if n := l.crossings(); n < least {
			best, least = l.snapshot(), n
		}
	}
	for r, cells := range best {
		l.setRank(r, cells)
	}
}

func (l *layout) snapshot() [][]int {
	s := make([][]int, len(l.ranks))
	for i, r := range l.ranks {
		s[i] = slices.Clone(r)
	}
	return s
}

func (l *layout) setRank(r int, cells []int) {
	l.ranks[r] = cells
	for pos, c := range cells {
		l.cells[c].pos = pos
	}
}

// sortRank sorts by barycentres; what has no neighbours on that side stays.
func (l *layout) sortRank(r int, side func(cell) []int) {
	type weighed struct{ cell, sum, n int }
	list := make([]weighed, len(l.ranks[r]))
	for i, c := range l.ranks[r] {
		w := weighed{cell: c}
		for _, o := range side(l.cells[c]) {
			w.sum += l.cells[o].pos
			w.n++
		}
		list[i] = w
	}
	// Fractions are compared by cross multiplication: whole numbers are the
	// same on every machine.
	var moving []weighed
	for _, w := range list {
		if w.n > 0 {
			moving = append(moving, w)
		}
	}
	slices.SortStableFunc(moving, func(a, b weighed) int { return a.sum*b.n - b.sum*a.n })
	cells := make([]int, 0, len(list))
	for _, w := range list {
		if w.n > 0 {
			w, moving = moving[0], moving[1:]
		}
		cells = append(cells, w.cell)
	}
	l.setRank(r, cells)
}

func (l *layout) crossings() int {
	n := 0
	for _, r := range l.ranks {
		var ends [][2]int // by upper cell, then lower: positions
		for pos, c := range r {
			for _, o := range l.cells[c].out {
				ends = append(ends, [2]int{pos, l.cells[o].pos})
			}
		}
		for i, a := range ends {
			for _, b := range ends[:i] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					n++
				}
			}
		}
	}
	return n
}
