package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// The words and the page number the segments alike, and names stay text.
func TestWordsAgreeWithSections(t *testing.T) {
	t.Parallel()
	tr := artifact.Transcript{Duration: 9, Participants: []artifact.Speaker{{ID: "a", Name: `<script>"`}}, Segments: []artifact.Segment{
		{Speaker: "a", Start: 5, End: 7, Text: "later <script> words"}, {Speaker: "a", Start: 1, End: 2, Text: "first"}, {Speaker: "a", Text: " "},
	}}
	b, err := report.Words(tr)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"segments":[[100,200,0,100],[500,700,0,500,67,66]]}`; string(b) != want {
		t.Errorf("words %s, want %s", b, want)
	}
	s, err := report.NewSections(report.Input{Transcript: tr})
	if err != nil {
		t.Fatal(err)
	}
	var spoken report.Spoken
	if err := json.Unmarshal(b, &spoken); err != nil {
		t.Fatal(err)
	}
	script := string(s.Transcript)
	if n := strings.Count(script, `class="g"`); n != len(spoken.Segments) {
		t.Errorf("%d segments on the page, %d in the words", n, len(spoken.Segments))
	}
	if !strings.Contains(script, `class="g" id="t=1">first<`) || strings.Contains(script+string(s.People), "<script") {
		t.Errorf("wrong transcript: %s", script)
	}
}
