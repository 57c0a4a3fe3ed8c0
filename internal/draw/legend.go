package draw

import (
	"bytes"
	"fmt"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// legendStep is the height of one line of the legend, and legendGap what is
// between two of its entries, in pixels.
const (
	legendStep = 26
	legendGap  = 22
	legendMark = 24 // the sign and the space after it
)

// A key is one entry of the legend.
type key struct{ sign, says string }

func (k key) width() int { return legendMark + textPixels(k.says, smallSize) }

// legendOf lists what the picture uses.
func legendOf(p *picture) []key {
	uses := func(is func(graph.Node) bool) bool {
		for _, n := range p.Nodes {
			if is(n) {
				return true
			}
		}
		return false
	}
	var keys []key
	for _, k := range kinds {
		if uses(func(n graph.Node) bool { return kind(n) == k }) {
			keys = append(keys, key{k, kindNames[k]})
		}
	}
	if len(p.fans) > 0 {
		keys = append(keys, key{"stack", "runs once per track"})
	}
	if uses(func(n graph.Node) bool { return n.Optional }) {
		keys = append(keys, key{"dash", "optional: the run goes on without it"})
	}
	return keys
}

func legendWidth(keys []key) int {
	w := -legendGap
	for _, k := range keys {
		w += k.width() + legendGap
	}
	return max(w, 0)
}

// legendRows breaks the legend into lines of at most width pixels.
func legendRows(keys []key, width int) [][]key {
	var rows [][]key
	for _, k := range keys {
		n := len(rows) - 1
		if n < 0 || legendWidth(append(rows[n][:len(rows[n]):len(rows[n])], k)) > width {
			rows = append(rows, []key{k})
			continue
		}
		rows[n] = append(rows[n], k)
	}
	return rows
}

func drawLegend(b *bytes.Buffer, rows [][]key, width, y int) {
	for _, row := range rows {
		x := (width - legendWidth(row)) / 2
		for _, k := range row {
			switch k.sign {
			case "stack":
				b.WriteString(`<g>`)
				for s := 2; s >= 0; s-- {
					fmt.Fprintf(b, `<rect class="c" x="%d" y="%d" width="%d" height="11" rx="3"/>`, x+2*s, y+1+3*s, 18-4*s)
				}
			case "dash":
				fmt.Fprintf(b, `<g class="opt"><rect class="c" x="%d" y="%d" width="18" height="14" rx="3"/>`, x, y+2)
			default:
				fmt.Fprintf(b, `<g class="%s">`, k.sign)
				icon(b, k.sign, x, y, 18, k.sign == "fx")
			}
			fmt.Fprintf(b, `<text class="k" x="%d" y="%d">%s</text></g>`+"\n", x+legendMark, y+13, escape(k.says))
			x += k.width() + legendGap
		}
		y += legendStep
	}
}
