package summary_test

import (
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/internal/text/summary"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// FuzzSummarise: whatever was said, topics, title and summary come out, and
// every task and decision has words, a moment and an owner who was there.
func FuzzSummarise(f *testing.F) {
	f.Add("Ana", "Ana, can you send it by Friday? Sure.", "I'll send the draft, and Ana will test it. Agreed. Let's go with that.")
	f.Add("Will May", "will will will you please, please please", "action item: action items are: to do is")
	f.Add("", "I'll I'll. i will . , ;: let's", "\xff ’’ it’s decided. 'll 's n't it's decided")
	f.Fuzz(func(t *testing.T, name, one, two string) {
		tr := artifact.Transcript{Participants: []artifact.Speaker{{ID: "a", Name: name}, {ID: "b", Name: "Ben"}}, Duration: 1000}
		at := 0.0
		for i, text := range []string{one, two, one} {
			for _, w := range strings.Fields(strings.ToValidUTF8(text, "")) {
				tr.Words = append(tr.Words, artifact.TranscriptWord{Text: w, Start: at, End: at + 0.2, Speaker: []string{"a", "b"}[i%2]})
				at += 0.25
			}
		}
		tr.Segments = segment.Split(tr.Words)
		found := topics.Detect(tr)
		if (len(found.Topics) == 0) != (len(tr.Words) == 0) {
			t.Errorf("%d topics of %d words", len(found.Topics), len(tr.Words))
		}
		if topics.Title(tr, found).Title == "" {
			t.Error("no title")
		}
		s := summary.Summarise(tr, found)
		for _, a := range s.ActionItems {
			if a.Task == "" || a.Moment.Text == "" || (a.Owner != "" && a.Owner != "a" && a.Owner != "b") || a.Deadline != strings.TrimSpace(a.Deadline) {
				t.Errorf("task %+v", a)
			}
		}
		for _, d := range s.Decisions {
			if d.Decision == "" || d.Moment.Text == "" {
				t.Errorf("decision %+v", d)
			}
		}
	})
}
