package minutes_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/internal/llm/minutes"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/stepstest"
)

// Whatever a model answers, what is taken of it rests on the transcript.
func FuzzAnswers(f *testing.F) {
	f.Add("topics", `{"topics":[{"line":2,"title":"a","summary":"b","keywords":["c"]},{"line":"[1]","title":"d","summary":"e"}]}`)
	f.Add("title", `{"title":"\u0000**x**","topics":[1,2,0,-1]}`)
	f.Add("subjects", `{"subjects":[{"title":"a","topics":[1]},{"title":"b","topics":[1,1,7]}]}`)
	f.Add("detail", `{"paragraph":"a","detail":"b\n\nc","lines":[6,1,99]}`)
	f.Add("actions", `{"action_items":[{"task":"a","owner":"Ben, Zoe","deadline":"friday","line":4}],"decisions":[{"decision":"b","by":"ana","line":1e9}]}`)
	f.Add("recap", `{"recap":""}`)
	tr := talk(lively...)
	found := topics.Detect(tr)
	said := func(m artifact.Moment) bool {
		return slices.ContainsFunc(tr.Segments, func(s artifact.Segment) bool { return s.Start == m.Start && s.Text == m.Text && s.Speaker == m.Speaker })
	}
	f.Fuzz(func(t *testing.T, form, text string) {
		s := llmtest.New()
		s.Answer = func(_ int, name, answer string) string {
			if name == form {
				return text
			}
			return answer
		}
		srv := httptest.NewServer(s)
		defer srv.Close()
		w := minutes.New(minutes.Options{Client: llm.New(llm.Options{URL: srv.URL})})
		d := &stepstest.Documents{}
		job := func() *steps.Job { return &steps.Job{Parts: d, Progress: func(float64) {}} }
		if got, err := w.Topics(t.Context(), job(), "test-model", 16000, tr); err == nil {
			checkTopics(t, tr, got)
		}
		if got, err := w.Title(t.Context(), job(), "test-model", 16000, tr, found); err == nil {
			if got.Title == "" || slices.ContainsFunc(got.Basis, func(m artifact.Moment) bool { return !said(m) }) {
				t.Errorf("title %+v", got)
			}
		}
		if got, err := w.Summarise(t.Context(), job(), "test-model", 16000, tr, found); err == nil {
			checkSummary(t, tr, got)
		}
	})
}
