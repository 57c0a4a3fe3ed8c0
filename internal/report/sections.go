package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Sections are a report in parts, for a page that has more around them and plays
// the audio itself. Every segment of the transcript is an element of the class
// "g" there, in the order of [Words]; a time is a link to "#t=" and seconds.
type Sections struct {
	Language                                              string
	People, Contents, Findings, Figure, Transcript, Notes template.HTML
}

// NewSections makes the parts.
func NewSections(in Input) (Sections, error) {
	in.AudioFile = ""
	v := viewOf(in, true)
	s := Sections{Language: v.Language}
	for name, into := range map[string]*template.HTML{
		"people": &s.People, "contents": &s.Contents, "findings": &s.Findings, "figure": &s.Figure, "script": &s.Transcript, "notes": &s.Notes,
	} {
		var b bytes.Buffer
		if err := pageTemplate.ExecuteTemplate(&b, name, v); err != nil {
			return s, fmt.Errorf("fill report: %w", err)
		}
		*into = template.HTML(strings.TrimSpace(b.String()))
	}
	return s, nil
}

// Style is the report's style sheet.
func Style() string { return styleText }

// Spoken is what a player needs of the transcript: for every segment, in the
// order in which it is shown, its start, its end, the number of its speaker's
// colour, and the starts of its words, all times in hundredths of a second; of
// words the first as it is, and each further one as what it is later.
type Spoken struct {
	Segments [][]int `json:"segments"`
}

// Words returns the transcript's times. A segment's words are its text's, parted
// by white space; where the transcript has another number of them for that time,
// they are spread evenly.
func Words(t artifact.Transcript) ([]byte, error) {
	who, said := newPeople(t), newScript(t)
	bySpeaker := map[string][]artifact.TranscriptWord{}
	for _, w := range t.Words {
		bySpeaker[w.Speaker] = append(bySpeaker[w.Speaker], w)
	}
	for _, words := range bySpeaker {
		slices.SortStableFunc(words, func(a, b artifact.TranscriptWord) int { return cmp.Compare(a.Start, b.Start) })
	}
	next := map[string]int{}
	all := Spoken{Segments: [][]int{}}
	for _, seg := range said.segments {
		colour := 0
		if i, ok := who.byID[seg.Speaker]; ok {
			colour = i % colours
		}
		times := []int{hundredths(seg.Start), hundredths(seg.End), colour}
		words := bySpeaker[seg.Speaker]
		i := next[seg.Speaker]
		for i < len(words) && words[i].Start < seg.Start-0.005 {
			i++
		}
		count := len(strings.Fields(seg.Text))
		var starts []int
		for j := i; j < len(words) && len(starts) < count && words[j].Start <= seg.End; j++ {
			starts = append(starts, hundredths(words[j].Start))
		}
		next[seg.Speaker] = i + len(starts)
		if len(starts) != count {
			starts = nil
			for k := range count {
				starts = append(starts, hundredths(seg.Start+(seg.End-seg.Start)*float64(k)/float64(count)))
			}
		}
		last := 0
		for _, s := range starts {
			times = append(times, s-last)
			last = s
		}
		all.Segments = append(all.Segments, times)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("encode the times of words: %w", err)
	}
	return b, nil
}

func hundredths(seconds float64) int {
	if !(seconds > 0) || seconds > 1e7 {
		return 0
	}
	return int(math.Round(100 * seconds))
}
