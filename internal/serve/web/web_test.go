package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/internal/serve/web"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

const hostile = "<script>alert(1)</script>\" onmouseover=\"x' \u202eevil"

var (
	now    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	states = []engine.State{engine.Queued, engine.Running, engine.Succeeded, engine.Failed, engine.Canceled}
)

func site(t *testing.T) *web.Site {
	t.Helper()
	s, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func view(state engine.State, text string) web.RecordingView {
	at, pct, n, done := now.Add(-time.Minute), 42.0, 2, 1
	d := progress.Empty(pipeline.New(), "run-1")
	d.Status, d.Progress = state, 0.5
	nodes := []string{progress.NodeCompleted, progress.NodeRunning, progress.NodeFailed, progress.NodeCancelled, progress.NodeQueued}
	for i := range d.Tasks {
		k := &d.Tasks[i]
		k.Status, k.StartedAt, k.Percent, k.Attempts = nodes[i%5], &at, &pct, 2
		if k.Status == progress.NodeFailed {
			k.Error, k.Hint = &text, text
		}
	}
	k := &d.Tasks[3]
	k.Total, k.Completed = &n, &done
	k.Tracks = []progress.Track{{Status: "completed"}, {Track: 1, Status: "running", Percent: &pct, Attempts: 2, Message: text}}
	v := web.RecordingView{
		Entry: shelf.Entry{ID: "rec-1", Name: text, Title: text, State: state, Recorded: &at, Asked: at, Duration: 313, Runs: 2},
		DAG:   d, Now: now, Steps: []string{"detect-topics"}, Viewer: web.Viewer{Name: text, MayWrite: true, SignedIn: true},
		Runs: []shelf.Run{{ID: "run-1", State: state, Asked: at}, {ID: "run-0", State: engine.Failed, Asked: at}},
	}
	switch state {
	case engine.Failed:
		v.DAG.Error, v.DAG.Hint = text, text
	case engine.Succeeded:
		v.Files = []artifact.ResultFile{{Name: "transcript.vtt", Size: 1234}}
		v.Player = &web.Player{Audio: "/v1/recordings/rec-1/runs/run-1/audio.webm", Words: "/recordings/rec-1/runs/run-1/words.json", Duration: 313}
		v.Report = &report.Input{AudioFile: "audio.webm", Warnings: []string{text}, Transcript: artifact.Transcript{
			Recording: "rec-1", Duration: 313,
			Participants: []artifact.Speaker{{Name: text}}, Segments: []artifact.Segment{{Start: 1, End: 2, Text: text}},
			Words: []artifact.TranscriptWord{{Start: 1, End: 2, Text: text}},
		}}
	}
	return v
}

// check fails where a page holds a script or style of its own, a handler, or a
// form that changes something without its token.
func check(t *testing.T, page string) {
	t.Helper()
	seen := map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		k := z.Token()
		if k.Type != html.StartTagToken && k.Type != html.SelfClosingTagToken {
			continue
		}
		src := false
		for _, a := range k.Attr {
			src = src || a.Key == "src"
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") {
				t.Errorf("<%s> has %s=%q", k.Data, a.Key, a.Val)
			}
			if a.Key == "id" {
				if seen[a.Val] {
					t.Errorf("id %q is there twice", a.Val)
				}
				seen[a.Val] = true
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("<%s> %s was thought unsafe", k.Data, a.Key)
			}
		}
		if k.Data == "style" || k.Data == "script" && !src {
			t.Errorf("page has an inline <%s>", k.Data)
		}
	}
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("page has %d h1", n)
	}
}

func TestRecordings(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, text := range []string{"Stand-up", hostile} {
		for _, state := range states {
			v := view(state, text)
			var b bytes.Buffer
			if err := s.Recording(&b, v); err != nil {
				t.Fatal(err)
			}
			page := b.String()
			check(t, page)
			if n := strings.Count(page, `id="node-`); n != 14 {
				t.Errorf("%s: %d nodes", state, n)
			}
			if open := strings.Contains(page, `class="graph" open`); open == (state == engine.Succeeded) {
				t.Errorf("%s: graph open is %v", state, open)
			}
			if retry := strings.Contains(page, ">Retry<"); retry != (state == engine.Failed || state == engine.Canceled) {
				t.Errorf("%s: retry is %v", state, retry)
			}
			if failed := strings.Contains(page, "It failed:"); failed != (state == engine.Failed) {
				t.Errorf("%s: reason is %v", state, failed)
			}
			if plays := strings.Contains(page, `src="/v1/recordings/rec-1/runs/run-1/audio.webm"`); plays != (state == engine.Succeeded) {
				t.Errorf("%s: audio is %v", state, plays)
			}
			for _, name := range []string{"head", "graph", "findings", "player", "transcript", "notes", "files"} {
				var part bytes.Buffer
				if err := s.Part(&part, name, v); err != nil {
					t.Fatal(err)
				}
				if part.Len() == 0 || !strings.Contains(page, part.String()) {
					t.Errorf("%s: part %s is not what the page holds", state, name)
				}
			}
		}
	}
	if err := s.Part(io.Discard, "top", view(engine.Running, "")); err == nil {
		t.Error("a part that is none was written")
	}
}

