package report

import "strings"

// parts names what each step contributes, as people would.
var parts = [...]struct{ step, what string }{
	{"detect-topics", "Topics"},
	{"generate-title", "Title"},
	{"generate-summary", "Summary"},
	{"mixdown-tracks", "Audio"},
	{"generate-waveform", "Waveform"},
	{"get-participants", "Participants"},
	{"cleanup-consent", "Consent"},
	{"post-zulip", "Zulip message"},
	{"send-webhook", "Webhook"},
}

// missing says in a sentence each what is not there, and why.
func (v *view) missing(in Input) {
	for _, s := range in.Skipped {
		one := skipped{What: clean(s.Step), Reason: clean(s.Reason)}
		for _, p := range parts {
			if p.step == s.Step {
				one.What = p.what
			}
		}
		v.Skipped = append(v.Skipped, one)
	}
	for _, file := range in.Recording.Skipped {
		name, reason, _ := strings.Cut(clean(file), ": ")
		v.Skipped = append(v.Skipped, skipped{What: name, Reason: reason})
	}

	why := func(sentence string, steps ...string) string {
		if in.Pending {
			return "Not there yet."
		}
		for _, step := range steps {
			for _, s := range in.Skipped {
				if reason := clean(s.Reason); s.Step == step && reason != "" {
					return sentence + ": " + strings.TrimRight(reason, ".") + "."
				}
			}
		}
		return sentence + "."
	}
	if in.Summary == nil {
		v.NoSummary = why("Highlights, action items and decisions are missing", "generate-summary", "detect-topics")
	}
	if in.Topics == nil {
		v.NoTopics = why("The topics are missing", "detect-topics")
	}
	if in.Title == nil {
		v.NoTitle = why("The title is missing", "generate-title", "detect-topics")
	}
	if in.Peaks == nil {
		v.NoWave = why("The waveform is missing", "generate-waveform", "mixdown-tracks")
	}
	switch {
	case in.AudioFile != "":
	case in.AudioGone:
		v.NoAudio = "The audio was deleted for want of consent."
	default:
		v.NoAudio = why("There is no mixed audio", "mixdown-tracks")
	}
}
