package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/llm"
	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/steps"
)

const key = "key-planted-5678"

func serve(t *testing.T, h http.Handler, opt llm.Options) *llm.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	opt.URL, opt.Key = srv.URL+"/v1", key
	return llm.New(opt)
}

type recap struct {
	Recap string `json:"recap"`
}

// ask asks for a recap and returns it.
func ask(ctx context.Context, c *llm.Client) (string, steps.Usage, error) {
	var got recap
	used, err := c.Ask(ctx, llm.Question{
		Op: "write the recap", Model: "test-model", System: "Write the recap.", User: "[1] Zebras: Ana counted eleven of them.", Name: "recap",
		Schema: llm.Object(llm.Schema{"recap": llm.Text("one paragraph")}),
		Accept: func(b []byte, _ bool) error {
			got = recap{}
			if err := json.Unmarshal(b, &got); err != nil {
				return err
			}
			if got.Recap == "" {
				return llm.Complain(`it has no "recap"`)
			}
			return nil
		},
	})
	return got.Recap, used, err
}

const want = "They talked about this: Zebras: Ana counted eleven of them."

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			gate := &faulttest.Gate{Service: llmtest.New()}
			gate.Shut(f, -1)
			_, _, err := ask(t.Context(), serve(t, gate, llm.Options{Timeout: f.Patience(), Again: 3}))
			if err == nil || steps.Classify(err) != f.Class || !strings.Contains(err.Error(), f.Says) || !strings.HasPrefix(err.Error(), "the language model: write the recap: ") {
				t.Errorf("error %v (%s), want one that tells %q (%s)", err, steps.Classify(err), f.Says, f.Class)
			}
			if n := gate.Requests(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			f.CheckWait(t, gate, err)
		})
	}
}

func TestHabits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server func(*llmtest.Server)
		asked  string // forms of the questions, with "cold" for one without a temperature
	}{
		"schema":                    {func(*llmtest.Server) {}, "schema"},
		"tools only":                {func(s *llmtest.Server) { s.NoSchema = true }, "schema tool"},
		"arguments as an object":    {func(s *llmtest.Server) { s.NoSchema, s.Objects = true, true }, "schema tool"},
		"neither":                   {func(s *llmtest.Server) { s.NoSchema, s.NoTools = true, true }, "schema tool prose"},
		"no temperature":            {func(s *llmtest.Server) { s.NoTemperature = true }, "schema schema cold"},
		"nothing at all":            {func(s *llmtest.Server) { s.NoTemperature, s.NoSchema, s.NoTools = true, true, true }, "schema tool prose prose cold"},
		"thinking":                  {func(s *llmtest.Server) { s.Thinking = `Let me see. {"recap": "no, not that"}` }, "schema"},
		"fence":                     {func(s *llmtest.Server) { s.Fence = true }, "schema"},
		"thinking, fence, in prose": {func(s *llmtest.Server) { s.Thinking, s.Fence, s.NoSchema, s.NoTools = "Hm {", true, true, true }, "schema tool prose"},
		"parts":                     {func(s *llmtest.Server) { s.Parts = true }, "schema"},
		"no usage":                  {func(s *llmtest.Server) { s.NoUsage = true }, "schema"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := llmtest.New()
			s.Key = key
			c.server(s)
			client := serve(t, s, llm.Options{})
			got, used, err := ask(t.Context(), client)
			if err != nil || got != want {
				t.Fatalf("%q, error %v", got, err)
			}
			forms := forms(s)
			if forms != c.asked {
				t.Errorf("asked by %q, want %q", forms, c.asked)
			}
			if n := len(s.Asked()); used.Calls != n || (used.TokensIn > 0) == s.NoUsage || (used.TokensOut > 0) == s.NoUsage || used.Bytes < 100 {
				t.Errorf("%d questions, used %+v", n, used)
			}
			// What the server does not take is remembered.
			before := len(s.Asked())
			if _, _, err := ask(t.Context(), client); err != nil || len(s.Asked()) != before+1 {
				t.Errorf("asked the second time %d times, error %v", len(s.Asked())-before, err)
			}
		})
	}
}

