package minutes_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/internal/llm/minutes"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/text/summary"
	"github.com/trackscribe/trackscribe/internal/text/texttest"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/detecttopics"
	"github.com/trackscribe/trackscribe/steps/generatesummary"
	"github.com/trackscribe/trackscribe/steps/generatetitle"
)

var lively = []string{
	"Ana: Good morning, the export is nearly ready.",
	"Ben: Nice, what is missing is the column with the time zone.",
	"Ana: We ship it without the time zone and add that later.",
	"Ben: Agreed, I will write the release notes by Friday.",
	"Ana: Ben, could you call the customer in Lyon tomorrow?",
	"Ben: Sure.",
}

// Every fault in every step: one request, the right class, nothing written.
func TestFaults(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	found := topics.Detect(tr)
	for _, f := range faulttest.All() {
		for _, name := range []string{"detect-topics", "generate-title", "generate-summary"} {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				gate := &faulttest.Gate{Service: llmtest.New()}
				gate.Shut(f, -1)
				d := newDesk(t, gate, llm.Options{Timeout: f.Patience(), Again: 3}, minutes.Options{Concurrency: 4})
				step, docs := d.topics, []any{tr}
				switch name {
				case "generate-title":
					step, docs = d.title, []any{tr, found}
				case "generate-summary":
					step, docs = d.summary, []any{tr, found}
				}
				_, err := d.run(t, step, nil, docs...)
				if err == nil || steps.Classify(err) != f.Class || !strings.Contains(err.Error(), f.Says) {
					t.Fatalf("error %v (%s), want one that tells %q (%s)", err, steps.Classify(err), f.Says, f.Class)
				}
				if n := gate.Requests(); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
				f.CheckWait(t, gate, err)
				if len(d.parts.Names()) > 0 {
					t.Errorf("kept %d parts of nothing", len(d.parts.Names()))
				}
			})
		}
	}
}

// A failed attempt keeps what it has: the next one asks only for the rest.
func TestNextAttemptGoesOn(t *testing.T) {
	t.Parallel()
	tr := texttest.Long(4, 6000).Transcript()
	server := llmtest.New()
	gate := &faulttest.Gate{Service: server}
	d := newDesk(t, gate, llm.Options{}, minutes.Options{Concurrency: 1})
	var whole artifact.Topics
	report, err := d.run(t, d.topics, &whole, tr)
	if err != nil {
		t.Fatal(err)
	}
	calls := report.Usage.Calls
	if calls < 4 {
		t.Fatalf("%d calls are too few for this test", calls)
	}

	for n := range calls {
		server := llmtest.New()
		stop := n // requests that are answered in the first attempt
		gate := &faulttest.Gate{Service: server}
		server.Answer = func(i int, _, answer string) string {
			if i == stop-1 {
				gate.Shut(faulttest.All()[11], -1)
			}
			return answer
		}
		if stop == 0 {
			gate.Shut(faulttest.All()[11], -1)
		}
		d := newDesk(t, gate, llm.Options{}, minutes.Options{Concurrency: 1})
		if _, err := d.run(t, d.topics, nil, tr); err == nil {
			t.Fatal("no error")
		}
		gate.Open()
		var got artifact.Topics
		report, err := d.run(t, d.topics, &got, tr)
		if err != nil || !reflect.DeepEqual(got, whole) {
			t.Fatalf("after %d calls: other topics, error %v", stop, err)
		}
		if len(server.Asked()) != calls || report.Usage.Calls != calls {
			t.Errorf("after %d calls: %d questions and %d calls in all, want %d", stop, len(server.Asked()), report.Usage.Calls, calls)
		}
	}
}

