package sendwebhook

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/trackscribe/trackscribe/internal/peer"
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
		ID             string            `json:"id"`
		RoomID         string            `json:"room_id"`
		CreatedAt      string            `json:"created_at"`
		Duration       int64             `json:"duration"`
		Title          string            `json:"title"`
		ShortSummary   *string           `json:"short_summary"`
		LongSummary    *string           `json:"long_summary"`
		WebVTT         *string           `json:"webvtt"`
		Topics         []topic           `json:"topics"`
		Participants   []participant     `json:"participants"`
		SourceLanguage string            `json:"source_language"`
		TargetLanguage string            `json:"target_language"`
		Status         string            `json:"status"`
		FrontendURL    *string           `json:"frontend_url"`
		ActionItems    *peer.ActionItems `json:"action_items"`
		AudioDeleted   bool              `json:"audio_deleted"`
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
		Status: "ended", FrontendURL: peer.Text(c.link), WebVTT: peer.Text(c.vtt), AudioDeleted: c.audioGone,
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
		t.ShortSummary, t.LongSummary = peer.Text(peer.ShortSummary(*s)), peer.Text(peer.LongSummary(*s))
		items := peer.ActionItemsOf(*s, names)
		t.ActionItems = &items
	}
	return encode(event{Event, log.EventID, log.Created, t, room{name, name}, nil})
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
