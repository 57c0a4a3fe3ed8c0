package draw

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// SVG writes g as a picture for a page: from top to bottom, in the reader's
// light or dark colours, with a legend of what it uses, and with its content in
// words for those who do not see it. It refers to nothing outside itself.
func SVG(w io.Writer, g graph.Graph) error { return render(w, g, svg) }

const (
	tile      = 32 // the square with a card's icon
	padding   = 10 // inside a card
	minCard   = 176
	maxCard   = 280
	badge     = "per track"
	badgeSize = 58 // width of the badge
	roundEnd  = 6  // what a round card loses at its end
	arrow     = 9  // length of an arrow's head
)

func svg(p *picture, b *bytes.Buffer) {
	cards := cardWidth(p)
	l := newLayout(p, cards)
	keys := legendOf(p)
	width := max(l.width, min(legendWidth(keys), 720)) + 2*margin
	left := (width - l.width) / 2
	turns, levels := l.levels()
	y := tops(levels)
	bottom := margin + y[len(y)-1] + 16
	rows := legendRows(keys, width-2*margin)
	height := bottom + len(rows)*legendStep + margin - 8

	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="ts-t ts-d" class="ts">`+"\n", width, height, width, height)
	fmt.Fprintf(b, "<title id=\"ts-t\">%s</title>\n<desc id=\"ts-d\">%s</desc>\n", escape("Pipeline "+p.Name), escape(p.describe()))
	b.WriteString(style(p))
	fmt.Fprintf(b, `<rect class="bg" x=".5" y=".5" width="%d" height="%d" rx="12"/>`+"\n", width-1, height-1)
	fmt.Fprintf(b, `<g transform="translate(%d %d)"><g class="e">`+"\n", left, margin)
	for i, e := range p.edges {
		class := ""
		if e.soft {
			class = ` class="soft"`
		}
		fmt.Fprintf(b, `<path%s d="%s"/>`+"\n", class, l.path(p, l.routes[i], turns, levels, y))
	}
	b.WriteString("</g>\n")
	for i := range p.Nodes {
		c := l.cells[i]
		card(p, b, i, c.x-cards/2, y[c.rank], cards)
	}
	b.WriteString("</g>\n")
	drawLegend(b, rows, width, bottom)
	b.WriteString("</svg>\n")
}

// card draws node i with its top left corner at x, y.
func card(p *picture, b *bytes.Buffer, i, x, y, width int) {
	n := p.Nodes[i]
	round := 10
	class := "n " + kind(n)
	if n.Optional {
		class += " opt"
	}
	if n.Step.SideEffect {
		round = cardHeight / 2
	}
	fmt.Fprintf(b, `<g class="%s"><title>%s</title>`, class, escape(n.Step.Summary))
	if n.Each != "" {
		for k := 2; k > 0; k-- {
			fmt.Fprintf(b, `<rect class="c" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`,
				x+7*k, y+stackDrop/2*k, width-14*k, cardHeight, round)
		}
	}
	fmt.Fprintf(b, `<rect class="c" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, x, y, width, cardHeight, round)
	inset := (cardHeight - tile) / 2
	icon(b, kind(n), x+padding, y+inset, tile, round == cardHeight/2)
	left := x + padding + tile + 10
	room := width - (left - x) - padding
	if n.Step.SideEffect {
		room -= roundEnd
	}
	title, name := fit(p.title(i), room, titleSize), p.name(i)
	if n.Each != "" {
		room -= badgeSize + 6
		fmt.Fprintf(b, `<rect class="b" x="%d" y="%d" width="%d" height="15" rx="7.5"/><text class="bt" x="%d" y="%d">%s</text>`,
			x+width-padding-badgeSize, y+27, badgeSize, x+width-padding-badgeSize/2, y+38, badge)
	}
	fmt.Fprintf(b, `<text class="t" x="%d" y="%d">%s</text><text class="s" x="%d" y="%d">%s</text></g>`+"\n",
		left, y+21, escape(title), left, y+38, escape(fitMono(name, room)))
}

// icon draws the sign of a kind of work in a tinted square or circle.
func icon(b *bytes.Buffer, kind string, x, y, size int, circle bool) {
	round := size / 4
	if circle {
		round = size / 2
	}
	fmt.Fprintf(b, `<rect class="i" x="%d" y="%d" width="%d" height="%d" rx="%d"/><path class="g" transform="translate(%d %d)scale(%s)" d="%s"/>`,
		x, y, size, size, round, x+size/4, y+size/4, decimal(size), signs[kind])
}

// decimal writes the scale that fits a sign, drawn on 16 units, in half of a
// tile.
func decimal(size int) string {
	return strings.TrimSuffix(fmt.Sprintf("%d.%02d", size/32, size%32*100/32), ".00")
}

func cardWidth(p *picture) int {
	w := minCard
	for i, n := range p.Nodes {
		name := monoWidth(p.name(i))
		if n.Each != "" {
			name += badgeSize + 6
		}
		text := max(textPixels(p.title(i), titleSize), name)
		if n.Step.SideEffect {
			text += roundEnd
		}
		w = max(w, 2*padding+tile+10+text)
	}
	return min(w+w%2, maxCard)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
