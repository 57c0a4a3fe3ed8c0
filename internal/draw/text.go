package draw

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// textWidth is the most columns that a line of text takes.
const textWidth = 100

// Text writes g for a terminal, at most 100 columns wide: one node per line,
// in graph order, with rails on the left that lead from each node down to its
// followers, and with what is special about it and what it waits for in words.
func Text(w io.Writer, g graph.Graph) error {
	return render(w, g, func(p *picture, b *bytes.Buffer) { text(p, b, false) })
}

// ASCII is Text for terminals and files that know no other characters. What is
// not ASCII in a title or name becomes "?".
func ASCII(w io.Writer, g graph.Graph) error {
	return render(w, g, func(p *picture, b *bytes.Buffer) {
		var t bytes.Buffer
		text(p, &t, true)
		for _, r := range t.String() {
			if r > '~' {
				r = '?'
			}
			b.WriteRune(r)
		}
	})
}

func text(p *picture, b *bytes.Buffer, ascii bool) {
	ink := boxes
	if ascii {
		ink = plain
	}
	b.WriteString(clip(fmt.Sprintf("%s, digest %s", p.heading(), p.Digest()), ink) + "\n\n")
	rows := rails(p, ink)
	t := newTable(p, rows)
	for i := range p.Nodes {
		lines := t.lines(p, i, ink)
		rail := rows[i]
		for k := 0; k < len(lines) || k == 0 || k == 1 && rail.fork != ""; k++ {
			left, right := rail.node, ""
			switch {
			case k > 0 && k == max(len(lines)-1, 1) && rail.fork != "":
				left = rail.fork // last, so that longer text pushes it down
			case k > 0:
				left = rail.below
			}
			if k < len(lines) {
				right = lines[k]
			}
			gap := strings.Repeat(" ", max(0, t.rail-utf8.RuneCountInString(left)))
			b.WriteString(clip(strings.TrimRight(left+gap+right, " "), ink) + "\n")
		}
	}
	legend(p, b, ink)
}

func legend(p *picture, b *bytes.Buffer, ink ink) {
	says := map[rune]string{
		ink.node:     "step",
		ink.track:    "once per track",
		ink.optional: "optional: may fail",
		ink.effect:   "side effect: acts on other systems",
	}
	used := map[rune]bool{}
	for i := range p.Nodes {
		used[ink.glyph(p.Nodes[i])] = true
	}
	var parts []string
	for _, r := range []rune{ink.node, ink.track, ink.optional, ink.effect} {
		if used[r] {
			parts = append(parts, string(r)+" "+says[r])
		}
	}
	if len(parts) > 0 {
		b.WriteString("\n" + clip(strings.Join(parts, "   "), ink) + "\n")
	}
}

// A table says where the columns of text stand.
type table struct{ rail, name, title, note int } // widths; title 0: no such column

// minNote is the narrowest that a column of notes may become.
const minNote = 30

func newTable(p *picture, rows []rail) table {
	t := table{}
	for i := range p.Nodes {
		t.rail = max(t.rail, utf8.RuneCountInString(rows[i].node)+2, utf8.RuneCountInString(rows[i].fork)+2)
		t.name = max(t.name, utf8.RuneCountInString(p.name(i))+2)
		t.title = max(t.title, utf8.RuneCountInString(p.title(i))+2)
	}
	t.note = textWidth - t.rail - t.name - t.title
	if t.note < minNote { // no room for three columns: title and notes share one
		t.note += t.title
		t.title = 0
	}
	if t.note < minNote {
		t.note = minNote // lines are cut at the end
	}
	return t
}

// lines returns what is written beside node i.
func (t table) lines(p *picture, i int, ink ink) []string {
	words := list(p.marks(i))
	if from := list(p.parents(i)); len(from) > 0 {
		from[0] = ink.arrow + " " + from[0]
		words = append(words, from...)
	}
	notes := wrap(words, t.note)
	title := p.title(i)
	if t.title == 0 {
		notes = append([]string{title}, notes...)
		title = ""
	}
	var lines []string
	for k, note := range notes {
		if k == 0 {
			lines = append(lines, fmt.Sprintf("%-*s%-*s%s", t.name, p.name(i), t.title, title, note))
			continue
		}
		lines = append(lines, strings.Repeat(" ", t.name+t.title)+note)
	}
	return lines
}

// list returns items as the words of an enumeration.
func list(items []string) []string {
	words := slices.Clone(items)
	for k := range len(words) - 1 {
		words[k] += ","
	}
	return words
}

// wrap sets words into lines of at most width, at least one line.
func wrap(words []string, width int) []string {
	lines := []string{""}
	for _, w := range words {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = w
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(w) <= width:
			*last += " " + w
		default:
			lines = append(lines, w)
		}
	}
	return lines
}

func clip(s string, ink ink) string {
	r := []rune(s)
	if len(r) <= textWidth {
		return s
	}
	return string(r[:textWidth-utf8.RuneCountInString(ink.more)]) + ink.more
}
