package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// documents are what the steps of a short meeting make.
func documents() map[string]any {
	moment := artifact.Moment{Text: "I will send it by Friday.", Speaker: "p2", Start: 4, End: 6}
	return map[string]any{
		"get-recording.recording":    artifact.Recording{ID: recording, Name: "standup"},
		"generate-waveform.waveform": artifact.Waveform{Duration: 6.25, Data: []float64{0, 0.5, 1}},
		"merge-transcripts.transcript": artifact.Transcript{
			Recording: recording, Duration: 6.2504, Language: "en",
			Participants: []artifact.Speaker{{ID: "p1", Name: "Ada", Tracks: []int{0}}, {ID: "p2", Name: "Bob", Tracks: []int{1}}},
			Words: []artifact.TranscriptWord{
				{Text: "Hello.", Start: 0.5, End: 1, Speaker: "p1", Track: 0}, {Text: "Friday.", Start: 4, End: 6, Speaker: "p2", Track: 1},
			},
			Segments: []artifact.Segment{{Speaker: "p1", Start: 0.5, End: 1, Text: "Hello."}, {Speaker: "p2", Start: 4, End: 6, Text: "Friday."}},
		},
		"detect-topics.topics": artifact.Topics{Topics: []artifact.Topic{
			{ID: "topic-1", Title: "Greeting", Summary: "They greet.", Start: 0, End: 2}, {ID: "topic-2", Title: "Report", Summary: "It is sent.", Start: 2, End: 6.25},
		}},
		"generate-title.title": artifact.Title{Title: "The report"},
		"generate-summary.summary": artifact.Summary{
			Recap: "The report is sent.", Subjects: []artifact.Subject{{Title: "Report", Paragraph: "Bob sends it."}},
			ActionItems: []artifact.ActionItem{{Task: "send the report", Owner: "p2", Deadline: "by Friday", Moment: moment}, {Task: "rest"}},
			Decisions:   []artifact.Decision{{Decision: "it is sent", By: "p1"}},
		},
	}
}

// reflector is what a front end of Reflector holds, written from its documents and
// not from this program's types.
type reflector struct {
	Status   []string
	Duration int
	Waveform []float64
	Text     string
	Topics   []peerTopic
	Title    string
	Short    string
	Long     string
	Actions  peerActions
	Progress []peerProgress
	DAGs     int
}

type peerTopic struct {
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Summary    string     `json:"summary"`
	Timestamp  float64    `json:"timestamp"`
	Duration   float64    `json:"duration"`
	Transcript string     `json:"transcript"`
	Words      []peerWord `json:"words"`
}

type peerWord struct {
	Text    string  `json:"text"`
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
	Speaker int     `json:"speaker"`
}

type peerActions struct {
	Decisions []struct {
		Decision    string  `json:"decision"`
		Rationale   *string `json:"rationale"`
		DecidedBy   *string `json:"decided_by"`
		DecidedByID *string `json:"decided_by_participant_id"`
	} `json:"decisions"`
	NextSteps []struct {
		Task         string  `json:"task"`
		AssignedTo   *string `json:"assigned_to"`
		AssignedToID *string `json:"assigned_to_participant_id"`
		Deadline     *string `json:"deadline"`
		Context      *string `json:"context"`
	} `json:"next_steps"`
}

type peerProgress struct {
	Workflow string `json:"workflow_id"`
	Step     string `json:"current_step"`
	Index    int    `json:"step_index"`
	Total    int    `json:"total_steps"`
	Status   string `json:"step_status"`
}