func TestWholeMeeting(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"standup", "planning", "retro", "handover", "chat"} {
		for form, server := range map[string]*llmtest.Server{
			"schema": llmtest.New(),
			"tool":   {Models: []string{"test-model"}, NoSchema: true},
			"prose":  {Models: []string{"test-model"}, NoSchema: true, NoTools: true, Thinking: "Hm.", Fence: true},
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				tr := script(t, name)
				d := newDesk(t, server, llm.Options{Again: 1}, minutes.Options{Concurrency: 3})
				found, title, sum, reports := d.all(t, tr)
				checkTopics(t, tr, found)
				if n := len(strings.Fields(title.Title)); n == 0 || n > 10 || len(title.Basis) == 0 || strings.ContainsAny(title.Title, `"“”`) {
					t.Errorf("title %q, basis %v", title.Title, title.Basis)
				}
				checkSummary(t, tr, sum)
				if len(sum.ActionItems) == 0 && name != "chat" {
					t.Error("no action item")
				}
				for _, r := range reports {
					if r.Engine != "test-model" || r.Usage.Calls == 0 || r.Usage.TokensIn == 0 || r.Usage.TokensOut == 0 || len(r.Warnings) > 0 {
						t.Errorf("report %+v", r)
					}
				}
			})
		}
	}
}

// checkTopics checks that the topics cover the transcript, in order.
func checkTopics(t *testing.T, tr artifact.Transcript, found artifact.Topics) {
	t.Helper()
	if found.Engine != "test-model" || len(found.Topics) == 0 {
		t.Fatalf("topics %+v", found)
	}
	if found.Topics[0].Start != tr.Segments[0].Start {
		t.Errorf("the first topic begins at %g", found.Topics[0].Start)
	}
	last := 0.0
	for i, topic := range found.Topics {
		if topic.ID != fmt.Sprintf("topic-%d", i+1) || topic.Title == "" || topic.Summary == "" || topic.Keywords == nil || len(topic.Speakers) == 0 {
			t.Errorf("topic %+v", topic)
		}
		if topic.Start < last || topic.End <= topic.Start || topic.End > tr.Duration+0.01 {
			t.Errorf("topic from %g to %g, after %g", topic.Start, topic.End, last)
		}
		last = topic.Start
	}
}

// checkSummary checks that everything rests on something that was said.
func checkSummary(t *testing.T, tr artifact.Transcript, s artifact.Summary) {
	t.Helper()
	if s.Kind != "summary" || s.Engine != "test-model" || s.Recap == "" || len(s.Subjects) == 0 || s.Highlights == nil {
		t.Errorf("summary %+v", s)
	}
	if most := minutes.SubjectCap(tr.Duration / 60); len(s.Subjects) > most {
		t.Errorf("%d subjects, want at most %d", len(s.Subjects), most)
	}
	said := func(m artifact.Moment) {
		if !slices.ContainsFunc(tr.Segments, func(g artifact.Segment) bool {
			return g.Text == m.Text && g.Speaker == m.Speaker && g.Start == m.Start && g.End == m.End
		}) {
			t.Errorf("nobody said %+v", m)
		}
	}
	for _, sub := range s.Subjects {
		if sub.Title == "" || sub.Paragraph == "" || sub.Detail == "" || len(sub.Moments) == 0 {
			t.Errorf("subject %+v", sub)
		}
		for _, m := range sub.Moments {
			said(m)
		}
	}
	for _, a := range s.ActionItems {
		said(a.Moment)
		if a.Owner != "" && !slices.ContainsFunc(tr.Participants, func(p artifact.Speaker) bool { return p.ID == a.Owner }) {
			t.Errorf("owner %q takes no part", a.Owner)
		}
	}
	for _, d := range s.Decisions {
		said(d.Moment)
	}
}

