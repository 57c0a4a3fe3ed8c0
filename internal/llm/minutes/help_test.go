package minutes_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/llm/minutes"
	"github.com/trackscribe/trackscribe/internal/text/texttest"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/detecttopics"
	"github.com/trackscribe/trackscribe/steps/generatesummary"
	"github.com/trackscribe/trackscribe/steps/generatetitle"
	"github.com/trackscribe/trackscribe/steps/stepstest"
)

// A desk runs the three steps against a server.
type desk struct {
	topics, title, summary steps.Step
	model, window          string
	parts                  *stepstest.Documents
}

func newDesk(t *testing.T, h http.Handler, opt llm.Options, own minutes.Options) *desk {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	opt.URL = srv.URL + "/v1"
	own.Client = llm.New(opt)
	w := minutes.New(own)
	return &desk{detecttopics.New(w), generatetitle.New(w), generatesummary.New(w), "test-model", "16000", &stepstest.Documents{}}
}

// run runs a step on documents and decodes what it made into v.
func (d *desk) run(t *testing.T, s steps.Step, v any, docs ...any) (steps.Report, error) {
	t.Helper()
	given := steps.Given{Inputs: map[string][]steps.Input{}, Params: map[string]string{"llm-model": d.model, "llm-context-window": d.window}}
	for i, doc := range docs {
		b, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		name := s.Inputs[i].Name
		given.Inputs[name] = []steps.Input{{Name: name + ".json", Track: -1, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(string(b))), nil
		}}}
	}
	job := &steps.Job{Recording: "r", Run: "r1", Track: -1, Scratch: t.TempDir(), Parts: d.parts}
	made, report, err := s.Run(t.Context(), job, given)
	if err != nil {
		if len(made) > 0 {
			t.Errorf("%s failed and made %v", s.Name, made)
		}
		if left, _ := os.ReadDir(job.Scratch); len(left) > 0 {
			t.Errorf("%s failed and left %v", s.Name, left)
		}
		return report, err
	}
	b, err := os.ReadFile(made[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
	return report, nil
}

// all runs the three steps.
func (d *desk) all(t *testing.T, tr artifact.Transcript) (artifact.Topics, artifact.Title, artifact.Summary, [3]steps.Report) {
	t.Helper()
	var (
		topics  artifact.Topics
		title   artifact.Title
		summary artifact.Summary
		reports [3]steps.Report
		err     error
	)
	if reports[0], err = d.run(t, d.topics, &topics, tr); err != nil {
		t.Fatal(err)
	}
	if reports[1], err = d.run(t, d.title, &title, tr, topics); err != nil {
		t.Fatal(err)
	}
	if reports[2], err = d.run(t, d.summary, &summary, tr, topics); err != nil {
		t.Fatal(err)
	}
	return topics, title, summary, reports
}

func script(t *testing.T, name string) artifact.Transcript {
	t.Helper()
	return texttest.Load(t, name).Transcript()
}

// talk makes a transcript of lines "Name: words", four seconds each.
func talk(lines ...string) artifact.Transcript {
	t := artifact.Transcript{Recording: "talk", Language: "en", Warnings: []string{}, Words: []artifact.TranscriptWord{}, Segments: []artifact.Segment{}}
	known := map[string]bool{}
	for i, l := range lines {
		name, text, _ := strings.Cut(l, ": ")
		id := "p-" + strings.ToLower(strings.ReplaceAll(name, " ", "-"))
		if !known[id] {
			known[id] = true
			t.Participants = append(t.Participants, artifact.Speaker{ID: id, Name: name, Tracks: []int{len(t.Participants)}})
		}
		start := float64(4 * i)
		t.Segments = append(t.Segments, artifact.Segment{Speaker: id, Start: start, End: start + 3.5, Text: text})
		t.Duration = start + 4
	}
	for _, s := range t.Segments {
		for _, w := range strings.Fields(s.Text) {
			t.Words = append(t.Words, artifact.TranscriptWord{Text: w, Start: s.Start, End: s.End, Speaker: s.Speaker})
		}
	}
	return t
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
