package schema

import "github.com/trackscribe/trackscribe/steps/artifact"

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// full returns a document of each kind with every field set.
func full() map[string]any {
	moment := artifact.Moment{Text: "Let us ship it.", Speaker: "a", Start: 1, End: 2.5}
	return map[string]any{
		"result": artifact.Result{
			Recording: "r", Name: "standup", Started: "2025-11-24T10:30:00Z", Title: "Shipping",
			Duration: 293.4, Language: "en",
			Participants: []artifact.ResultSpeaker{{ID: "a", Name: "Ana", Tracks: []int{0}, Words: 4, Speaking: 1.5}},
			WordCount:    4, TopicCount: 1, Engines: map[string]string{"detect-topics": "lexical"},
			Files:    []artifact.ResultFile{{Name: "transcript.json", MediaType: "application/json", Size: 10, SHA256: digest}},
			Skipped:  []artifact.Skipped{{Step: "generate-title", Reason: "no server"}},
			Warnings: []string{"one track was empty"},
			Usage: artifact.Usage{
				Steps: map[string]artifact.StepUsage{"transcribe-track": {AudioSeconds: 12.5, TokensIn: 1, TokensOut: 1, Calls: 1, Bytes: 1}},
				Total: artifact.StepUsage{AudioSeconds: 12.5, TokensIn: 1, TokensOut: 1, Calls: 1, Bytes: 1}, Cost: &artifact.Cost{Amount: 0.5, Currency: "EUR"},
			},
			AudioDeleted: true,
		},
		"transcript": artifact.Transcript{
			Recording: "r", Duration: 293.4, Language: "en",
			Participants: []artifact.Speaker{{ID: "a", Name: "Ana", Tracks: []int{0, 3}}},
			Words:        []artifact.TranscriptWord{{Text: "Let", Start: 1, End: 1.2, Probability: 0.9, Speaker: "a"}},
			Segments:     []artifact.Segment{{Speaker: "a", Start: 1, End: 2.5, Text: "Let us ship it."}},
			Warnings:     []string{"x"},
		},
		"topics": artifact.Topics{Engine: "lexical", Topics: []artifact.Topic{{
			ID: "topic-1", Title: "Shipping", Summary: "About shipping.", Start: 0, End: 9,
			Keywords: []string{"ship"}, Speakers: []string{"a"},
		}}},
		"waveform": artifact.Waveform{Duration: 5.1, Data: make([]float64, 255), Step: 0.02, Peaks: "AAEC"},
		"cleanup-consent": artifact.Cleanup{
			Run: "r1", Reason: "denied", Decisions: 2, Denials: 1, Missing: "keep", Transcript: "delete", AudioFiles: 7, TextFiles: 9, Elsewhere: 1,
			Started: "2025-11-24T10:30:00Z", Finished: "2025-11-24T10:30:05Z", AudioGone: true, TextGone: true,
		},
		"post-zulip": artifact.Post{
			Run: "r1", Server: "chat.example.com", Channel: "meetings", Topic: "recordings", MessageID: 101, Updates: 1, Posting: true,
		},
		"send-webhook": artifact.Deliveries{
			Run: "r1", Event: "transcript.completed", EventID: digest[:32], Host: "example.com", Created: "2025-11-24T10:30:00Z", Delivered: true,
			Deliveries: []artifact.Delivery{{At: "2025-11-24T10:30:00Z", Status: 503, Milliseconds: 12, Error: "x"}},
		},
		"recording": artifact.Recording{
			ID: "r", Name: "standup", Started: "2025-11-24T10:30:00Z", MeetingID: "m", Duration: 293,
			Tracks:  []artifact.Track{{Index: 0, ParticipantID: "a", Key: "k", Size: 7, Identity: "etag", ClockOffset: -1, Start: new(0.25), Paused: []artifact.Span{{Start: 1, Length: 2}}}},
			Skipped: []string{"notes.txt: no audio"}, Warnings: []string{"x"},
		},
		"participants": artifact.Participants{
			Participants: []artifact.Participant{{ID: "a", Name: "Ana", UserID: "u", Tracks: []int{0}}},
			Warnings:     []string{"x"},
		},
		"timeline": artifact.Timeline{
			Track: 1, Codec: "opus", Channels: 1, SampleRate: 48000, Offset: 0.4, Duration: 9, Packets: 450,
			Gaps: []artifact.Span{{Start: 1, Length: 2}}, GapCount: 1, GapSeconds: 2, MaxDrift: 0.001, Dropped: 1,
			Warnings: []string{"x"},
		},
		"words": artifact.TrackWords{
			Track: 1, Engine: "embedded", Language: "en", Duration: 9, Speech: 3, LevelData: "gYGB", LevelStep: 0.1,
			Words:    []artifact.Word{{Text: "Let", Start: 1, End: 1.2, Probability: 1, Level: -30}},
			Warnings: []string{"x"},
		},
		"title": artifact.Title{Engine: "lexical", Title: "Shipping", Basis: []artifact.Moment{moment}},
		"summary": artifact.Summary{
			Engine: "lexical", Kind: "highlights", Recap: "x", Highlights: []artifact.Moment{moment},
			ActionItems: []artifact.ActionItem{{Task: "ship it", Owner: "a", Deadline: "by friday", Moment: moment}},
			Decisions:   []artifact.Decision{{Decision: "ship it", By: "a", Moment: moment}},
			Subjects:    []artifact.Subject{{Title: "Shipping", Paragraph: "x", Detail: "x", Moments: []artifact.Moment{moment}}},
		},
		"peaks": artifact.Peaks{
			Duration: 0.06, Step: 0.02, Values: "AAEC", TrackStep: 0.1, Limited: 0.01,
			Tracks: []artifact.TrackPeaks{{Track: 0, Values: "AA=="}},
		},
		"consent": artifact.ConsentDecisions{Decisions: []artifact.ConsentDecision{
			{UserID: "u", ParticipantID: "a", Name: "Ana", Consent: true, At: "2025-11-24T10:30:00Z"},
		}},
	}
}