func TestActionItems(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	d := newDesk(t, llmtest.New(), llm.Options{}, minutes.Options{})
	var s artifact.Summary
	if _, err := d.run(t, d.summary, &s, tr, artifact.Topics{}); err != nil {
		t.Fatal(err)
	}
	moment := func(i int) artifact.Moment {
		g := tr.Segments[i]
		return artifact.Moment{Text: g.Text, Speaker: g.Speaker, Start: g.Start, End: g.End}
	}
	items := []artifact.ActionItem{
		{Task: "Write the release notes by Friday", Owner: "p-ben", Deadline: "by Friday", Moment: moment(3)},
		{Task: "Call the customer in Lyon tomorrow", Owner: "p-ben", Deadline: "tomorrow", Moment: moment(4)},
	}
	if !reflect.DeepEqual(s.ActionItems, items) {
		t.Errorf("action items %+v, want %+v", s.ActionItems, items)
	}
	decisions := []artifact.Decision{
		{Decision: "We ship it without the time zone and add that later", By: "p-ana", Moment: moment(2)},
		{Decision: "Agreed, I will write the release notes by Friday", By: "p-ben", Moment: moment(3)},
	}
	if !reflect.DeepEqual(s.Decisions, decisions) {
		t.Errorf("decisions %+v, want %+v", s.Decisions, decisions)
	}
}

// answers replaces the answers to questions of a form.
func answers(form string, list ...string) (*llmtest.Server, *int) {
	s := llmtest.New()
	asked := new(int)
	s.Answer = func(_ int, name, answer string) string {
		if name != form {
			return answer
		}
		*asked++
		return list[min(*asked, len(list))-1]
	}
	return s, asked
}

func TestInventedNames(t *testing.T) {
	t.Parallel()
	tr := talk("Ana Blau: I will send it by Friday.", "Ben: Good.", "Ana Rot: Fine, ship it.")
	for owner, want := range map[string]struct {
		id     string
		warned bool
	}{
		"Ben": {"p-ben", false}, "ben": {"p-ben", false}, " BEN. ": {"p-ben", false}, "p-ben": {"p-ben", false}, "Blau": {"p-ana-blau", false}, "Ana Rot": {"p-ana-rot", false},
		"": {"", false}, "Everyone": {"", false}, "N/A": {"", false},
		"Zoe": {"", true}, "Ana": {"", true}, "Ben Carlson": {"", true}, "Zoe and Ben": {"", true}, "Ben's boss": {"", true},
		"Ben and Ana Rot": {"p-ben", true},
	} {
		s, asked := answers("actions", fmt.Sprintf(`{"action_items":[{"task":"send it","owner":%q,"deadline":"","line":1}],"decisions":[{"decision":"ship it","by":%q,"line":3}]}`, owner, owner))
		d := newDesk(t, s, llm.Options{Again: 3}, minutes.Options{})
		var sum artifact.Summary
		report, err := d.run(t, d.summary, &sum, tr, artifact.Topics{})
		if err != nil || len(sum.ActionItems) != 1 || len(sum.Decisions) != 1 || *asked != 1 {
			t.Fatalf("%q: %+v, asked %d times, error %v", owner, sum, *asked, err)
		}
		if sum.ActionItems[0].Owner != want.id || sum.Decisions[0].By != want.id || (len(report.Warnings) == 2) != want.warned {
			t.Errorf("%q: owner %q, by %q, warnings %q", owner, sum.ActionItems[0].Owner, sum.Decisions[0].By, report.Warnings)
		}
		if strings.Contains(strings.Join(report.Warnings, " "), "Zoe") {
			t.Errorf("warnings name people: %q", report.Warnings)
		}
	}
}

func TestInventedDeadlines(t *testing.T) {
	t.Parallel()
	tr := talk("Ana: I will send it by Friday at nine.", "Ben: Good.")
	for deadline, want := range map[string]string{
		"by Friday": "by Friday", "Friday": "Friday", "at nine": "at nine", "2025-11-28": "", "by Monday": "", "by the end of the week": "", "none": "", "": "",
	} {
		s, _ := answers("actions", fmt.Sprintf(`{"action_items":[{"task":"send it","owner":"Ana","deadline":%q,"line":"[1]"}],"decisions":[]}`, deadline))
		d := newDesk(t, s, llm.Options{}, minutes.Options{})
		var sum artifact.Summary
		report, err := d.run(t, d.summary, &sum, tr, artifact.Topics{})
		if err != nil || len(sum.ActionItems) != 1 || sum.ActionItems[0].Deadline != want {
			t.Errorf("%q: %+v, error %v", deadline, sum.ActionItems, err)
		}
		if warned := len(report.Warnings) > 0; warned != (want == "" && deadline != "" && deadline != "none") {
			t.Errorf("%q: warnings %q", deadline, report.Warnings)
		}
	}
}

