package sendwebhook

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"github.com/trackscribe/trackscribe/internal/text/subtitle"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// The body has the fields that receivers of Reflector's webhook read
// (server/docs/webhook.md there), nulls included. Duration is in milliseconds,
// as it sends it; the times of topics are in seconds.
type (
	event struct {
		Event      string     `json:"event"`
		EventID    string     `json:"event_id"`
		Timestamp  string     `json:"timestamp"`
		Transcript transcript `json:"transcript"`
		Room       room       `json:"room"`
		Calendar   *struct{}  `json:"calendar_event"`
	}
	transcript struct {
		ID             string        `json:"id"`
		RoomID         string        `json:"room_id"`
		CreatedAt      string        `json:"created_at"`
		Duration       int64         `json:"duration"`
		Title          string        `json:"title"`
		ShortSummary   *string       `json:"short_summary"`
		LongSummary    *string       `json:"long_summary"`
		WebVTT         *string       `json:"webvtt"`
		Topics         []topic       `json:"topics"`
		Participants   []participant `json:"participants"`
		SourceLanguage string        `json:"source_language"`
		TargetLanguage string        `json:"target_language"`
		Status         string        `json:"status"`
		FrontendURL    *string       `json:"frontend_url"`
		ActionItems    *actionItems  `json:"action_items"`
		AudioDeleted   bool          `json:"audio_deleted"`
	}
	topic struct {
		Title     string  `json:"title"`
		Summary   string  `json:"summary"`
		Timestamp float64 `json:"timestamp"`
		Duration  float64 `json:"duration"`
		WebVTT    string  `json:"webvtt"`
	}
	participant struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Speaker *int   `json:"speaker"` // index of the first track
	}
	room struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	actionItems struct {
		Decisions []decision `json:"decisions"`
		NextSteps []nextStep `json:"next_steps"`
	}
	decision struct {
		Decision    string  `json:"decision"`
		Rationale   *string `json:"rationale"`
		DecidedBy   *string `json:"decided_by"`
		DecidedByID *string `json:"decided_by_participant_id"`
	}
	nextStep struct {
		Task       string  `json:"task"`
		AssignedTo *string `json:"assigned_to"`
		AssignedID *string `json:"assigned_to_participant_id"`
		Deadline   *string `json:"deadline"`
		Context    string  `json:"context"`
	}
)

// payload makes the event's body: the same bytes in every attempt.
func payload(c content, log artifact.Deliveries) ([]byte, error) {
	r := c.result
	// Receivers want these, known or not.
	name, created := r.Name, r.Started
	if name == "" {
		name = r.Recording
	}
	if created == "" {
		created = log.Created
	}
	t := transcript{
		ID: r.Recording, RoomID: name, CreatedAt: created, Duration: int64(math.Round(r.Duration * 1000)), Title: r.Title,
		Topics: []topic{}, Participants: []participant{}, SourceLanguage: r.Language, TargetLanguage: r.Language,
		Status: "ended", FrontendURL: text(c.link), WebVTT: text(c.vtt), AudioDeleted: c.audioGone,
	}
	names := map[string]string{}
	for _, p := range r.Participants {
		names[p.ID] = p.Name
		var speaker *int
		if len(p.Tracks) > 0 {
			speaker = &p.Tracks[0]
		}
		t.Participants = append(t.Participants, participant{p.ID, p.Name, speaker})
	}
	if c.topics != nil {
		for _, tp := range c.topics.Topics {
			t.Topics = append(t.Topics, topic{tp.Title, tp.Summary, tp.Start, tp.End - tp.Start, part(c.transcript, tp)})
		}
	}
	if s := c.summary; s != nil {
		t.ShortSummary, t.LongSummary = text(short(*s)), text(long(*s))
		items := &actionItems{Decisions: []decision{}, NextSteps: []nextStep{}}
		for _, d := range s.Decisions {
			items.Decisions = append(items.Decisions, decision{d.Decision, nil, text(names[d.By]), text(d.By)})
		}
		for _, a := range s.ActionItems {
			items.NextSteps = append(items.NextSteps, nextStep{a.Task, text(names[a.Owner]), text(a.Owner), text(a.Deadline), a.Moment.Text})
		}
		t.ActionItems = items
	}
	return encode(event{Event, log.EventID, log.Created, t, room{name, name}, nil})
}

// short is the recap, or the first thing worth remembering.
func short(s artifact.Summary) string {
	if s.Recap != "" || len(s.Highlights) == 0 {
		return s.Recap
	}
	return s.Highlights[0].Text
}

func long(s artifact.Summary) string {
	var b strings.Builder
	if s.Recap != "" {
		b.WriteString("# Quick recap\n\n" + s.Recap + "\n")
	}
	for _, sub := range s.Subjects {
		text := sub.Detail
		if text == "" {
			text = sub.Paragraph
		}
		b.WriteString("\n# " + sub.Title + "\n\n" + text + "\n")
	}
	if len(s.Highlights) > 0 {
		b.WriteString("\n# Highlights\n\n")
		for _, h := range s.Highlights {
			b.WriteString("- " + h.Text + "\n")
		}
	}
	return strings.TrimSpace(b.String())
}

// part is the WebVTT of what was said in a topic.
func part(t *artifact.Transcript, tp artifact.Topic) string {
	if t == nil {
		return ""
	}
	cut := artifact.Transcript{Participants: t.Participants}
	for _, w := range t.Words {
		if w.Start >= tp.Start && w.Start < tp.End {
			cut.Words = append(cut.Words, w)
		}
	}
	for _, s := range t.Segments {
		if s.Start >= tp.Start && s.Start < tp.End {
			cut.Segments = append(cut.Segments, s)
		}
	}
	return string(subtitle.WebVTT(cut))
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// text is null for what is not known.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