func forms(s *llmtest.Server) string {
	var out []string
	for _, a := range s.Asked() {
		out = append(out, a.Form)
		if !a.Warm {
			out = append(out, "cold")
		}
	}
	return strings.Join(out, " ")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server func(*llmtest.Server)
		class  steps.Class
		says   string
		hint   string
	}{
		"unknown model":  {func(s *llmtest.Server) { s.Models = []string{"other"} }, steps.Misuse, `does not have the model "test-model"`, "LLM_MODEL"},
		"wrong key":      {func(s *llmtest.Server) { s.Key = "another" }, steps.Misuse, "401", "LLM_API_KEY"},
		"too long":       {func(s *llmtest.Server) { s.Window = 3 }, steps.Permanent, "longer than the model takes", "LLM_CONTEXT_WINDOW"},
		"repeats itself": {func(s *llmtest.Server) { s.Echo = true }, steps.Permanent, "400", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := llmtest.New()
			c.server(s)
			_, _, err := ask(t.Context(), serve(t, s, llm.Options{Again: 3}))
			if err == nil || steps.Classify(err) != c.class || !strings.Contains(err.Error(), c.says) || !strings.Contains(steps.Hint(err), c.hint) {
				t.Fatalf("error %v (%s), hint %q", err, steps.Classify(err), steps.Hint(err))
			}
			if strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "Ana") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error tells too much: %v", err)
			}
			if n := len(s.Asked()); n > 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestAskedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply string
		bad   int // replies that are unusable
		asked int
		says  string // the error; empty: none
		told  string // to the model
	}{
		"once":         {"I would rather not.", 1, 2, "", "no whole JSON object"},
		"as often":     {`{"recap": 7, "x": "Anaconda"}`, 2, 3, "", "cannot unmarshal number"},
		"never usable": {`{"recap": 7, "x": "Anaconda"}`, 9, 3, `after 3 tries: "recap" is a number`, ""},
		"empty":        {"", 9, 3, "after 3 tries: it is empty", ""},
		"cut off":      {`{"recap": "Anaconda and`, 9, 3, "no whole JSON", ""},
		"another form": {`{"summary": "Anaconda"}`, 9, 3, `it has no "recap"`, ""},
		"a long way":   {`{"recap": ["` + strings.Repeat("Anaconda ", 2000) + `"]}`, 1, 2, "", "cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := llmtest.New()
			s.Answer = func(n int, _, answer string) string {
				if n < c.bad {
					return c.reply
				}
				return answer
			}
			got, used, err := ask(t.Context(), serve(t, s, llm.Options{Again: 2}))
			asked := s.Asked()
			if len(asked) != c.asked || used.Calls != c.asked {
				t.Errorf("asked %d times, want %d; used %+v", len(asked), c.asked, used)
			}
			if c.says == "" {
				if err != nil || got != want {
					t.Fatalf("%q, error %v", got, err)
				}
				again := asked[len(asked)-1]
				if !strings.Contains(again.User, c.told) || !strings.Contains(again.User, `"recap"`) || len(again.User) > 3000 {
					t.Errorf("told %q", again.User)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || steps.Classify(err) != steps.Permanent || strings.Contains(err.Error(), "Anaconda") {
				t.Errorf("error %v (%s)", err, steps.Classify(err))
			}
		})
	}
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	s := llmtest.New()
	s.Finish = "length"
	s.Answer = func(int, string, string) string { return `{"recap": "Ana coun` }
	_, _, err := ask(t.Context(), serve(t, s, llm.Options{}))
	if err == nil || !strings.Contains(err.Error(), "one try: it is cut off") || steps.Hint(err) == "" || steps.Classify(err) != steps.Permanent {
		t.Errorf("error %v, hint %q", err, steps.Hint(err))
	}
}

// Replies as other servers' documentation and logs show them.
func TestReplyShapes(t *testing.T) {
	t.Parallel()
	object := `{"recap": "` + want + `"}`
	quoted, _ := json.Marshal(object)
	for name, body := range map[string]string{
		"plain":                `{"choices":[{"message":{"content":%s}}]}`,
		"null usage":           `{"choices":[{"message":{"content":%s,"tool_calls":null,"refusal":null},"finish_reason":null}],"usage":null}`,
		"counts as text":       `{"choices":[{"message":{"content":%s}}],"usage":{"prompt_tokens":"7","completion_tokens":2.0}}`,
		"content is an object": `{"choices":[{"message":{"content":` + object + `}}]}`,
		"in the thinking":      `{"choices":[{"message":{"content":"","reasoning_content":%s}}]}`,
		"beside the thinking":  `{"choices":[{"message":{"content":%s,"reasoning_content":"hm"}}]}`,
		"tool call":            `{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"recap","arguments":%s}}]}}]}`,
		"function call":        `{"choices":[{"message":{"content":null,"function_call":{"name":"recap","arguments":%s}}}]}`,
		"tag without a start":  `{"choices":[{"message":{"content":"so {\"recap\": \"no\"} it is\n</think>` + strings.Trim(string(quoted), `"`) + `"}}]}`,
		"an example before it": `{"choices":[{"message":{"content":"As {\"a\": 1} shows: ` + strings.Trim(string(quoted), `"`) + ` {"}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				if strings.Contains(body, "%s") {
					fmt.Fprintf(w, body, quoted)
					return
				}
				fmt.Fprint(w, body)
			})
			if got, _, err := ask(t.Context(), serve(t, h, llm.Options{})); err != nil || got != want {
				t.Errorf("%q, error %v", got, err)
			}
		})
	}
}

func TestUnusableReplies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		class steps.Class
		says  string
	}{
		"no choice":       {`{"choices":[]}`, steps.Permanent, "it is empty"},
		"filter":          {`{"choices":[{"message":{"content":"{}"},"finish_reason":"content_filter"}]}`, steps.Permanent, "filter withholds"},
		"refusal":         {`{"choices":[{"message":{"content":null,"refusal":"I can't help with Ana."}}]}`, steps.Permanent, "refuses to answer"},
		"error, busy":     {`{"error":{"message":"Provider returned error","code":503}}`, steps.Transient, "Provider returned error"},
		"error, bad":      {`{"error":{"message":"Invalid","code":400}}`, steps.Permanent, "Invalid"},
		"error, no code":  {`{"error":"overloaded"}`, steps.Transient, "overloaded"},
		"error, it tells": {`{"error":"cannot parse: Ana counted eleven of them"}`, steps.Transient, "answers with an error"},
		"no object":       {`[1,2]`, steps.Permanent, "another form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) })
			_, _, err := ask(t.Context(), serve(t, h, llm.Options{}))
			if err == nil || steps.Classify(err) != c.class || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "Ana") {
				t.Errorf("error %v (%s)", err, steps.Classify(err))
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := llmtest.New()
	s.Answer = func(int, string, string) string { cancel(); return "nothing" }
	if _, _, err := ask(ctx, serve(t, s, llm.Options{Again: 1000})); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"": 0, "abc": 1, "abcd": 2, "äöü": 3, "会議は十時": 5} {
		if got := llm.Tokens(s); got != want {
			t.Errorf("%q: %d tokens, want %d", s, got, want)
		}
	}
}