// A line that is not in the recording is asked about again, then left out.
func TestInventedLines(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	good := `{"topics":[{"line":1,"title":"Export","summary":"It is nearly ready.","keywords":[]}]}`
	for _, line := range []string{"0", "7", "-1", "1000000", `"Friday"`, "null", "1.5", "[2]"} {
		bad := fmt.Sprintf(`{"topics":[{"line":1,"title":"Export","summary":"It is nearly ready.","keywords":[]},{"line":%s,"title":"Zebras","summary":"They fly.","keywords":[]}]}`, line)
		s, asked := answers("topics", bad, good)
		d := newDesk(t, s, llm.Options{Again: 2}, minutes.Options{})
		var got artifact.Topics
		if report, err := d.run(t, d.topics, &got, tr); err != nil || len(got.Topics) != 1 || *asked != 2 || len(report.Warnings) != 0 || report.Usage.Calls != 2 {
			t.Errorf("line %s: %+v, asked %d times, %q, error %v", line, got, *asked, report.Warnings, err)
		}
		s, asked = answers("topics", bad)
		d = newDesk(t, s, llm.Options{Again: 2}, minutes.Options{})
		if report, err := d.run(t, d.topics, &got, tr); err != nil || len(got.Topics) != 1 || *asked != 3 || len(report.Warnings) != 1 || strings.Contains(report.Warnings[0], "Zebras") {
			t.Errorf("line %s: %+v, asked %d times, %q, error %v", line, got, *asked, report.Warnings, err)
		}
	}

	s, asked := answers("topics", `{"topics":[{"line":99,"title":"Zebras","summary":"They fly.","keywords":[]}]}`)
	d := newDesk(t, s, llm.Options{Again: 1}, minutes.Options{})
	if _, err := d.run(t, d.topics, nil, tr); err == nil || steps.Classify(err) != steps.Permanent || *asked != 2 {
		t.Errorf("nothing that is in the transcript: asked %d times, error %v", *asked, err)
	}

	s, asked = answers("actions", `{"action_items":[{"task":"fly","owner":"Ana","deadline":"","line":70},{"task":"call","owner":"Ben","deadline":"","line":5}],"decisions":[{"decision":"fly","by":"","line":0}]}`)
	d = newDesk(t, s, llm.Options{Again: 1}, minutes.Options{})
	var sum artifact.Summary
	report, err := d.run(t, d.summary, &sum, tr, artifact.Topics{})
	if err != nil || *asked != 2 || len(sum.ActionItems) != 1 || sum.ActionItems[0].Task != "Call" || len(sum.Decisions) != 0 || len(report.Warnings) != 2 {
		t.Errorf("%+v, asked %d times, %q, error %v", sum, *asked, report.Warnings, err)
	}

	s, asked = answers("detail", `{"paragraph":"The export is nearly ready.","detail":"Only the time zone is missing.","lines":[44]}`)
	d = newDesk(t, s, llm.Options{Again: 1}, minutes.Options{})
	report, err = d.run(t, d.summary, &sum, tr, artifact.Topics{})
	if err != nil || *asked != 2 || len(report.Warnings) != 1 || len(sum.Subjects) != 1 || len(sum.Subjects[0].Moments) != 1 || sum.Subjects[0].Moments[0].Start != 0 {
		t.Errorf("%+v, asked %d times, %q, error %v", sum.Subjects, *asked, report.Warnings, err)
	}
}

