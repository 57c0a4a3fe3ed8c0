package finalize

import (
	"slices"

	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// index makes result.json, but for its files.
func index(in In, t artifact.Transcript, topics *artifact.Topics, skipped []artifact.Skipped) artifact.Result {
	r := artifact.Result{
		Recording: in.Recording.ID, Name: in.Recording.Name, Started: in.Recording.Started,
		Duration: t.Duration, Language: t.Language, WordCount: len(t.Words),
		Participants: []artifact.ResultSpeaker{}, Engines: map[string]string{}, Files: []artifact.ResultFile{},
		Skipped: skipped, Warnings: []string{},
	}
	r.Title = "Untitled meeting"
	if in.Title != nil {
		r.Title = in.Title.Title
		r.Engines["generate-title"] = in.Title.Engine
	}
	if topics != nil {
		r.TopicCount = len(topics.Topics)
		r.Engines["detect-topics"] = topics.Engine
	}
	if in.Summary != nil {
		r.Engines["generate-summary"] = in.Summary.Engine
	}
	words := map[string]int{}
	for _, w := range t.Words {
		words[w.Speaker]++
	}
	speaking := report.SpeakingTime(t.Segments)
	for _, p := range t.Participants {
		r.Participants = append(r.Participants, artifact.ResultSpeaker{
			ID: p.ID, Name: p.Name, Tracks: p.Tracks, Words: words[p.ID], Speaking: speaking[p.ID],
		})
	}
	for _, w := range slices.Concat(in.Recording.Warnings, in.Recording.Skipped, t.Warnings) {
		if !slices.Contains(r.Warnings, w) {
			r.Warnings = append(r.Warnings, w)
		}
	}
	return r
}
