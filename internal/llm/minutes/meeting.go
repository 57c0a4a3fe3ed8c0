package minutes

import (
	"fmt"
	"math"
	"strings"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/internal/text/subtitle"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A meeting is a transcript as a model reads it: one line per segment. Lines
// are numbered from 1 where a model sees them, and from 0 here.
type meeting struct {
	t      artifact.Transcript
	segs   []artifact.Segment
	turn   []int // by line: the turn it belongs to
	people people
}

func newMeeting(t artifact.Transcript) *meeting {
	m := &meeting{t: t, segs: segment.Of(t), people: newPeople(t)}
	m.turn = make([]int, len(m.segs))
	for i, turn := range segment.Turns(t) {
		for k := turn.First; k <= turn.Last; k++ {
			m.turn[k] = i
		}
	}
	return m
}

// language is the meeting's, for a prompt.
func (m *meeting) language() string {
	if m.t.Language == "" {
		return "the one that is spoken"
	}
	return m.t.Language + " (ISO 639-1)"
}

// minutes is how long people talked, from the first word to the last.
func (m *meeting) minutes() float64 {
	first, last := math.Inf(1), 0.0
	for _, s := range m.segs {
		first, last = min(first, s.Start), max(last, s.End)
	}
	return max(0, last-first) / 60
}

// line is how a model sees a line, cut where it alone is longer than room.
func (m *meeting) line(i, room int) string {
	s := m.segs[i]
	text := fmt.Sprintf("[%d] %s %s: %s", i+1, clock(s.Start), m.people.name(s.Speaker), subtitle.OneLine(s.Text))
	if llm.Tokens(text) > room {
		text = shorten(text, max(1, room/2))
	}
	return text
}

// lines is how a model sees some lines.
func (m *meeting) lines(list []int, room int) string {
	var b strings.Builder
	for k, i := range list {
		if k > 0 {
			b.WriteByte('\n')
			if list[k-1]+1 != i {
				b.WriteString("…\n")
			}
		}
		b.WriteString(m.line(i, room))
	}
	return b.String()
}

// all returns every line.
func (m *meeting) all() []int {
	list := make([]int, len(m.segs))
	for i := range list {
		list[i] = i
	}
	return list
}

// weight is how many tokens a line takes.
func (m *meeting) weight(i, room int) int { return llm.Tokens(m.line(i, room)) + 2 }

// cut divides lines into pieces of about size tokens, as equal as turns allow,
// and at most room. A turn is only divided where it is long itself.
func (m *meeting) cut(list []int, size, room int) [][]int {
	total := 0
	for _, i := range list {
		total += m.weight(i, room)
	}
	size = min(size, room)
	n := max(1, int(math.Round(float64(total)/float64(size))), (total+room-1)/room)
	aim := (total + n - 1) / n

	var pieces [][]int
	var piece []int
	weight := 0
	for _, unit := range m.units(list, aim, room) {
		w := 0
		for _, i := range unit {
			w += m.weight(i, room)
		}
		if len(piece) > 0 && (weight+w > room || weight+w/2 > aim) {
			pieces = append(pieces, piece)
			piece, weight = nil, 0
		}
		piece = append(piece, unit...)
		weight += w
	}
	if len(piece) == 0 {
		return pieces
	}
	// A rest that says little joins what comes before it.
	if k := len(pieces) - 1; k >= 0 && weight < aim/3 {
		before := 0
		for _, i := range pieces[k] {
			before += m.weight(i, room)
		}
		if before+weight <= room {
			pieces[k] = append(pieces[k], piece...)
			return pieces
		}
	}
	return append(pieces, piece)
}

// units returns what is not torn apart: turns, or the lines of long ones.
func (m *meeting) units(list []int, aim, room int) [][]int {
	var units [][]int
	for a := 0; a < len(list); {
		b, w := a, 0
		for b < len(list) && m.turn[list[b]] == m.turn[list[a]] {
			w += m.weight(list[b], room)
			b++
		}
		if w > aim/2 || w > room {
			for _, i := range list[a:b] {
				units = append(units, []int{i})
			}
		} else {
			units = append(units, list[a:b])
		}
		a = b
	}
	return units
}

// moment is a line as something said.
func (m *meeting) moment(i int) artifact.Moment {
	s := m.segs[i]
	return artifact.Moment{Text: s.Text, Speaker: s.Speaker, Start: s.Start, End: s.End}
}

// best returns the line that has most of a text's words, the first of equals.
func (m *meeting) best(list []int, text string) int {
	want := map[string]bool{}
	for _, w := range wordsOf(text) {
		if len([]rune(w)) > 3 {
			want[w] = true
		}
	}
	best, most := list[0], -1
	for _, i := range list {
		seen := map[string]bool{}
		for _, w := range wordsOf(m.segs[i].Text) {
			if want[w] {
				seen[w] = true
			}
		}
		if len(seen) > most {
			best, most = i, len(seen)
		}
	}
	return best
}

// byTopic returns the lines of each topic: those that begin before the next
// topic does.
func (m *meeting) byTopic(topics []artifact.Topic) [][]int {
	lists := make([][]int, len(topics))
	for i, s := range m.segs {
		at := 0
		for k := range topics {
			if topics[k].Start <= s.Start+0.05 {
				at = k
			}
		}
		lists[at] = append(lists[at], i)
	}
	return lists
}