func TestLongTitle(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	long := `{"title":"One two three four five six seven eight nine ten eleven.","topics":[9]}`
	s, asked := answers("title", long, `{"title":"\"The export for Lyon.\"","topics":[1,1]}`)
	d := newDesk(t, s, llm.Options{Again: 3}, minutes.Options{})
	var title artifact.Title
	if _, err := d.run(t, d.title, &title, tr, topics.Detect(tr)); err != nil || title.Title != "The Export for Lyon" || *asked != 2 || len(title.Basis) != 1 {
		t.Errorf("%+v, asked %d times, error %v", title, *asked, err)
	}
	s, asked = answers("title", long)
	d = newDesk(t, s, llm.Options{Again: 1}, minutes.Options{})
	report, err := d.run(t, d.title, &title, tr, topics.Detect(tr))
	if err != nil || title.Title != "One Two Three Four Five Six Seven Eight Nine Ten" || *asked != 2 || len(title.Basis) != 0 || len(report.Warnings) != 1 {
		t.Errorf("%+v, asked %d times, %q, error %v", title, *asked, report.Warnings, err)
	}
}

func TestUnparsable(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	for _, again := range []int{0, 3} {
		s := llmtest.New()
		s.Answer = func(int, string, string) string { return "The export by Ana, you know." }
		d := newDesk(t, s, llm.Options{Again: again}, minutes.Options{})
		for _, step := range []steps.Step{d.topics, d.title, d.summary} {
			before := len(s.Asked())
			docs := []any{tr, topics.Detect(tr)}
			_, err := d.run(t, step, nil, docs[:len(step.Inputs)]...)
			if n := len(s.Asked()) - before; n != again+1 {
				t.Errorf("%s: asked %d times, want %d", step.Name, n, again+1)
			}
			if err == nil || steps.Classify(err) != steps.Permanent || !strings.Contains(err.Error(), "holds no whole JSON object") || strings.Contains(err.Error(), "Ana") {
				t.Errorf("%s: error %v", step.Name, err)
			}
		}
	}
}

// Nothing said, nothing asked; and without a model everything is as it was.
func TestWithoutModel(t *testing.T) {
	t.Parallel()
	s := llmtest.New()
	silent := talk()
	silent.Duration = 300
	for name, tr := range map[string]artifact.Transcript{"silent": silent, "no model": talk(lively...)} {
		d := newDesk(t, s, llm.Options{}, minutes.Options{})
		if name == "no model" {
			d.model = ""
		}
		found, title, sum, reports := d.all(t, tr)
		if !reflect.DeepEqual(found, topics.Detect(tr)) || !reflect.DeepEqual(title, topics.Title(tr, found)) || !reflect.DeepEqual(sum, summary.Summarise(tr, found)) {
			t.Errorf("%s: %+v, %+v, %+v", name, found, title, sum)
		}
		if reports[0].Engine != "lexical" || reports[0].Usage != (steps.Usage{}) {
			t.Errorf("%s: %+v", name, reports[0])
		}
	}
	if n := len(s.Asked()); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	d := &desk{topics: detecttopics.New(nil), title: generatetitle.New(nil), summary: generatesummary.New(nil), model: "x", window: "16000"}
	for _, step := range []steps.Step{d.topics, d.title, d.summary} {
		docs := []any{tr, artifact.Topics{}}
		_, err := d.run(t, step, nil, docs[:len(step.Inputs)]...)
		if err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(steps.Hint(err), "LLM_URL") {
			t.Errorf("%s: error %v, hint %q", step.Name, err, steps.Hint(err))
		}
		if basis, err := step.Basis(map[string]string{"llm-model": "x"}); basis != "" || err != nil {
			t.Errorf("%s: basis %q, error %v", step.Name, basis, err)
		}
	}
}

