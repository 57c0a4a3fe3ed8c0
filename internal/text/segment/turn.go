package segment

import (
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// turnSilence is how long a speaker's silence may be inside one turn, seconds.
const turnSilence = 10.0

// A Turn is what one speaker says until somebody else speaks, or until they
// were silent for ten seconds.
type Turn struct {
	Speaker    string // participant id
	Start, End float64
	Text       string
	First      int // range of the transcript's segments: [First, Last]
	Last       int
	index      int
}

// Turns groups consecutive segments of a speaker.
func Turns(t artifact.Transcript) []Turn { return turns(Of(t)) }

func turns(segs []artifact.Segment) []Turn {
	var out []Turn
	var text []string
	for i, s := range segs {
		if n := len(out); n > 0 && out[n-1].Speaker == s.Speaker && s.Start-out[n-1].End <= turnSilence {
			p := &out[n-1]
			p.End, p.Last = max(p.End, s.End), i
			text = append(text, s.Text)
			continue
		}
		if n := len(out); n > 0 {
			out[n-1].Text = strings.Join(text, " ")
		}
		text = append(text[:0], s.Text)
		out = append(out, Turn{Speaker: s.Speaker, Start: s.Start, End: s.End, First: i, Last: i, index: len(out)})
	}
	if n := len(out); n > 0 {
		out[n-1].Text = strings.Join(text, " ")
	}
	return out
}

// Of returns the transcript's segments; one that only has words is split.
func Of(t artifact.Transcript) []artifact.Segment {
	if len(t.Segments) == 0 && len(t.Words) > 0 {
		return Split(t.Words)
	}
	return t.Segments
}
