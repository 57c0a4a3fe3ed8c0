package serve_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// meeting is a recording that is made up: speakers who take turns, with what the
// steps would have made of it.
type meeting struct {
	t        testing.TB
	store    store.Store
	id, run  string
	speakers int
	seconds  float64
	name     func(i int) string
	title    string
	at       time.Time // of the next receipt
}

func newMeeting(t testing.TB, st store.Store, id string) *meeting {
	return &meeting{
		t: t, store: st, id: id, run: "r1", speakers: 2, seconds: 60, title: "Fences and Rivers",
		name: func(i int) string { return fmt.Sprintf("Person %d", i) }, at: now.Add(-time.Hour),
	}
}

var vocabulary = []string{"river", "fence", "morning", "we", "should", "decide", "about", "the", "budget", "until", "friday", "and", "then", "somebody", "writes", "it", "down", "because", "nobody", "remembers", "anything", "otherwise"}

func (m *meeting) transcript() artifact.Transcript {
	random := rand.New(rand.NewPCG(1, 2))
	t := artifact.Transcript{Recording: m.id, Duration: m.seconds, Language: "en", Warnings: []string{}}
	for i := range m.speakers {
		t.Participants = append(t.Participants, artifact.Speaker{ID: fmt.Sprintf("p%d", i), Name: m.name(i), Tracks: []int{i}})
	}
	for at, turn := 0.5, 0; at < m.seconds-8; turn++ {
		who := turn % m.speakers
		s := artifact.Segment{Speaker: fmt.Sprintf("p%d", who), Start: at}
		for range 20 {
			w := vocabulary[random.IntN(len(vocabulary))]
			t.Words = append(t.Words, artifact.TranscriptWord{Text: w, Start: at, End: at + 0.3, Probability: 0.9, Speaker: s.Speaker, Track: who})
			s.Text += w + " "
			at += 0.35
		}
		s.Text, s.End = s.Text[:len(s.Text)-1]+".", at
		t.Segments = append(t.Segments, s)
		at += 0.5
	}
	return t
}

// documents are what each step writes, by port.
func (m *meeting) documents() map[string]map[string]any {
	t := m.transcript()
	first := t.Segments[0]
	moment := artifact.Moment{Text: first.Text, Speaker: first.Speaker, Start: first.Start, End: first.End}
	bytesOf := func(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, n)) }
	peaks := artifact.Peaks{Duration: m.seconds, Step: 0.02, Values: bytesOf(int(m.seconds * 50)), TrackStep: 0.2, Tracks: []artifact.TrackPeaks{}}
	rec := artifact.Recording{ID: m.id, Name: "standup-" + m.id, Started: "2026-11-26T09:00:00Z", Duration: m.seconds}
	for i := range m.speakers {
		rec.Tracks = append(rec.Tracks, artifact.Track{Index: i, ParticipantID: fmt.Sprintf("p%d", i), Key: fmt.Sprintf("t%d.webm", i)})
		peaks.Tracks = append(peaks.Tracks, artifact.TrackPeaks{Track: i, Values: bytesOf(int(m.seconds * 5))})
	}
	topics := artifact.Topics{Engine: "lexical"}
	for i := range int(m.seconds/300) + 1 {
		start := float64(i) * 300
		topics.Topics = append(topics.Topics, artifact.Topic{ID: fmt.Sprintf("topic-%d", i+1), Title: "Rivers", Summary: "About rivers.", Start: start, End: min(start+300, m.seconds), Keywords: []string{"river"}, Speakers: []string{"p0"}})
	}
	return map[string]map[string]any{
		"get-recording":     {"recording": rec},
		"mixdown-tracks":    {"audio": []byte("OggS or WebM, it is not looked at"), "peaks": peaks},
		"generate-waveform": {"waveform": artifact.Waveform{Duration: m.seconds, Data: []float64{0, 0.5, 1}, Step: 0.02, Peaks: "CQkJ"}},
		"merge-transcripts": {"transcript": t},
		"detect-topics":     {"topics": topics},
		"generate-title":    {"title": artifact.Title{Engine: "lexical", Title: m.title, Basis: []artifact.Moment{}}},
		"generate-summary": {"summary": artifact.Summary{
			Engine: "extractive", Kind: "highlights", Highlights: []artifact.Moment{moment},
			ActionItems: []artifact.ActionItem{{Task: "write it down", Owner: "p0", Deadline: "by friday", Moment: moment}},
			Decisions:   []artifact.Decision{{Decision: "nothing", By: "p0", Moment: moment}},
		}},
	}
}

// names of files whose port is not called as they are.
var fileNames = map[string]string{"audio": "audio.webm"}

// begin writes the run's run.json, and returns its first event.
func (m *meeting) begin() engine.Event {
	g := pipeline.New()
	versions := map[string]string{}
	for _, n := range g.Nodes {
		versions[n.Name()] = "1"
	}
	m.put(run.RunKey(m.id, m.run), run.Run{
		Steps: versions, ID: m.run, Recording: m.id, Source: "daily:" + m.id, Created: m.at,
		Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()},
	})
	return engine.Event{Time: m.at, Recording: m.id, Run: m.run, Track: -1, State: engine.Running}
}

func (m *meeting) put(key string, v any) store.Info {
	m.t.Helper()
	info, err := store.PutJSON(m.t.Context(), m.store, key, v, store.PutOptions{})
	if err != nil {
		m.t.Fatal(err)
	}
	return info
}