func TestReadersGetNoForms(t *testing.T) {
	t.Parallel()
	v := view(engine.Failed, "a")
	v.Viewer.MayWrite, v.Viewer.SignedIn = false, false
	var b bytes.Buffer
	if err := site(t).Recording(&b, v); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<form") {
		t.Error("a reader is shown a form")
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := site(t)
	v := web.ListView{Total: 1000, Query: hostile, Next: "/?after=100", Now: now}
	for i := range 100 {
		v.Entries = append(v.Entries, shelf.Entry{
			ID: fmt.Sprintf("7f6d9c1a-5b0e-4c43-9a52-%012d", i), Name: hostile, Title: hostile, State: states[i%5],
			Asked: now.Add(-time.Hour), Duration: 3600, Progress: .4, Step: "Find the topics", Error: map[bool]string{true: hostile}[i%5 == 3],
		})
	}
	var b bytes.Buffer
	if err := s.List(&b, v); err != nil {
		t.Fatal(err)
	}
	check(t, b.String())
	if b.Len() >= 100_000 {
		t.Errorf("list has %d bytes", b.Len())
	}
	for _, want := range []string{">Running<", ">Failed<", "1 h ago", "40 %", `rel="next"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("list lacks %q", want)
		}
	}
	b.Reset()
	if err := s.List(&b, web.ListView{Now: now}); err != nil || !strings.Contains(b.String(), "No recordings yet") {
		t.Errorf("empty list says nothing (%v)", err)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	s := site(t)
	var b bytes.Buffer
	if err := s.Message(&b, web.MessageView{Title: hostile, Text: hostile, Hint: hostile, Status: 404}); err != nil {
		t.Fatal(err)
	}
	check(t, b.String())
	b.Reset()
	if err := s.SignIn(&b, web.SignInView{OIDC: true, Token: true, Next: hostile, Error: hostile}); err != nil {
		t.Fatal(err)
	}
	check(t, b.String())
	b.Reset()
	// A form that ends at another site is stopped by the policy form-action: the
	// way to the identity provider has to be a link.
	if err := s.SignIn(&b, web.SignInView{OIDC: true, Next: "/recordings/a?b=c&d"}); err != nil {
		t.Fatal(err)
	}
	if page := b.String(); strings.Contains(page, "<form") || !strings.Contains(page, `href="/oidc/start?next=%2frecordings%2fa%3fb%3dc%26d"`) {
		t.Errorf("the way to the identity provider is no link:\n%s", page)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	s := site(t)
	var b bytes.Buffer
	if err := s.Recording(&b, view(engine.Running, "a")); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(b.String(), -1)
	if len(found) < 4 {
		t.Fatalf("page has %d assets", len(found))
	}
	get := func(url, encoding, tag string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest("GET", url, nil), httptest.NewRecorder()
		r.Header.Set("Accept-Encoding", encoding)
		r.Header.Set("If-None-Match", tag)
		s.Assets().ServeHTTP(w, r)
		return w
	}
	for _, m := range found {
		url := html.UnescapeString(m[1])
		plain, small := get(url, "", ""), get(url, "gzip", "")
		if plain.Code != 200 || !strings.Contains(plain.Header().Get("Cache-Control"), "immutable") || !regexp.MustCompile(`^(text/|image/svg)`).MatchString(plain.Header().Get("Content-Type")) {
			t.Errorf("%s: %d %v", url, plain.Code, plain.Header())
		}
		z, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatal(err)
		}
		if un, err := io.ReadAll(z); err != nil || !bytes.Equal(un, plain.Body.Bytes()) {
			t.Errorf("%s: gzip holds something else (%v)", url, err)
		}
		if w := get(url, "gzip", small.Header().Get("ETag")); w.Code != 304 || w.Body.Len() > 0 {
			t.Errorf("%s: a known asset is sent again: %d", url, w.Code)
		}
		if h := get(strings.Split(url, "?")[0], "", "").Header(); h.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s without its hash is cached: %v", url, h)
		}
	}
	if w := get("/static/../web.go", "", ""); w.Code != 404 {
		t.Errorf("what is no asset answers %d", w.Code)
	}
}

// The page names the run that it shows and how that stands, by which its script
// knows what is news; steps to begin from are called as they are in the graph;
// and what is said at the top is not said again in the node that failed.
func TestRecordingSays(t *testing.T) {
	t.Parallel()
	v := view(engine.Failed, "look there")
	var b bytes.Buffer
	if err := site(t).Recording(&b, v); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{`data-run="run-1" data-status="failed"`, `<option value="detect-topics">Find the topics</option>`} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	if n := strings.Count(page, `<p class="hint">look there</p>`); n != 1 {
		t.Errorf("the hint is there %d times", n)
	}
}

// A node says what it really waits for, not all that comes before.
func TestWaits(t *testing.T) {
	t.Parallel()
	v := view(engine.Queued, "a")
	v.DAG = progress.Empty(pipeline.New(), "run-1")
	var b bytes.Buffer
	if err := site(t).Part(&b, "graph", v); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Waits for: Honour consent<", "Waits for: Find the topics<"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("graph lacks %q", want)
		}
	}
}
