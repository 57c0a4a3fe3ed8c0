package draw

import (
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// An ink is the characters that text is drawn with. Corners and tees are
// indexed by what meets in them (see the constants).
type ink struct {
	node, track, optional, effect rune
	line                          [16]rune
	arrow, more                   string
}

// Directions that meet in a character.
const (
	up = 1 << iota
	down
	left
	right
)

var (
	boxes = ink{
		node: '●', track: '◎', optional: '○', effect: '◆', arrow: "←", more: "…",
		line: [16]rune{
			0: ' ', up | down: '│', left | right: '─',
			up | right: '╰', up | left: '╯', down | right: '╭', down | left: '╮',
			up | down | right: '├', up | down | left: '┤', up | left | right: '┴', down | left | right: '┬',
			up | down | left | right: '┼',
		},
	}
	plain = ink{
		node: '*', track: '#', optional: 'o', effect: '!', arrow: "<-", more: "...",
		line: [16]rune{
			0: ' ', up | down: '|', left | right: '-',
			up | right: '\'', up | left: '\'', down | right: '.', down | left: '.',
			up | down | right: '+', up | down | left: '+', up | left | right: '+', down | left | right: '+',
			up | down | left | right: '+',
		},
	}
)

func (k ink) glyph(n graph.Node) rune {
	switch {
	case n.Step.SideEffect:
		return k.effect
	case n.Optional:
		return k.optional
	case n.Each != "":
		return k.track
	default:
		return k.node
	}
}

// A rail is what stands to the left of one node's text.
type rail struct {
	node  string // the node itself
	below string // under it, before the fork
	fork  string // leads on to its followers; empty: nothing turns
}

// rails draws the edges as history viewers draw branches. A lane is a column
// that leads to one node; an edge joins the lane that already leads to its
// follower, else it opens one. So each node has one lane, and lines that go
// over a lane without joining it are broken there.
func rails(p *picture, ink ink) []rail {
	next := make([][]int, len(p.Nodes))
	for _, e := range p.edges {
		next[e.from] = append(next[e.from], e.to)
	}
	const free = -1
	var lanes []int // the node that each lane leads to
	rows := make([]rail, len(p.Nodes))
	last := -1 // the previous node's lane
	for i := range p.Nodes {
		at := slices.Index(lanes, i)
		if at < 0 {
			at = open(&lanes, last+1, i) // not straight under a node that it does not follow
		}
		rows[i].node = row(lanes, func(l int) rune {
			if l == at {
				return ink.glyph(p.Nodes[i])
			}
			return ink.line[upright(lanes[l])]
		}, nil)
		lanes[at], last = free, at
		joins := map[int]int{} // lane -> directions other than the bar
		for _, n := range next[i] {
			l := slices.Index(lanes, n)
			switch {
			case l >= 0:
				joins[l] |= up | down
			case lanes[at] == free:
				lanes[at] = n
				joins[at] |= down
			default:
				joins[open(&lanes, at+1, n)] |= down
			}
		}
		rows[i].below = row(lanes, func(l int) rune {
			if l == at && len(next[i]) > 0 {
				return ink.line[up|down]
			}
			if joins[l] == down {
				return ' ' // opens only at the fork
			}
			return ink.line[upright(lanes[l])]
		}, nil)
		if len(next[i]) == 0 {
			continue
		}
		joins[at] |= up
		if len(joins) > 1 {
			rows[i].fork = fork(lanes, joins, ink)
		}
	}
	return rows
}

// fork draws the line that leads from one lane to others.
func fork(lanes []int, joins map[int]int, ink ink) string {
	first, last := len(lanes), 0
	for l := range joins {
		first, last = min(first, l), max(last, l)
	}
	return row(lanes, func(l int) rune {
		d, ok := joins[l]
		if !ok {
			d = upright(lanes[l])
			if d == 0 && first < l && l < last {
				d = left | right
			}
			return ink.line[d]
		}
		if l > first {
			d |= left
		}
		if l < last {
			d |= right
		}
		return ink.line[d]
	}, func(l int) rune {
		if first <= l && l < last {
			return ink.line[left|right]
		}
		return ' '
	})
}

// open returns the number of a lane at or after from that now leads to node.
func open(lanes *[]int, from, node int) int {
	for l := from; l < len(*lanes); l++ {
		if (*lanes)[l] < 0 {
			(*lanes)[l] = node
			return l
		}
	}
	*lanes = append(*lanes, node)
	return len(*lanes) - 1
}

func upright(lane int) int {
	if lane < 0 {
		return 0
	}
	return up | down
}

// row writes one character per lane, with what stands between two of them.
func row(lanes []int, at func(int) rune, between func(int) rune) string {
	var b strings.Builder
	for l := range lanes {
		b.WriteRune(at(l))
		switch {
		case l == len(lanes)-1:
		case between != nil:
			b.WriteRune(between(l))
		default:
			b.WriteRune(' ')
		}
	}
	return strings.TrimRight(b.String(), " ")
}
