package draw

import (
	"math"
	"slices"
)

// Positions are computed in fractions of a pixel as whole numbers, which round
// alike on every machine; floating point need not.
const fraction = 1024

// rounds is how often positions are relaxed; some hundred are plenty for the
// few dozen cells of a pipeline.
const rounds = 600

// place gives every cell its x. Cells that should stand straight below each
// other, the passes of one edge and chains of nodes, form one block that moves
// as one. Blocks are drawn to the mean of their neighbours and pushed apart
// where they would overlap, again and again.
func (l *layout) place() {
	block := l.blocks()
	x := map[int]int{}
	for _, r := range l.ranks {
		at := 0
		for i, c := range r {
			if i > 0 {
				at += l.apart(r[i-1], c) * fraction
			}
			x[block[c]] = max(x[block[c]], at)
		}
	}
	ids := make([]int, 0, len(x))
	for b := range x {
		ids = append(ids, b)
	}
	slices.Sort(ids)
	for range rounds {
		l.pull(block, ids, x)
		for range 4 {
			l.push(block, x)
		}
	}
	l.settle(block, x)
}

// blocks returns the block that each cell belongs to, named by a cell in it.
// An edge makes a block of its two cells when nothing else leaves the upper or
// enters the lower, unless it crosses an edge that already did: so blocks never
// cross, and "left of" has no circles among them.
func (l *layout) blocks() []int {
	block := make([]int, len(l.cells))
	for i := range block {
		block[i] = i
	}
	straight := make([][][2]int, len(l.ranks)) // by rank: edges down from it, positions
	link := func(want func(a, b cell) bool) {
		for _, r := range l.ranks {
			for _, i := range r {
				a := l.cells[i]
				if len(a.out) != 1 {
					continue
				}
				j := a.out[0]
				b := l.cells[j]
				if len(b.in) != 1 || block[i] == block[j] || !want(a, b) || crosses(straight[a.rank], a.pos, b.pos) {
					continue
				}
				straight[a.rank] = append(straight[a.rank], [2]int{a.pos, b.pos})
				from, to := block[j], block[i]
				for k := range block {
					if block[k] == from {
						block[k] = to
					}
				}
			}
		}
	}
	link(func(a, b cell) bool { return a.node < 0 && b.node < 0 })
	link(func(a, b cell) bool { return true })
	return block
}

func crosses(edges [][2]int, upper, lower int) bool {
	for _, e := range edges {
		if (e[0]-upper)*(e[1]-lower) < 0 {
			return true
		}
	}
	return false
}

// apart returns how far the centres of two neighbours must be apart.
func (l *layout) apart(left, right int) int {
	return (l.cells[left].width+l.cells[right].width)/2 + cardGap
}

// pull moves every block half of the way to the mean of its neighbours.
func (l *layout) pull(block, ids []int, x map[int]int) {
	sum, n := map[int]int{}, map[int]int{}
	for i, c := range l.cells {
		for _, o := range slices.Concat(c.in, c.out) {
			if block[o] != block[i] {
				sum[block[i]] += x[block[o]]
				n[block[i]]++
			}
		}
	}
	for _, b := range ids {
		if n[b] > 0 {
			x[b] += (sum[b]/n[b] - x[b]) / 2
		}
	}
}

// push moves neighbours that stand too close apart, both alike.
func (l *layout) push(block []int, x map[int]int) {
	for _, r := range l.ranks {
		for i := 1; i < len(r); i++ {
			a, b := block[r[i-1]], block[r[i]]
			if lack := l.apart(r[i-1], r[i])*fraction - (x[b] - x[a]); lack > 0 {
				x[a] -= lack / 2
				x[b] += lack - lack/2
			}
		}
	}
}

// settle rounds to whole pixels, sees to it that nothing overlaps, and moves
// all so that the leftmost edge is at 0.
func (l *layout) settle(block []int, x map[int]int) {
	px := map[int]int{}
	for b, v := range x {
		px[b] = (v + fraction*1e6) / fraction // positive first: division rounds towards 0
	}
	for moved := true; moved; {
		moved = false
		for _, r := range l.ranks {
			for i := 1; i < len(r); i++ {
				a, b := block[r[i-1]], block[r[i]]
				if least := px[a] + l.apart(r[i-1], r[i]); px[b] < least {
					px[b], moved = least, true
				}
			}
		}
	}
	if len(l.cells) == 0 {
		return
	}
	left, right := math.MaxInt, 0
	for i, c := range l.cells {
		left = min(left, px[block[i]]-c.width/2)
		right = max(right, px[block[i]]+c.width/2)
	}
	for i := range l.cells {
		l.cells[i].x = px[block[i]] - left
	}
	l.width = right - left
}
