package report

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	columns   = 1000 // of the drawing, whatever the meeting's length
	waveTop   = 18   // pixels, for the numbers of the topics
	waveHigh  = 56
	laneHigh  = 34 // a name and its bar
	axisHigh  = 24
	laneName  = 40    // runes of a name above a lane
	markSpace = 0.025 // share of a phone's width that a digit of a topic's number needs, and as much between two
)

// A timeline is the drawing of who speaks when. Lengths across are percent of
// the width, so that it fits a phone and a wide screen with text of one size.
type timeline struct {
	Height     int
	Bottom     int // where the lanes end
	WaveTop    int
	WaveHigh   int
	Peak, Mean string // paths, 1000 wide and 100 high; empty without peaks
	Flat       bool   // the mix is silent all through
	Lanes      []lane
	Bands      []band
	Ticks      []tick
	Text       string // what the drawing shows, for those who do not see it
}

type lane struct {
	Class, Name, Percent, Path string
	TextY, BarY                int
}

type band struct {
	X, Width, Label string
	Shaded          bool
}

type tick struct{ X, Anchor, Label string }

// newTimeline draws nothing, and returns nil, when there is neither speech nor
// a waveform.
func newTimeline(duration float64, who people, segments []artifact.Segment, topics []topicView, peaks []byte) *timeline {
	if !(duration > 0) || len(segments) == 0 && len(peaks) == 0 {
		return nil
	}
	t := &timeline{WaveHigh: waveHigh}
	if len(topics) > 0 {
		t.Bottom = waveTop
	}
	if len(peaks) > 0 {
		t.WaveTop = t.Bottom
		t.Flat = slices.Max(peaks) == 0
		t.Peak, t.Mean = wavePaths(peaks)
		t.Bottom += waveHigh
	}
	var said []string
	for _, p := range who.all {
		if p.Seconds == 0 {
			continue
		}
		t.Lanes = append(t.Lanes, lane{
			Class: p.Class, Name: shorten(p.Name, laneName), Percent: p.Percent(),
			Path: lanePath(p.ID, segments, duration), TextY: t.Bottom + 18, BarY: t.Bottom + 24,
		})
		t.Bottom += laneHigh
		said = append(said, fmt.Sprintf("%s %s", p.Name, p.Percent()))
	}
	t.Bottom += 6
	t.Height = t.Bottom + axisHigh
	t.Bands = bands(topics, duration)
	t.Ticks = ticks(duration)
	t.Text = fmt.Sprintf("Timeline from 0:00 to %s.", clock(duration))
	if len(said) > 0 {
		t.Text += " Share of the speaking time: " + strings.Join(said, ", ") + "."
	}
	return t
}

// lanePath draws a box, one unit high, over every column in which id speaks.
func lanePath(id string, segments []artifact.Segment, duration float64) string {
	var on [columns]bool
	for _, s := range segments {
		if s.Speaker != id {
			continue
		}
		from := column(s.Start, duration)
		to := max(from, int(math.Ceil(fraction(s.End, duration)*columns))-1)
		for c := from; c <= to; c++ {
			on[c] = true
		}
	}
	var path strings.Builder
	for c := 0; c < columns; c++ {
		if !on[c] {
			continue
		}
		from := c
		for c < columns && on[c] {
			c++
		}
		fmt.Fprintf(&path, "M%d 0h%dv1h-%dz", from, c-from, c-from)
	}
	return path.String()
}

// wavePaths draws the largest and the mean peak of each column, relative to
// the loudest of all, mirrored about the middle.
func wavePaths(peaks []byte) (peak, mean string) {
	n := min(columns, len(peaks))
	highest := 1
	tops, means := make([]int, n), make([]int, n)
	for c := range n {
		part := peaks[c*len(peaks)/n : (c+1)*len(peaks)/n]
		sum := 0
		for _, v := range part {
			tops[c] = max(tops[c], int(v))
			sum += int(v)
		}
		means[c] = sum / len(part)
		highest = max(highest, tops[c])
	}
	if highest < 3 {
		highest = 255 // below -40 dBFS all through: do not blow up noise
	}
	return wavePath(tops, highest), wavePath(means, highest)
}

func wavePath(values []int, highest int) string {
	x := func(c int) string { return strconv.Itoa(c * columns / len(values)) }
	path := []byte("M0 50")
	last := -1
	draw := func(c, edge, y int) {
		if y == last {
			return // the line simply goes on
		}
		if last >= 0 {
			path = append(path, "H"+x(edge)...)
		}
		path = append(path, "V"+strconv.Itoa(y)...)
		last = y
	}
	high := func(c int) int { return (values[c]*49 + highest/2) / highest }
	for c := range values {
		draw(c, c, 50-high(c))
	}
	path = append(path, "H"+strconv.Itoa(columns)...)
	last = -1
	for c := len(values) - 1; c >= 0; c-- {
		draw(c, c+1, 51+high(c)) // one unit thick where it is silent
	}
	return string(append(path, "H0z"...))
}

// bands marks the topics. A number that has no room is left out.
func bands(topics []topicView, duration float64) []band {
	var out []band
	room := 0.0
	for i, topic := range topics {
		from := fraction(topic.start, duration)
		to := 1.0
		if i+1 < len(topics) {
			to = fraction(topics[i+1].start, duration)
		}
		b := band{X: share(from), Width: share(max(to-from, 0)), Shaded: i%2 == 0}
		if from >= room && from <= 1-markSpace*2 {
			b.Label = strconv.Itoa(i + 1)
			room = from + markSpace*float64(len(b.Label)+1)
		}
		out = append(out, b)
	}
	return out
}

// ticks labels the time axis at round times, at most six after the first.
func ticks(duration float64) []tick {
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800} {
		if step = s; duration/s <= 6 {
			break
		}
	}
	for duration/step > 6 {
		step *= 2
	}
	out := []tick{{X: "0%", Anchor: "start", Label: "0:00"}}
	for at := step; at <= duration; at += step {
		t := tick{X: share(at / duration), Anchor: "middle", Label: clock(at)}
		if at/duration > 0.94 {
			t.Anchor = "end"
		}
		out = append(out, t)
	}
	return out
}

func share(f float64) string { return strconv.FormatFloat(f*100, 'f', 2, 64) + "%" }

// fraction says where in the recording a time lies, 0 to 1.
func fraction(seconds, duration float64) float64 {
	f := seconds / duration
	if !(f > 0) {
		return 0
	}
	return min(f, 1)
}

func column(seconds, duration float64) int {
	return min(int(fraction(seconds, duration)*columns), columns-1)
}

// mixPeaks decodes the waveform; nil when there is none. The second result
// says that there is one and that it is damaged.
func mixPeaks(p *artifact.Peaks) (values []byte, damaged bool) {
	if p == nil {
		return nil, false
	}
	values, err := base64.StdEncoding.DecodeString(p.Values)
	if err != nil {
		return nil, true
	}
	return values, false
}
