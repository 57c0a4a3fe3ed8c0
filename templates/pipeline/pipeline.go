// Package pipeline holds the one multitrack graph: which steps there are, what
// each reads from which, and under which policy it runs. Everything that runs,
// renders or draws the pipeline derives from this file.
package pipeline

import (
	"time"

	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
	"github.com/trackscribe/trackscribe/steps/detecttopics"
	"github.com/trackscribe/trackscribe/steps/finalize"
	"github.com/trackscribe/trackscribe/steps/generatesummary"
	"github.com/trackscribe/trackscribe/steps/generatetitle"
	"github.com/trackscribe/trackscribe/steps/generatewaveform"
	"github.com/trackscribe/trackscribe/steps/getparticipants"
	"github.com/trackscribe/trackscribe/steps/getrecording"
	"github.com/trackscribe/trackscribe/steps/mergetranscripts"
	"github.com/trackscribe/trackscribe/steps/mixdowntracks"
	"github.com/trackscribe/trackscribe/steps/padtrack"
	"github.com/trackscribe/trackscribe/steps/postzulip"
	"github.com/trackscribe/trackscribe/steps/sendwebhook"
	"github.com/trackscribe/trackscribe/steps/transcribetrack"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Name and Version identify the graph. Version changes with its shape.
const (
	Name    = "multitrack"
	Version = "1"
)

// tracks is what the per-track nodes fan out over.
const tracks = graph.Ref("get-recording.tracks")

// Groups of nodes that share a pod where pods are dear: what runs one after the
// other anyway, or is small.
const (
	prepare = "prepare"
	track   = "track"
	audio   = "audio"
	text    = "text"
	publish = "publish"
)

// New returns the multitrack graph.
func New() graph.Graph {
	return graph.Graph{Name: Name, Version: Version, Nodes: []graph.Node{
		{
			Step: getrecording.Spec, Title: "Find the tracks", Group: prepare,
			Policy: graph.Policy{Timeout: 5 * time.Minute, Retry: quick, Pool: graph.IO, CPU: 0.1, Memory: 64},
		}, {
			Step: getparticipants.Spec, Title: "Find the participants", Group: prepare,
			From:   graph.From{"recording": "get-recording.recording"},
			Policy: graph.Policy{Timeout: time.Minute, Retry: quick, Pool: graph.IO, CPU: 0.1, Memory: 64},
		}, {
			// Bound by the download of the raw track.
			Step: padtrack.Spec, Title: "Align the track", Group: track, Each: tracks,
			From:   graph.From{"track": tracks},
			Policy: graph.Policy{Timeout: 12 * time.Minute, Retry: steady, Pool: graph.IO, CPU: 0.25, Memory: 128},
		}, {
			Step: transcribetrack.Spec, Title: "Transcribe the track", Group: track, Each: tracks,
			From:   graph.From{"audio": "pad-track.audio"},
			Policy: graph.Policy{Timeout: 90 * time.Minute, Retry: steady, Pool: graph.ASR, CPU: 1, Memory: 512},
		}, {
			Step: mixdowntracks.Spec, Title: "Mix the tracks", Group: audio, Optional: true,
			From:   graph.From{"audio": "pad-track.audio"},
			Policy: graph.Policy{Timeout: 40 * time.Minute, Retry: graph.Retry{Limit: 2, First: second, Factor: 2, Max: 15 * second}, Pool: graph.CPU, CPU: 1, Memory: 96},
		}, {
			Step: generatewaveform.Spec, Title: "Draw the waveform", Group: audio, Optional: true,
			From:   graph.From{"peaks": "mixdown-tracks.peaks"},
			Policy: graph.Policy{Timeout: 5 * time.Minute, Retry: quick, Pool: graph.CPU, CPU: 0.5, Memory: 128},
		}, {
			Step: mergetranscripts.Spec, Title: "Merge the transcripts", Group: text,
			From: graph.From{
				"recording":    "get-recording.recording",
				"participants": "get-participants.participants",
				"timelines":    "pad-track.timeline",
				"words":        "transcribe-track.words",
			},
			Policy: graph.Policy{Timeout: 5 * time.Minute, Retry: quick, Pool: graph.CPU, CPU: 0.5, Memory: 256},
		}, {
			Step: detecttopics.Spec, Title: "Find the topics", Group: text, Optional: true,
			From:   graph.From{"transcript": "merge-transcripts.transcript"},
			Policy: graph.Policy{Timeout: time.Hour, Retry: steady, Pool: graph.LLM, CPU: 0.25, Memory: 128},
		}, {
			Step: generatetitle.Spec, Title: "Choose a title", Group: text, Optional: true,
			From: graph.From{
				"transcript": "merge-transcripts.transcript",
				"topics":     "detect-topics.topics",
			},
			Policy: graph.Policy{Timeout: 20 * time.Minute, Retry: steady, Pool: graph.LLM, CPU: 0.25, Memory: 128},
		}, {
			Step: generatesummary.Spec, Title: "Summarise", Group: text, Optional: true,
			From: graph.From{
				"transcript": "merge-transcripts.transcript",
				"topics":     "detect-topics.topics",
			},
			Policy: graph.Policy{Timeout: 20 * time.Minute, Retry: graph.Retry{Limit: 5, First: second, Factor: 2, Max: time.Minute}, Pool: graph.LLM, CPU: 0.25, Memory: 128},
		}, {
			Step: finalize.Spec, Title: "Publish the result", Group: publish,
			From: graph.From{
				"recording":  "get-recording.recording",
				"transcript": "merge-transcripts.transcript",
				"vtt":        "merge-transcripts.vtt",
				"text":       "merge-transcripts.text",
				"topics":     "detect-topics.topics",
				"title":      "generate-title.title",
				"summary":    "generate-summary.summary",
				"audio":      "mixdown-tracks.audio",
				"peaks":      "mixdown-tracks.peaks",
				"waveform":   "generate-waveform.waveform",
				"picture":    "generate-waveform.picture",
			},
			Policy: graph.Policy{Timeout: 10 * time.Minute, Retry: quick, Pool: graph.IO, CPU: 0.25, Memory: 128},
		}, {
			Step: cleanupconsent.Spec, Title: "Honour consent", Group: publish,
			From:   graph.From{"result": "finalize.result", "page": "finalize.silent"},
			Policy: graph.Policy{Timeout: 15 * time.Minute, Retry: steady, Pool: graph.IO, CPU: 0.1, Memory: 64},
		}, {
			Step: postzulip.Spec, Title: "Post to Zulip", Group: publish,
			From: graph.From{
				"result":  "finalize.result",
				"topics":  "detect-topics.topics",
				"summary": "generate-summary.summary",
			},
			After:  []string{"cleanup-consent"},
			Policy: graph.Policy{Timeout: time.Minute, Retry: insist, Pool: graph.IO, CPU: 0.1, Memory: 64},
		}, {
			Step: sendwebhook.Spec, Title: "Send the webhook", Group: publish,
			From: graph.From{
				"result":     "finalize.result",
				"transcript": "merge-transcripts.transcript",
				"vtt":        "merge-transcripts.vtt",
				"topics":     "detect-topics.topics",
				"summary":    "generate-summary.summary",
			},
			After: []string{"cleanup-consent"},
			// A receiver that is being deployed anew is back within minutes.
			Policy: graph.Policy{Timeout: 5 * time.Minute, Retry: graph.Retry{Limit: 9, First: 2 * second, Factor: 2, Max: 5 * time.Minute}, Pool: graph.IO, CPU: 0.1, Memory: 64},
		},
	}}
}

const second = time.Second

// How often what is tried again. The first wait is short, because most
// transient failures are over at once.
var (
	quick  = graph.Retry{Limit: 3, First: second, Factor: 2, Max: 10 * second}
	steady = graph.Retry{Limit: 3, First: second, Factor: 2, Max: 30 * second}
	insist = graph.Retry{Limit: 5, First: second, Factor: 2, Max: 15 * second}
)