func TestBasis(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "recap.txt"), "Be short.\n---\n{{paragraphs}}")
	built := newDesk(t, llmtest.New(), llm.Options{}, minutes.Options{})
	own := newDesk(t, llmtest.New(), llm.Options{}, minutes.Options{Prompts: folder})
	seen := map[string]bool{}
	for _, c := range []struct {
		a, b steps.Step
		same bool
	}{{built.topics, own.topics, true}, {built.title, own.title, true}, {built.summary, own.summary, false}} {
		params := map[string]string{"llm-model": "test-model"}
		a, err := c.a.Basis(params)
		b, err2 := c.b.Basis(params)
		if err != nil || err2 != nil || (a == b) != c.same || seen[a] {
			t.Errorf("%s: %q and %q, errors %v, %v", c.a.Name, a, b, err, err2)
		}
		seen[a] = true
		if none, err := c.a.Basis(map[string]string{"llm-model": ""}); none != "" || err != nil {
			t.Errorf("%s: without a model the basis is %q, error %v", c.a.Name, none, err)
		}
	}
	for _, step := range []steps.Step{built.topics, built.title, built.summary} {
		for _, p := range []string{"llm-model", "llm-context-window"} {
			if !slices.ContainsFunc(step.Params, func(q steps.Param) bool { return q.Name == p }) {
				t.Errorf("%s: %s is no part of the cache key", step.Name, p)
			}
		}
	}
}

func TestPromptsMissing(t *testing.T) {
	t.Parallel()
	s := llmtest.New()
	d := newDesk(t, s, llm.Options{}, minutes.Options{Prompts: filepath.Join(t.TempDir(), "no")})
	_, err := d.topics.Basis(map[string]string{"llm-model": "x"})
	_, err2 := d.run(t, d.topics, nil, talk(lively...))
	for _, err := range []error{err, err2} {
		if err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(steps.Hint(err), "TRACKSCRIBE_PROMPTS") {
			t.Errorf("error %v, hint %q", err, steps.Hint(err))
		}
	}
	if len(s.Asked()) != 0 {
		t.Error("asked all the same")
	}
}

// A question and its reply fit the window, whatever the meeting's length; the
// server counts.
func TestWindow(t *testing.T) {
	t.Parallel()
	for _, window := range []int{2000, 4000, 16000, 128000} {
		for _, words := range []int{300, 9000, 30000} {
			t.Run(fmt.Sprintf("%d tokens, %d words", window, words), func(t *testing.T) {
				t.Parallel()
				tr := texttest.Long(6, words).Transcript()
				s := llmtest.New()
				s.Window = window * 3 / 4
				// Asking again must fit as well.
				s.NoSchema, s.NoTools = true, true
				s.Answer = func(n int, _, answer string) string {
					if n%5 == 2 && !strings.Contains(s.Asked()[n].User, "An earlier reply") {
						return `{"topics": 1, "x": "` + strings.Repeat("y", 5000) + `"}`
					}
					return answer
				}
				d := newDesk(t, s, llm.Options{Again: 3}, minutes.Options{Concurrency: 4})
				d.window = strconv.Itoa(window)
				found, _, sum, _ := d.all(t, tr)
				checkTopics(t, tr, found)
				checkSummary(t, tr, sum)
				covered(t, tr, s.Asked())
			})
		}
	}
	d := newDesk(t, llmtest.New(), llm.Options{}, minutes.Options{})
	d.window = "900"
	if _, err := d.run(t, d.topics, nil, talk(lively...)); err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(steps.Hint(err), "LLM_CONTEXT_WINDOW") {
		t.Errorf("error %v, hint %q", err, steps.Hint(err))
	}
}

var numbered = regexp.MustCompile(`(?m)^\[(\d+)\] \d`)

// covered checks that the model saw every line when it was asked for topics
// and for tasks, and each time in one question only.
func covered(t *testing.T, tr artifact.Transcript, asked []llmtest.Asked) {
	t.Helper()
	for _, about := range []string{"You divide the transcript", "You find the action items"} {
		seen := map[int]int{}
		for _, a := range asked {
			if strings.HasPrefix(a.System, about) && a.Form == "prose" && !strings.Contains(a.User, "An earlier reply") {
				for _, m := range numbered.FindAllStringSubmatch(a.User, -1) {
					n, _ := strconv.Atoi(m[1])
					seen[n]++
				}
			}
		}
		for i := range tr.Segments {
			if seen[i+1] != 1 {
				t.Fatalf("%s: line %d was seen %d times", about, i+1, seen[i+1])
			}
		}
	}
}

