package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	turnPause   = 8.0  // seconds of silence after which a turn is continued with a new time
	turnSeconds = 60.0 // and the length after which it is
	turnRunes   = 700
)

// A turn is what one person says until somebody else speaks. A long one is
// continued in further turns, so that a time is never far.
type turn struct {
	ID    string
	Class string
	Name  string // empty in a continued turn
	Clock string
	Parts []part
	Live  bool // its parts carry the anchors
	start float64
	end   float64
	runes int
	who   string
}

// A part is text that is linked to, when it has an ID, or just text.
type part struct {
	ID   string
	Text string
	Live bool // an element of its own
}

// A chapter is the part of the transcript that belongs to one topic. The
// first may have none.
type chapter struct {
	Topic *topicView
	Turns []turn
}

// A script is the transcript in reading order, with an anchor for everything
// that is linked to.
type script struct {
	segments []artifact.Segment
	wanted   []bool
	ids      []string
	live     bool // every segment is a part of its own
}

func newScript(t artifact.Transcript) *script {
	s := &script{}
	for _, seg := range t.Segments {
		seg.Text = clean(seg.Text)
		if seg.Text == "" || math.IsNaN(seg.Start) || math.IsInf(seg.Start, 0) {
			continue
		}
		s.segments = append(s.segments, seg)
	}
	slices.SortStableFunc(s.segments, func(a, b artifact.Segment) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	s.wanted = make([]bool, len(s.segments))
	s.ids = make([]string, len(s.segments))
	return s
}

// want asks for an anchor where m was said and returns the segment's place;
// -1 when there is none. Somebody else's words at that time are no match
// unless the moment names no known speaker.
func (s *script) want(m artifact.Moment, known bool) int {
	best, distance := -1, math.Inf(1)
	middle := (m.Start + max(m.Start, m.End)) / 2
	for i, seg := range s.segments {
		if known && seg.Speaker != m.Speaker {
			continue
		}
		d := max(seg.Start-middle, middle-seg.End, 0)
		if d < distance {
			best, distance = i, d
		}
	}
	if best >= 0 {
		s.wanted[best] = true
	}
	return best
}

// chapters groups the segments and settles every anchor.
func (s *script) chapters(who people, topics []topicView) []chapter {
	chapters := []chapter{{}}
	next := 0
	used := map[string]bool{}
	var last *turn
	for i, seg := range s.segments {
		for next < len(topics) && seg.Start >= topics[next].start-0.05 {
			chapters = append(chapters, chapter{Topic: &topics[next]})
			next++
			last = nil
		}
		here := &chapters[len(chapters)-1]
		if last == nil || last.who != seg.Speaker || last.full(seg) {
			continued := last != nil && last.who == seg.Speaker
			s.ids[i] = anchor(seg.Start, used)
			here.Turns = append(here.Turns, newTurn(seg, s.ids[i], who, continued))
			last = &here.Turns[len(here.Turns)-1]
		} else if s.wanted[i] || s.live {
			s.ids[i] = anchor(seg.Start, used)
		}
		id := s.ids[i]
		if id == last.ID && !s.live {
			id = "" // the turn carries it
		}
		last.Live = s.live
		last.add(part{ID: id, Text: seg.Text, Live: s.live}, seg)
	}
	for ; next < len(topics); next++ {
		chapters = append(chapters, chapter{Topic: &topics[next]})
	}
	if len(chapters[0].Turns) == 0 {
		chapters = chapters[1:]
	}
	return chapters
}

func newTurn(seg artifact.Segment, id string, who people, continued bool) turn {
	p, _ := who.find(seg.Speaker)
	t := turn{
		ID: id, Class: p.Class, Name: p.Name, Clock: clock(seg.Start),
		start: seg.Start, end: seg.End, who: seg.Speaker,
	}
	if continued {
		t.Name = ""
	}
	return t
}

func (t *turn) full(next artifact.Segment) bool {
	return next.Start-t.end > turnPause || next.Start-t.start > turnSeconds || t.runes > turnRunes
}

func (t *turn) add(p part, seg artifact.Segment) {
	t.end = max(t.end, seg.End)
	t.runes += len([]rune(p.Text))
	if n := len(t.Parts); n > 0 && t.Parts[n-1].ID == "" && p.ID == "" && !p.Live {
		t.Parts[n-1].Text += " " + p.Text
		return
	}
	t.Parts = append(t.Parts, p)
}

// anchor names a time as a media fragment does, t=75.2, and differently each
// time it is asked.
func anchor(start float64, used map[string]bool) string {
	if !(start > 0) || math.IsInf(start, 0) {
		start = 0
	}
	base := "t=" + strconv.FormatFloat(math.Round(start*10)/10, 'f', -1, 64)
	id := base
	for i := 2; used[id]; i++ {
		id = fmt.Sprintf("%s-%d", base, i)
	}
	used[id] = true
	return id
}

// language returns a language tag that is safe to print; "" when unknown.
func language(tag string) string {
	for _, part := range strings.Split(tag, "-") {
		if len(part) == 0 || len(part) > 8 || strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return ""
		}
	}
	return tag
}

// Href links a turn to itself, for people to copy.
func (t turn) Href() template.URL { return template.URL("#" + t.ID) }
