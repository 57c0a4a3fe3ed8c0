// Package getparticipants is the step that puts names to tracks: who was in
// the meeting, and which tracks are theirs. Somebody who rejoined, or whose
// track was restarted, is one participant with several tracks.
package getparticipants

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A Source knows who was there.
type Source interface {
	// Document returns one of the source's JSON documents
	// ("participants.json"), or nil when it has none of that name.
	Document(ctx context.Context, name string) ([]byte, error)
}

// In is what the step reads.
type In struct {
	Recording artifact.Recording `in:"recording" doc:"whose tracks there are"`
}

// Out is what the step writes.
type Out struct {
	Participants artifact.Participants `out:"participants" file:"participants.json" doc:"names, and the tracks of each"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:     "get-participants",
	Version:  "1",
	Summary:  "find out who was in the meeting and whose each track is",
	Volatile: true,
	Needs:    []steps.Need{{Name: "source", Doc: "who took part, if the source knows"}, {Name: "daily", Doc: "the account at Daily, for its recordings"}},
})

// New returns the step, reading from source.
func New(source Source) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		doc, err := source.Document(ctx, "participants.json")
		if err != nil {
			return Out{}, err
		}
		who, err := Read(doc, in.Recording)
		return Out{Participants: who}, err
	})
}

// person is one entry of Daily's participants list (REST API, GET
// /meetings/:id/participants).
type person struct {
	UserID        string  `json:"user_id"`
	ParticipantID string  `json:"participant_id"`
	UserName      string  `json:"user_name"`
	JoinTime      float64 `json:"join_time"`
	Duration      float64 `json:"duration"`
}

// overlaps reports whether both were in the meeting at one time. Unknown times
// count as overlapping: two people may well have one name.
func (p person) overlaps(q person) bool {
	if p.JoinTime <= 0 || q.JoinTime <= 0 || p.Duration <= 0 || q.Duration <= 0 {
		return true
	}
	return p.JoinTime < q.JoinTime+q.Duration && q.JoinTime < p.JoinTime+p.Duration
}

// same reports whether two entries are one person: the application's own user
// id says so, or, where there is none, the same name at different times.
func (p person) same(q person) bool {
	own := func(p person) bool { return p.UserID != "" && p.UserID != p.ParticipantID }
	switch {
	case p.ParticipantID == q.ParticipantID:
		return true
	case own(p) && own(q):
		return p.UserID == q.UserID
	default:
		return p.UserName != "" && p.UserName == q.UserName && !p.overlaps(q)
	}
}

// Read joins the participants.json document (nil when there is none) with the
// recording's tracks.
func Read(doc []byte, rec artifact.Recording) (artifact.Participants, error) {
	out := artifact.Participants{Participants: []artifact.Participant{}}
	var list struct {
		Data []person `json:"data"`
	}
	if doc != nil {
		if err := json.Unmarshal(doc, &list); err != nil {
			return out, steps.Bad("it must be what Daily's GET /meetings/:id/participants answers; remove it to go on without names",
				"read participants.json: %w", err)
		}
	} else if fromDaily(rec) {
		out.Warnings = append(out.Warnings, "nobody's names are known: speakers go by their tracks")
	}
	people := make([]person, 0, len(list.Data))
	for _, p := range list.Data {
		p.ParticipantID = strings.ToLower(strings.TrimSpace(p.ParticipantID))
		p.UserName = clean(p.UserName)
		if p.ParticipantID != "" {
			people = append(people, p)
		}
	}
	groups := group(people)
	for _, t := range rec.Tracks {
		i := slices.IndexFunc(groups, func(g []person) bool {
			return slices.ContainsFunc(g, func(p person) bool { return p.ParticipantID == t.ParticipantID })
		})
		if i < 0 {
			groups = append(groups, []person{{ParticipantID: t.ParticipantID}})
		}
	}
	for _, g := range groups {
		out.Participants = append(out.Participants, participant(g, rec.Tracks))
	}
	slices.SortStableFunc(out.Participants, func(a, b artifact.Participant) int { return firstTrack(a) - firstTrack(b) })
	return out, nil
}

// fromDaily reports whether a recording came from Daily, where somebody knows
// who took part; bare files are called as somebody chose.
func fromDaily(rec artifact.Recording) bool {
	return rec.MeetingID != "" || slices.ContainsFunc(rec.Tracks, func(t artifact.Track) bool { return t.ClockOffset >= 0 })
}

func group(people []person) [][]person {
	var groups [][]person
next:
	for _, p := range people {
		for i, g := range groups {
			if slices.ContainsFunc(g, p.same) && !slices.ContainsFunc(g, func(q person) bool { return clash(p, q) }) {
				groups[i] = append(g, p)
				continue next
			}
		}
		groups = append(groups, []person{p})
	}
	return groups
}

// clash keeps two people of one name apart when a third entry links them.
func clash(p, q person) bool {
	return p.ParticipantID != q.ParticipantID && p.UserID != q.UserID && p.overlaps(q)
}

func participant(g []person, tracks []artifact.Track) artifact.Participant {
	p := artifact.Participant{Tracks: []int{}}
	for _, t := range tracks {
		if slices.ContainsFunc(g, func(q person) bool { return q.ParticipantID == t.ParticipantID }) {
			p.Tracks = append(p.Tracks, t.Index)
			if p.ID == "" {
				p.ID = t.ParticipantID
			}
		}
	}
	if p.ID == "" {
		p.ID = g[0].ParticipantID
	}
	for _, q := range g {
		if q.UserName != "" {
			p.Name = q.UserName
		}
		if q.UserID != "" {
			p.UserID = q.UserID
		}
	}
	if p.Name == "" {
		p.Name = fallback(p)
	}
	return p
}

// idLike matches ids that nobody wants to read as a name.
var idLike = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f-]{27}$`)

func fallback(p artifact.Participant) string {
	if !idLike.MatchString(p.ID) && p.ID != "" {
		return p.ID // a bare file's name: somebody chose it
	}
	if len(p.Tracks) == 0 {
		return "Somebody"
	}
	return fmt.Sprintf("Speaker %d", p.Tracks[0]+1)
}

func firstTrack(p artifact.Participant) int {
	if len(p.Tracks) == 0 {
		return 1 << 30
	}
	return p.Tracks[0]
}

// clean makes a name fit for one line of text.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.Join(strings.Fields(name), " ")
	if r := []rune(name); len(r) > 80 {
		name = string(r[:80])
	}
	return name
}
