package progress

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/peer"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// The names of events, as the peer's front end knows them
// (server/reflector/ws_manager.py and views/transcripts_websocket.py there), its
// planned progress event, and those of its pull request 854.
const (
	EventStatus       = "STATUS"
	EventDuration     = "DURATION"
	EventWaveform     = "WAVEFORM"
	EventTranscript   = "TRANSCRIPT"
	EventTopic        = "TOPIC"
	EventTitle        = "FINAL_TITLE"
	EventShortSummary = "FINAL_SHORT_SUMMARY"
	EventLongSummary  = "FINAL_LONG_SUMMARY"
	EventActionItems  = "ACTION_ITEMS"
	EventProgress     = "PIPELINE_PROGRESS"
	EventDAG          = "DAG_STATUS"
	EventTask         = "DAG_TASK_PROGRESS"
)

// The values of STATUS.
const (
	StatusProcessing = "processing"
	StatusEnded      = "ended"
	StatusError      = "error"
)

// told is an event before it is put into bytes.
type told struct {
	name string
	data any
}

type (
	statusData struct {
		Value string `json:"value"`
	}
	durationData struct {
		Duration int64 `json:"duration"`
	} // milliseconds
	waveformData struct {
		Waveform []float64 `json:"waveform"`
	}
	transcriptData struct {
		Text        string  `json:"text"`
		Translation *string `json:"translation"`
	}
	topicData struct {
		ID         string     `json:"id"`
		Title      string     `json:"title"`
		Summary    string     `json:"summary"`
		Timestamp  float64    `json:"timestamp"` // seconds
		Duration   float64    `json:"duration"`  // seconds
		Transcript string     `json:"transcript"`
		Words      []wordData `json:"words"`
	}
	wordData struct {
		Text    string  `json:"text"`
		Start   float64 `json:"start"`
		End     float64 `json:"end"`
		Speaker int     `json:"speaker"` // index of the track
	}
	titleData struct {
		Title string `json:"title"`
	}
	shortData struct {
		Text string `json:"short_summary"`
	}
	longData struct {
		Text string `json:"long_summary"`
	}
	actionsData struct {
		Items peer.ActionItems `json:"action_items"`
	}

	progressData struct {
		Workflow string `json:"workflow_id"`
		Step     string `json:"current_step"`
		Index    int    `json:"step_index"`
		Total    int    `json:"total_steps"`
		Status   string `json:"step_status"`
	}
	taskData struct {
		Run       string   `json:"workflow_run_id"`
		Task      string   `json:"task_name"`
		Percent   *float64 `json:"progress_pct"`
		Total     *int     `json:"children_total"`
		Completed *int     `json:"children_completed"`
	}
)

// peerSteps are the numbers that the peer gives to steps; two of them share one.
var peerSteps = map[string]int{
	"get-recording": 1, "get-participants": 2, "pad-track": 3, "mixdown-tracks": 4, "generate-waveform": 5, "transcribe-track": 6,
	"merge-transcripts": 7, "detect-topics": 8, "generate-title": 9, "generate-summary": 9, "finalize": 10, "cleanup-consent": 11,
	"post-zulip": 12, "send-webhook": 13,
}

// The states of a step in PIPELINE_PROGRESS.
const (
	stepInProgress = "in_progress"
	stepCompleted  = "completed"
	stepFailed     = "failed"
)

func (l *Log) progressOf(step, status string) told {
	return told{EventProgress, progressData{l.run, strings.ReplaceAll(step, "-", "_"), peerSteps[step], 13, status}}
}

// made returns what a step that has ended well adds to what is known of the
// recording. What was deleted for want of consent adds nothing.
func made(ctx context.Context, st store.Store, recording, id, step string) ([]told, error) {
	rec, ok, err := runner.Receipt(ctx, st, run.Task{Recording: recording, Run: id, Step: step, Track: -1})
	if err != nil || !ok {
		return nil, err
	}
	list, err := contentOf(ctx, st, recording, id, step, rec)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return list, err
}

