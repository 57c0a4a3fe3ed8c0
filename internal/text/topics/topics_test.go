package topics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/internal/text/merge"
	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/texttest"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// TestBoundaries measures found boundaries against those that the meetings'
// writer marked, within 15 seconds.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name        string
		right, most int // boundaries found at marked places, and at most in all
		words       []string
	}{
		{"planning", 3, 3, []string{"cluster|search|index", "pric", "pager|alert|rotation", "booth|conference"}},
		{"standup", 0, 0, nil},
		{"chat", 0, 0, nil},
		{"retro", 1, 1, nil}, // of two: at 650 words it is too short for three topics
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := texttest.Load(t, c.name)
			tr := m.Transcript()
			got := topics.Detect(tr)
			checkTopics(t, tr, got)
			right := 0
			for _, topic := range got.Topics[1:] {
				for _, want := range m.Topics[1:] {
					if math.Abs(topic.Start-want) <= 15 {
						right++
						break
					}
				}
			}
			t.Logf("boundaries: %d right of %d found, %d marked", right, len(got.Topics)-1, len(m.Topics)-1)
			if right < c.right || len(got.Topics)-1 > c.most {
				t.Errorf("%d right boundaries of %d, want %d of at most %d: %v", right, len(got.Topics)-1, c.right, c.most, got.Topics)
			}
			for i, words := range c.words {
				if i >= len(got.Topics) || !containsAny(got.Topics[i].Title, words) {
					t.Errorf("topic %d is called %q, want something of %s", i+1, got.Topics[i].Title, words)
				}
			}
		})
	}
}

func containsAny(s, words string) bool {
	for _, w := range strings.Split(words, "|") {
		if strings.Contains(strings.ToLower(s), w) {
			return true
		}
	}
	return false
}

// checkTopics checks what holds for every meeting's topics and title.
func checkTopics(t *testing.T, tr artifact.Transcript, got artifact.Topics) {
	t.Helper()
	known := map[string]bool{}
	for _, p := range tr.Participants {
		known[p.ID] = true
	}
	last := 0.0
	for i, topic := range got.Topics {
		if topic.ID != fmt.Sprintf("topic-%d", i+1) {
			t.Errorf("topic %d has id %q", i+1, topic.ID)
		}
		if topic.Start < last || topic.End < topic.Start || topic.End > tr.Duration {
			t.Errorf("topic %s from %v to %v after one at %v in %v", topic.ID, topic.Start, topic.End, last, tr.Duration)
		}
		last = topic.Start
		if n := len(strings.Fields(topic.Title)); n < 1 || n > 6 || !unicode.IsUpper([]rune(topic.Title)[0]) {
			t.Errorf("topic title %q", topic.Title)
		}
		if topic.Summary == "" || topic.Keywords == nil || len(topic.Speakers) == 0 {
			t.Errorf("topic without its parts: %+v", topic)
		}
		for _, s := range topic.Speakers {
			if !known[s] {
				t.Errorf("topic %s has speaker %q, whom the transcript does not know", topic.ID, s)
			}
		}
	}
	if n := len(got.Topics); n > 0 && (got.Topics[0].Start != tr.Words[0].Start) {
		t.Errorf("first topic starts at %v, the first word at %v", got.Topics[0].Start, tr.Words[0].Start)
	}
	if d := cmp.Diff(got, topics.Detect(tr)); d != "" {
		t.Errorf("a second time gives something else:\n%s", d)
	}
	title := topics.Title(tr, got)
	if n := len(strings.Fields(title.Title)); n == 0 || n > 8 {
		t.Errorf("title %q has %d words", title.Title, n)
	}
	if d := cmp.Diff(title, topics.Title(tr, got)); d != "" {
		t.Errorf("a second title differs:\n%s", d)
	}
	for _, m := range title.Basis {
		if m.Text == "" || !known[m.Speaker] || m.End <= m.Start {
			t.Errorf("basis %+v", m)
		}
	}
	b, err := json.Marshal(got)
	if err != nil || strings.Contains(string(b), "null") {
		t.Errorf("topics as JSON: %s, %v", b, err)
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	got := topics.Detect(artifact.Transcript{})
	if d := cmp.Diff(artifact.Topics{Engine: "lexical", Topics: []artifact.Topic{}}, got); d != "" {
		t.Errorf("topics of nothing (-want +got):\n%s", d)
	}
	title := topics.Title(artifact.Transcript{}, got)
	if d := cmp.Diff(artifact.Title{Engine: "lexical", Title: "Untitled meeting", Basis: []artifact.Moment{}}, title); d != "" {
		t.Errorf("title of nothing (-want +got):\n%s", d)
	}
}

func TestFewWords(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"Ana: Yeah. Okay.":                      "Untitled meeting",
		"Ana: The invoices.":                    "Invoices",
		"Ana: 1, 2, 3.":                         "Untitled meeting",
		"Ana: ... Ken?":                         "Ken",
		"Ana: Hello Ken.\nKen: Hello Ana.":      "Untitled meeting",
		"Ana: Our API broke.\nKen: The API? No": "API Broke",
	} {
		m := texttest.Parse(t, script)
		tr := m.Transcript()
		got := topics.Detect(tr)
		if len(got.Topics) != 1 {
			t.Errorf("%q has %d topics, want 1", script, len(got.Topics))
		}
		checkTopics(t, tr, got)
		if title := topics.Title(tr, got).Title; title != want {
			t.Errorf("title of %q is %q, want %q", script, title, want)
		}
	}
}