// Pieces are as long as the peer's chunks, and end where a turn ends.
func TestPieces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words   int
		minutes float64
		want    int
	}{{100, 1, 375}, {4500, 30, 450}, {9000, 60, 562}, {30000, 60, 1500}, {18000, 120, 666}} {
		if got := minutes.PieceWords(c.words, c.minutes); got != c.want {
			t.Errorf("%d words in %g minutes: pieces of %d words, want %d", c.words, c.minutes, got, c.want)
		}
	}
	tr := texttest.Long(5, 9000).Transcript()
	s := llmtest.New()
	d := newDesk(t, s, llm.Options{}, minutes.Options{})
	if _, err := d.run(t, d.topics, &artifact.Topics{}, tr); err != nil {
		t.Fatal(err)
	}
	torn := 0
	for _, a := range s.Asked() {
		lines := numbered.FindAllStringSubmatch(a.User, -1)
		first, _ := strconv.Atoi(lines[0][1])
		words := 0
		for k := range lines {
			words += len(strings.Fields(tr.Segments[first-1+k].Text))
		}
		if want := minutes.PieceWords(9000, tr.Duration/60); words < want/3 || words > 2*want {
			t.Errorf("a piece of %d words, want about %d", words, want)
		}
		if first > 1 && tr.Segments[first-2].Speaker == tr.Segments[first-1].Speaker {
			torn++
		}
	}
	if torn > 0 {
		t.Errorf("%d of %d pieces begin inside a turn", torn, len(s.Asked()))
	}
}

func TestSubjectCap(t *testing.T) {
	t.Parallel()
	for m, want := range map[float64]int{0: 1, 5: 1, 5.1: 2, 15: 2, 30: 3, 45: 4, 60: 5, 61: 6, 300: 6} {
		if got := minutes.SubjectCap(m); got != want {
			t.Errorf("%g minutes: %d, want %d", m, got, want)
		}
	}
}

// Two pieces whose topics have one title are one topic.
func TestNeighboursAreJoined(t *testing.T) {
	t.Parallel()
	tr := texttest.Long(4, 3000).Transcript()
	s := llmtest.New()
	s.Answer = func(_ int, name, answer string) string {
		var a struct {
			Topics []map[string]any `json:"topics"`
		}
		if err := json.Unmarshal([]byte(answer), &a); err != nil {
			t.Error(err)
		}
		for _, topic := range a.Topics {
			topic["title"] = "Release plan."
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	d := newDesk(t, s, llm.Options{}, minutes.Options{})
	var got artifact.Topics
	if _, err := d.run(t, d.topics, &got, tr); err != nil || len(got.Topics) != 1 || got.Topics[0].Title != "Release plan" || len(s.Asked()) < 2 {
		t.Fatalf("%d topics of %d questions, error %v", len(got.Topics), len(s.Asked()), err)
	}
	checkTopics(t, tr, got)
	if len(got.Topics[0].Speakers) != 4 {
		t.Errorf("speakers %v", got.Topics[0].Speakers)
	}
}

// A kept answer to another question is no answer to this one.
func TestStalePart(t *testing.T) {
	t.Parallel()
	tr := talk(lively...)
	s := llmtest.New()
	d := newDesk(t, s, llm.Options{}, minutes.Options{})
	stale := map[string]any{"question": "another", "answer": map[string]any{"title": "Zebras", "topics": []int{7}}}
	if err := d.parts.Save(t.Context(), "title", stale); err != nil {
		t.Fatal(err)
	}
	var title artifact.Title
	if _, err := d.run(t, d.title, &title, tr, topics.Detect(tr)); err != nil || title.Title == "Zebras" || len(s.Asked()) != 1 {
		t.Errorf("%+v, asked %d times, error %v", title, len(s.Asked()), err)
	}
}