// take reads an event as strictly as a typed client does: what it does not know
// is an error.
func (p *reflector) take(t testing.TB, m Message) {
	t.Helper()
	read := func(v any) {
		dec := json.NewDecoder(bytes.NewReader(m.Data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(v); err != nil {
			t.Errorf("%s %s: %v", m.Event, m.Data, err)
		}
	}
	switch m.Event {
	case "STATUS":
		var v struct {
			Value string `json:"value"`
		}
		read(&v)
		p.Status = append(p.Status, v.Value)
	case "DURATION":
		read(&struct {
			Duration *int `json:"duration"`
		}{&p.Duration})
	case "WAVEFORM":
		read(&struct {
			Waveform *[]float64 `json:"waveform"`
		}{&p.Waveform})
	case "TRANSCRIPT":
		read(&struct {
			Text        *string `json:"text"`
			Translation *string `json:"translation"`
		}{Text: &p.Text})
	case "TOPIC":
		var v peerTopic
		read(&v)
		p.Topics = append(p.Topics, v)
	case "FINAL_TITLE":
		read(&struct {
			Title *string `json:"title"`
		}{&p.Title})
	case "FINAL_SHORT_SUMMARY":
		read(&struct {
			Text *string `json:"short_summary"`
		}{&p.Short})
	case "FINAL_LONG_SUMMARY":
		read(&struct {
			Text *string `json:"long_summary"`
		}{&p.Long})
	case "ACTION_ITEMS":
		read(&struct {
			Items *peerActions `json:"action_items"`
		}{&p.Actions})
	case "PIPELINE_PROGRESS":
		var v peerProgress
		read(&v)
		p.Progress = append(p.Progress, v)
	case "DAG_STATUS":
		p.DAGs++
	case "DAG_TASK_PROGRESS":
	default:
		t.Errorf("the peer knows no event %q", m.Event)
	}
}

func TestPeerIsSatisfied(t *testing.T) {
	t.Parallel()
	s := newScript(t, 2)
	s.docs = documents()
	events := s.do("r1")
	f := newFeed()
	f.add("r1", events...)
	var p reflector
	for _, m := range s.follow(s.hub(f, &newest{id: "r1"})) {
		p.take(t, m)
	}
	if d := cmp.Diff([]string{"processing", "ended"}, p.Status); d != "" {
		t.Error(d)
	}
	if p.Duration != 6250 || p.Text != "Hello. Friday." || p.Title != "The report" || p.Short != "The report is sent." {
		t.Errorf("got %+v", p)
	}
	if want := "# Quick recap\n\nThe report is sent.\n\n# Report\n\nBob sends it."; p.Long != want {
		t.Errorf("long summary %q, want %q", p.Long, want)
	}
	if d := cmp.Diff([]float64{0, 0.5, 1}, p.Waveform); d != "" {
		t.Error(d)
	}
	want := []peerTopic{
		{"topic-1", "Greeting", "They greet.", 0, 2, "Hello.", []peerWord{{"Hello.", 0.5, 1, 0}}},
		{"topic-2", "Report", "It is sent.", 2, 4.25, "Friday.", []peerWord{{"Friday.", 4, 6, 1}}},
	}
	if d := cmp.Diff(want, p.Topics); d != "" {
		t.Error(d)
	}
	if a := p.Actions; len(a.Decisions) != 1 || *a.Decisions[0].DecidedBy != "Ada" || *a.Decisions[0].DecidedByID != "p1" || a.Decisions[0].Rationale != nil ||
		len(a.NextSteps) != 2 || a.NextSteps[0].Task != "send the report" || *a.NextSteps[0].AssignedTo != "Bob" || *a.NextSteps[0].AssignedToID != "p2" ||
		*a.NextSteps[0].Deadline != "by Friday" || *a.NextSteps[0].Context != "I will send it by Friday." || a.NextSteps[1].AssignedTo != nil {
		t.Errorf("action items %+v", a)
	}
	numbers := map[string]int{
		"get_recording": 1, "get_participants": 2, "pad_track": 3, "mixdown_tracks": 4, "generate_waveform": 5, "transcribe_track": 6, "merge_transcripts": 7,
		"detect_topics": 8, "generate_title": 9, "generate_summary": 9, "finalize": 10, "cleanup_consent": 11, "post_zulip": 12, "send_webhook": 13,
	}
	state := map[string]string{}
	for _, pr := range p.Progress {
		next := map[string]string{"": "in_progress", "in_progress": "completed"}[state[pr.Step]]
		if pr.Index != numbers[pr.Step] || pr.Total != 13 || pr.Workflow != "r1" || pr.Status != next {
			t.Errorf("progress %+v after %q", pr, state[pr.Step])
		}
		state[pr.Step] = pr.Status
	}
	if len(state) != len(numbers) || len(p.Progress) != 2*len(numbers) {
		t.Errorf("%d steps in %d events", len(state), len(p.Progress))
	}
}

// A run that fails ends with the peer's error, and each step that failed says so.
func TestPeerIsToldOfFailure(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]bool{"by the engine": true, "by the store": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, 2)
			other := make(chan struct{})
			s.act = func(ctx context.Context, task run.Task, _ func(float64)) error {
				switch task.String() {
				case "transcribe-track[0]": // it is given up, of which the store has nothing
					close(other)
					<-ctx.Done()
					return context.Cause(ctx)
				case "transcribe-track[1]":
					<-other
					return permanent()
				}
				return nil
			}
			f, n := newFeed(), &newest{id: "r1"}
			f.add("r1", s.do("r1")...)
			h := s.hub(f, n)
			if !source {
				h = s.hub(nil, n)
			}
			var p reflector
			for _, m := range s.follow(h) {
				p.take(t, m)
			}
			failed := map[string]int{}
			for _, pr := range p.Progress {
				if pr.Status == "failed" {
					failed[pr.Step]++
				}
			}
			if d := cmp.Diff(map[string]int{"transcribe_track": 1}, failed); d != "" || p.Status[len(p.Status)-1] != "error" {
				t.Errorf("status %v, failed: %s", p.Status, d)
			}
		})
	}
}

// What was deleted for want of consent is not told, and is no error.
func TestWhatWasDeletedIsNotTold(t *testing.T) {
	t.Parallel()
	s := newScript(t, 1)
	s.docs = documents()
	s.do("r1")
	if err := s.store.Delete(t.Context(), run.ArtifactKey(recording, "generate-title", "key", "title.json")); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.follow(s.hub(nil, &newest{id: "r1"})) {
		if m.Event == EventTitle {
			t.Errorf("told: %s", m.Data)
		}
	}
}