// empty returns what a recording without tracks leads to.
func empty() map[string]any {
	return map[string]any{
		"consent": artifact.ConsentDecisions{Decisions: []artifact.ConsentDecision{}},
		"result": artifact.Result{
			Participants: []artifact.ResultSpeaker{}, Engines: map[string]string{}, Files: []artifact.ResultFile{},
			Skipped: []artifact.Skipped{}, Warnings: []string{}, Usage: artifact.Usage{Steps: map[string]artifact.StepUsage{}},
		},
		"transcript": artifact.Transcript{
			Participants: []artifact.Speaker{}, Words: []artifact.TranscriptWord{}, Segments: []artifact.Segment{}, Warnings: []string{},
		},
		"topics":          artifact.Topics{Topics: []artifact.Topic{}},
		"waveform":        artifact.Waveform{Data: make([]float64, 255), Step: 0.02},
		"cleanup-consent": artifact.Cleanup{Reason: "missing", Missing: "delete", Transcript: "keep", Started: "2025-11-24T10:30:00Z"},
		"post-zulip":      artifact.Post{},
		"send-webhook":    artifact.Deliveries{EventID: digest[:32], Created: "2025-11-24T10:30:00Z", Deliveries: []artifact.Delivery{}},
		"recording":       artifact.Recording{Tracks: []artifact.Track{}},
		"participants":    artifact.Participants{Participants: []artifact.Participant{}},
		"timeline":        artifact.Timeline{},
		"words":           artifact.TrackWords{Words: []artifact.Word{}},
		"title":           artifact.Title{Basis: []artifact.Moment{}},
		"summary": artifact.Summary{
			Kind: "highlights", Highlights: []artifact.Moment{}, ActionItems: []artifact.ActionItem{}, Decisions: []artifact.Decision{},
		},
		"peaks": artifact.Peaks{Step: 0.02, Tracks: []artifact.TrackPeaks{}},
	}
}
