package web

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
)

// recording is a recording's page, put into words.
type recording struct {
	RecordingView
	Title  string
	Base   string // address of the recording's page
	API    string
	Ended  bool
	Open   bool // the graph is what one came for
	Ranks  [][]node
	Done   int
	Parts  report.Sections
	Files  []download
	From   []step // from which it may be processed anew
	Reason string
	Hint   string
}

type node struct {
	progress.Node
	Since   string // when it began, while it runs
	Took    string
	Waits   string
	Percent string
	Cells   []progress.Track
	Trouble string
}

type step struct{ Name, Title string }

type download struct{ Name, Label, Href, Size string }

// newRecording puts a recording into words; the parts of its report only where
// they are wanted, for these are long.
func newRecording(v RecordingView, withReport bool) (*recording, error) {
	id := url.PathEscape(v.Entry.ID)
	r := &recording{
		RecordingView: v, Title: titleOf(v), Base: "/recordings/" + id, API: "/v1/recordings/" + id,
		Ended: v.DAG.Status.Ended(), Open: v.DAG.Status != engine.Succeeded,
		Reason: v.DAG.Error, Hint: v.DAG.Hint,
	}
	if r.Reason == "" && v.Entry.State == engine.Failed {
		r.Reason = v.Entry.Error
	}
	r.rank()
	for _, name := range v.Steps {
		from := step{name, name}
		for _, n := range v.DAG.Tasks {
			if n.Name == name && n.Title != "" {
				from.Title = n.Title
			}
		}
		r.From = append(r.From, from)
	}
	if withReport {
		if err := r.sections(); err != nil {
			return nil, err
		}
	}
	labels := map[string]string{
		"transcript.vtt": "Subtitles (WebVTT)", "transcript.txt": "Transcript, plain text", "transcript.json": "Transcript, JSON",
		"summary.md": "Summary, Markdown", "audio.webm": "Mixed audio", "report.html": "Report, one page", "topics.json": "Topics, JSON",
		"result.json": "Result, JSON", "waveform.json": "Waveform, JSON", "waveform.png": "Waveform, picture",
	}
	for _, f := range v.Files {
		label := labels[f.Name]
		if label == "" {
			label = f.Name
		}
		r.Files = append(r.Files, download{f.Name, label, r.API + "/result/" + url.PathEscape(f.Name), size(f.Size)})
	}
	return r, nil
}

func titleOf(v RecordingView) string {
	if v.Report != nil && v.Report.Title != nil && v.Report.Title.Title != "" {
		return v.Report.Title.Title
	}
	for _, s := range []string{v.Entry.Title, v.Entry.Name} {
		if s != "" {
			return s
		}
	}
	return v.Entry.ID
}

// rank lays the nodes out: each one column after the last of those it reads.
func (r *recording) rank() {
	ranks, titles, before := map[string]int{}, map[string]string{}, map[string]map[string]bool{}
	for _, n := range r.DAG.Tasks {
		titles[n.Name] = n.Title
		at, all := 0, map[string]bool{}
		for _, p := range n.Parents {
			at = max(at, ranks[p]+1)
			all[p] = true
			maps.Copy(all, before[p])
		}
		before[n.Name] = all
		ranks[n.Name] = at
		for len(r.Ranks) <= at {
			r.Ranks = append(r.Ranks, nil)
		}
		if n.Status == progress.NodeCompleted {
			r.Done++
		}
		r.Ranks[at] = append(r.Ranks[at], newNode(n, titles, before))
	}
	r.Ranks = slices.DeleteFunc(r.Ranks, func(n []node) bool { return len(n) == 0 })
}

func newNode(n progress.Node, titles map[string]string, before map[string]map[string]bool) node {
	v := node{Node: n, Cells: n.Tracks}
	switch {
	case n.Status == progress.NodeRunning && n.StartedAt != nil:
		v.Since = n.StartedAt.UTC().Format(time.RFC3339)
	case n.Cached:
		v.Took = "kept from an earlier run"
	case n.Seconds != nil:
		v.Took = spell(*n.Seconds)
	}
	if n.Status == progress.NodeQueued && len(n.Waiting) > 0 {
		var names []string
		for _, p := range n.Waiting {
			// What another of them waits for itself goes without saying.
			if slices.ContainsFunc(n.Waiting, func(q string) bool { return before[q][p] }) {
				continue
			}
			if t := titles[p]; t != "" {
				p = t
			}
			names = append(names, p)
		}
		v.Waits = "Waits for: " + strings.Join(names, ", ")
	}
	if n.Percent != nil && n.Status == progress.NodeRunning {
		v.Percent = percent(*n.Percent / 100)
	}
	if n.Error != nil {
		v.Trouble = *n.Error
	}
	return v
}

// Running returns the time a node has run for, as of now.
func (r *recording) Running(n node) string {
	if n.StartedAt == nil {
		return ""
	}
	return spell(r.Now.Sub(*n.StartedAt).Seconds())
}

// Cell says in words how a track stands.
func (r *recording) Cell(t progress.Track) string {
	s := fmt.Sprintf("Track %d: %s", t.Track, strings.ToLower(stateOf(t.Status).Word))
	if t.Percent != nil && t.Status == progress.NodeRunning {
		s += " " + percent(*t.Percent/100) + " %"
	}
	if t.Attempts > 1 {
		s += fmt.Sprintf(", attempt %d", t.Attempts)
	}
	if t.Cached {
		s += ", kept from an earlier run"
	}
	for _, more := range []string{t.Message, deref(t.Error)} {
		if more != "" {
			s += ", " + more
		}
	}
	return s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
