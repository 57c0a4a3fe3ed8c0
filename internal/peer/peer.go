// Package peer has the shapes in which Reflector (https://github.com/Monadical-SAS/reflector)
// tells what became of a recording, for receivers that were written for it. The
// webhook and the stream of events share them.
package peer

import (
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// ActionItems are what a meeting settled and who does what next.
type ActionItems struct {
	Decisions []Decision `json:"decisions"`
	NextSteps []NextStep `json:"next_steps"`
}

// A Decision is one that the meeting made.
type Decision struct {
	Decision    string  `json:"decision"`
	Rationale   *string `json:"rationale"`
	DecidedBy   *string `json:"decided_by"`
	DecidedByID *string `json:"decided_by_participant_id"`
}

// A NextStep is a task that somebody took or was given.
type NextStep struct {
	Task       string  `json:"task"`
	AssignedTo *string `json:"assigned_to"`
	AssignedID *string `json:"assigned_to_participant_id"`
	Deadline   *string `json:"deadline"`
	Context    string  `json:"context"` // the words it rests on
}

// ActionItemsOf returns a summary's action items and decisions. Names gives
// participants' names by their id.
func ActionItemsOf(s artifact.Summary, names map[string]string) ActionItems {
	items := ActionItems{Decisions: []Decision{}, NextSteps: []NextStep{}}
	for _, d := range s.Decisions {
		items.Decisions = append(items.Decisions, Decision{d.Decision, nil, Text(names[d.By]), Text(d.By)})
	}
	for _, a := range s.ActionItems {
		items.NextSteps = append(items.NextSteps, NextStep{a.Task, Text(names[a.Owner]), Text(a.Owner), Text(a.Deadline), a.Moment.Text})
	}
	return items
}

// ShortSummary is the recap, or the first thing worth remembering.
func ShortSummary(s artifact.Summary) string {
	if s.Recap != "" || len(s.Highlights) == 0 {
		return s.Recap
	}
	return s.Highlights[0].Text
}

// LongSummary is all that is told of the meeting, as Markdown.
func LongSummary(s artifact.Summary) string {
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

// Text is null for what is not known.
func Text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