// step has a node of the graph done: it writes what the node makes, and returns
// the events.
func (m *meeting) step(n graph.Node) (events []engine.Event) {
	m.t.Helper()
	tracks := []int{-1}
	if n.Each != "" {
		tracks = tracks[:0]
		for i := range m.speakers {
			tracks = append(tracks, i)
		}
	}
	for _, track := range tracks {
		task := run.Task{Recording: m.id, Run: m.run, Step: n.Name(), Track: track}
		rec := run.Receipt{Step: n.Name(), Version: "1", Run: m.run, CacheKey: "k", Outputs: []run.Output{}, Attempt: 1, Started: m.at, Finished: m.at.Add(time.Second)}
		if track >= 0 {
			rec.Track = &track
		}
		for port, v := range m.documents()[n.Name()] {
			rec.Outputs = append(rec.Outputs, m.output(n.Name(), port, v))
		}
		if n.Name() == "get-recording" {
			for i := range m.speakers {
				rec.Outputs = append(rec.Outputs, run.Output{Port: "tracks", Index: &i, Name: fmt.Sprintf("track-%d.json", i)})
			}
		}
		if n.Step.SideEffect {
			rec.Skipped = "it is not configured"
		}
		ev := engine.Event{Time: m.at, Recording: m.id, Run: m.run, Step: n.Name(), Track: track, Tracks: len(tracks), State: engine.Running, Attempt: 1}
		if track < 0 {
			ev.Tracks = 0
		}
		events = append(events, ev)
		ev.State, ev.Time, ev.Took = engine.Succeeded, m.at.Add(time.Second), time.Second
		if rec.Skipped != "" {
			ev.State, ev.Message = engine.Skipped, rec.Skipped
		}
		events = append(events, ev)
		m.put(task.ReceiptKey(), rec)
	}
	m.at = m.at.Add(time.Second)
	return events
}

func (m *meeting) output(step, port string, v any) run.Output {
	m.t.Helper()
	name, media := port+".json", "application/json"
	data, isBytes := v.([]byte)
	if n, ok := fileNames[port]; ok && isBytes {
		name, media = n, "audio/webm"
	} else {
		var err error
		if data, err = json.Marshal(v); err != nil {
			m.t.Fatal(err)
		}
	}
	key := run.ArtifactKey(m.id, step, "k", name)
	if _, err := m.store.Put(m.t.Context(), key, bytes.NewReader(data), store.PutOptions{ContentType: media}); err != nil {
		m.t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return run.Output{Port: port, Name: name, Key: key, MediaType: media, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
}

// end ends the run, with its result.
func (m *meeting) end() engine.Event {
	m.t.Helper()
	r := artifact.Result{
		Recording: m.id, Name: "standup-" + m.id, Started: "2026-11-26T09:00:00Z", Title: m.title, Duration: m.seconds, Language: "en",
		Participants: []artifact.ResultSpeaker{}, Engines: map[string]string{}, Skipped: []artifact.Skipped{}, Warnings: []string{},
	}
	docs := m.documents()
	for name, v := range map[string]any{
		"transcript.json": docs["merge-transcripts"]["transcript"], "audio.webm": docs["mixdown-tracks"]["audio"],
		"report.html": []byte("<h1>a page</h1>"), "summary.md": []byte("# " + m.title),
	} {
		data, ok := v.([]byte)
		if !ok {
			var err error
			if data, err = json.Marshal(v); err != nil {
				m.t.Fatal(err)
			}
		}
		if _, err := m.store.Put(m.t.Context(), run.ResultKey(m.id, name), bytes.NewReader(data), store.PutOptions{}); err != nil {
			m.t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		media := map[string]string{"transcript.json": "application/json", "audio.webm": "audio/webm", "report.html": "text/html; charset=utf-8", "summary.md": "text/markdown"}[name]
		r.Files = append(r.Files, artifact.ResultFile{Name: name, MediaType: media, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	}
	m.put(run.ResultKey(m.id, "result.json"), r)
	m.put(run.EndKey(m.id, m.run), run.End{Run: m.run, State: run.Succeeded, Finished: m.at})
	return engine.Event{Time: m.at, Recording: m.id, Run: m.run, Track: -1, State: engine.Succeeded, Took: m.at.Sub(now.Add(-time.Hour))}
}

// whole is a run from its beginning to its end.
func (m *meeting) whole() []engine.Event {
	m.t.Helper()
	events := []engine.Event{m.begin()}
	for _, n := range pipeline.New().Nodes {
		events = append(events, m.step(n)...)
	}
	return append(events, m.end())
}

// failed is a run that a step ends.
func (m *meeting) failed(step, message string) {
	m.t.Helper()
	m.begin()
	m.step(pipeline.New().Nodes[0])
	task := run.Task{Recording: m.id, Run: m.run, Step: step, Track: 0}
	track := 0
	m.put(task.FailureKey(), run.Failure{Step: step, Run: m.run, Track: &track, Attempt: 1, Class: "permanent", Message: message, Hint: "record it anew", Finished: m.at})
	m.put(run.EndKey(m.id, m.run), run.End{Run: m.run, State: run.Failed, Message: step + "[0]: " + message, Finished: m.at})
}