func contentOf(ctx context.Context, st store.Store, recording, id, step string, rec run.Receipt) ([]told, error) {
	switch step {
	case "generate-waveform":
		var w artifact.Waveform
		ok, err := load(ctx, st, rec, "waveform", &w)
		return list(ok, told{EventWaveform, waveformData{w.Data}}), err
	case "merge-transcripts":
		var t artifact.Transcript
		ok, err := load(ctx, st, rec, "transcript", &t)
		return list(ok, told{EventDuration, durationData{int64(math.Round(1000 * t.Duration))}}, told{EventTranscript, transcriptData{Text: words(t, 0, math.Inf(1))}}), err
	case "detect-topics":
		var topics artifact.Topics
		if ok, err := load(ctx, st, rec, "topics", &topics); !ok {
			return nil, err
		}
		var t artifact.Transcript
		if _, err := loadOf(ctx, st, recording, id, "merge-transcripts", "transcript", &t); err != nil {
			return nil, err
		}
		var all []told
		for _, tp := range topics.Topics {
			all = append(all, told{EventTopic, topicOf(tp, t)})
		}
		return all, nil
	case "generate-title":
		var title artifact.Title
		ok, err := load(ctx, st, rec, "title", &title)
		return list(ok, told{EventTitle, titleData{title.Title}}), err
	case "generate-summary":
		var s artifact.Summary
		if ok, err := load(ctx, st, rec, "summary", &s); !ok {
			return nil, err
		}
		var t artifact.Transcript
		if _, err := loadOf(ctx, st, recording, id, "merge-transcripts", "transcript", &t); err != nil {
			return nil, err
		}
		names := map[string]string{}
		for _, p := range t.Participants {
			names[p.ID] = p.Name
		}
		return []told{
			{EventShortSummary, shortData{peer.ShortSummary(s)}},
			{EventLongSummary, longData{peer.LongSummary(s)}},
			{EventActionItems, actionsData{peer.ActionItemsOf(s, names)}},
		}, nil
	}
	return nil, nil
}

func list(ok bool, all ...told) []told {
	if !ok {
		return nil
	}
	return all
}

func topicOf(tp artifact.Topic, t artifact.Transcript) topicData {
	d := topicData{ID: tp.ID, Title: tp.Title, Summary: tp.Summary, Timestamp: tp.Start, Duration: tp.End - tp.Start, Words: []wordData{}}
	d.Transcript = words(t, tp.Start, tp.End)
	for _, w := range t.Words {
		if w.Start >= tp.Start && w.Start < tp.End {
			d.Words = append(d.Words, wordData{w.Text, w.Start, w.End, w.Track})
		}
	}
	return d
}

// words is the text of the segments that begin between two times.
func words(t artifact.Transcript, from, to float64) string {
	var parts []string
	for _, s := range t.Segments {
		if s.Start >= from && s.Start < to {
			parts = append(parts, s.Text)
		}
	}
	return strings.Join(parts, " ")
}

// load reads an output of a step; false when the step had nothing to write.
func load(ctx context.Context, st store.Store, rec run.Receipt, port string, v any) (bool, error) {
	for _, o := range rec.Outputs {
		if o.Port == port && o.Index == nil {
			_, err := store.GetJSON(ctx, st, o.Key, v)
			return err == nil, err
		}
	}
	return false, nil
}

func loadOf(ctx context.Context, st store.Store, recording, id, step, port string, v any) (bool, error) {
	rec, ok, err := runner.Receipt(ctx, st, run.Task{Recording: recording, Run: id, Step: step, Track: -1})
	if err != nil || !ok {
		return false, err
	}
	return load(ctx, st, rec, port, v)
}

// statusOf is a run's state in the peer's words.
func statusOf(s engine.State) string {
	switch s {
	case engine.Succeeded:
		return StatusEnded
	case engine.Failed, engine.Canceled:
		return StatusError
	default:
		return StatusProcessing
	}
}