// TestLength: a short meeting is one topic whatever it is about; the number
// grows with the length and stays within bounds.
func TestLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ words, least, most int }{
		{100, 1, 1}, {500, 1, 1}, {2500, 1, 5}, {6000, 3, 6}, {12000, 3, 8}, {20000, 8, 8},
	} {
		tr := texttest.Long(6, c.words).Transcript()
		got := topics.Detect(tr)
		checkTopics(t, tr, got)
		if n := len(got.Topics); n < c.least || n > c.most {
			t.Errorf("%d words: %d topics, want %d to %d", c.words, n, c.least, c.most)
		}
	}
}

// TestMonologue: one speaker without a pause or mark is still cut.
func TestMonologue(t *testing.T) {
	t.Parallel()
	parts := []string{"budget invoice salary money account tax payment", "garden flower tree water seed soil plant", "engine wheel brake tyre motor petrol gear"}
	var script strings.Builder
	script.WriteString("Ana:")
	for _, p := range parts {
		words := strings.Fields(p)
		for i := range 500 {
			script.WriteString(" the " + words[(i*i+i/3)%len(words)])
		}
	}
	m := texttest.Parse(t, script.String())
	tr := m.Transcript()
	got := topics.Detect(tr)
	checkTopics(t, tr, got)
	if len(got.Topics) != 3 {
		t.Fatalf("%d topics, want 3: %+v", len(got.Topics), got.Topics)
	}
	for i, topic := range got.Topics {
		for _, k := range topic.Keywords[:2] {
			if !strings.Contains(parts[i], strings.Fields(k)[0]) {
				t.Errorf("topic %d has keyword %q, want one of %q", i+1, k, parts[i])
			}
		}
	}
}

// TestReadings runs the shared recording's reference text: excerpts of four
// novels, lower case, without marks. It must not break on it; that the readers
// are told apart by names is not asked.
func TestReadings(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(testenv.SharedData(t), "meeting4", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var turns []struct {
		ParticipantID string  `json:"participant_id"`
		Speaker       string  `json:"speaker"`
		Start, End    float64 `json:"-"`
		From          float64 `json:"start"`
		To            float64 `json:"end"`
		Text          string  `json:"text"`
	}
	if err := json.Unmarshal(b, &turns); err != nil {
		t.Fatal(err)
	}
	var who artifact.Participants
	index := map[string]int{}
	var tracks []artifact.TrackWords
	words := 0
	for _, turn := range turns {
		i, ok := index[turn.ParticipantID]
		if !ok {
			i = len(tracks)
			index[turn.ParticipantID] = i
			who.Participants = append(who.Participants, artifact.Participant{ID: turn.ParticipantID, Name: turn.Speaker, Tracks: []int{i}})
			tracks = append(tracks, artifact.TrackWords{Track: i, Language: "en"})
		}
		fields := strings.Fields(turn.Text)
		step := (turn.To - turn.From) / float64(len(fields))
		for k, f := range fields {
			at := turn.From + float64(k)*step
			tracks[i].Words = append(tracks[i].Words, artifact.Word{Text: f, Start: at, End: at + step, Probability: 1})
			words++
		}
	}
	tr := merge.Merge(artifact.Recording{ID: "meeting4", Duration: 293}, who, tracks)
	if len(tr.Words) != words || len(tr.Warnings) != 0 {
		t.Errorf("%d words of %d, warnings %q", len(tr.Words), words, tr.Warnings)
	}
	got := topics.Detect(tr)
	checkTopics(t, tr, got)
	t.Logf("title %q", topics.Title(tr, got).Title)
	for _, topic := range got.Topics {
		t.Logf("%s: %s %q", topic.Title, topic.Summary, topic.Keywords)
	}
}

// TestTitlesHaveNoStopWords: no title is made of words that say nothing.
func TestTitlesHaveNoStopWords(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"planning", "standup", "retro", "chat"} {
		tr := texttest.Load(t, name).Transcript()
		got := topics.Detect(tr)
		titles := []string{topics.Title(tr, got).Title}
		for _, topic := range got.Topics {
			titles = append(titles, topic.Title)
		}
		for _, title := range titles {
			for _, part := range strings.FieldsFunc(strings.ReplaceAll(title, " and ", ","), func(r rune) bool { return r == ',' }) {
				for _, w := range strings.Fields(part) {
					if phrase.IsStop(strings.ToLower(w)) {
						t.Errorf("%s: title %q has %q", name, title, w)
					}
				}
			}
		}
	}
}
