package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// message is what a client gets, as the documentation says.
type message struct {
	ID    string          `json:"id"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// live is an engine that tells of one run as it is fed.
type live struct {
	mu      sync.Mutex
	events  []engine.Event
	changed chan struct{}
}

func newLive() *live { return &live{changed: make(chan struct{})} }

func (l *live) tell(events ...engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *live) Events(ctx context.Context, _, id string) iter.Seq2[engine.Event, error] {
	return func(yield func(engine.Event, error) bool) {
		for next := 0; ; {
			l.mu.Lock()
			events, changed := slices.Clone(l.events[next:]), l.changed
			l.mu.Unlock()
			if next == 0 && len(events) == 0 {
				yield(engine.Event{}, fmt.Errorf("run %q: %w", id, engine.ErrUnknownRun))
				return
			}
			for _, ev := range events {
				next++
				if !yield(ev, nil) || ev.Step == "" && ev.State.Ended() {
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(engine.Event{}, ctx.Err())
				return
			}
		}
	}
}

// play tells of a whole run, a little at a time, as fast as clients come.
func (l *live) play(m *meeting, pace func()) {
	l.tell(m.begin())
	for _, n := range pipeline.New().Nodes {
		for _, ev := range m.step(n) {
			if ev.State == engine.Succeeded && ev.Track < 0 {
				for p := range 20 {
					half := ev
					half.State, half.Fraction = engine.Running, float64(p)/20
					l.tell(half)
				}
			}
			l.tell(ev)
			pace()
		}
	}
	l.tell(m.end())
}

// listen reads a recording's events from after on, until read says that it is
// enough.
func listen(ctx context.Context, url, after string, read func(message) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"?last-event-id="+after, nil)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(10 << 20)
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(b, &m); err != nil {
			return err
		}
		if !read(m) {
			return nil
		}
	}
}

// isEnd tells the last message of a run.
func isEnd(m message) bool {
	var d struct {
		Status string `json:"status"`
	}
	return m.Event == "DAG_STATUS" && json.Unmarshal(m.Data, &d) == nil && d.Status == "succeeded"
}

// TestFiveHundredClients has 500 clients follow one run over WebSocket. They are
// cut off at random and come back with the last id that they saw. Each sees
// every event once, in order.
func TestFiveHundredClients(t *testing.T) {
	t.Parallel()
	const clients = 500
	st := openStore(t)
	m := newMeeting(t, st, "m1")
	m.speakers = 6
	l := newLive()
	o := options(t, st, nil)
	o.Engine = l
	server, url := start(t, o)
	work(t, server)
	first := m.begin()
	l.tell(first)
	url += "/v1/recordings/m1/events"
	var seen [clients][]string
	var cuts [clients]int
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 5))
			after, done := "", false
			for !done && t.Context().Err() == nil {
				left := 1 + random.IntN(60)
				err := listen(t.Context(), url, after, func(m message) bool {
					after = m.ID
					if m.Event != "DAG_STATUS" { // of these a later one says all that earlier ones did
						seen[i] = append(seen[i], m.Event+" "+string(m.Data))
					}
					done = isEnd(m)
					left--
					return left > 0 && !done
				})
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				cuts[i]++
			}
		})
	}
	l.play(m, func() { time.Sleep(10 * time.Millisecond) })
	all.Wait()
	most := 0
	for i := range clients {
		if !slices.Equal(seen[i], seen[0]) {
			t.Fatalf("client %d saw other events than the first: %d and %d", i, len(seen[i]), len(seen[0]))
		}
		most += cuts[i]
	}
	unique := map[string]bool{}
	for _, s := range seen[0] {
		if unique[s] {
			t.Errorf("twice: %.100s", s)
		}
		unique[s] = true
	}
	if len(unique) < 40 {
		t.Errorf("only %d events", len(unique))
	}
	t.Logf("%d clients, %d connections, %d events each", clients, most, len(unique))
}

// TestPeersClient reads the events as the peer's front end does: names and
// payloads are those that it documents (Reflector's docs and its
// useWebSockets).
func TestPeersClient(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	m := newMeeting(t, st, "m1")
	m.whole()
	_, url := start(t, options(t, st, nil))
	var page struct {
		status              []string
		text, title         string
		short, long         string
		duration            float64
		waveform            []float64
		topics              []string
		actions             bool
		nodes, done, events int
	}
	err := listen(t.Context(), url+"/v1/recordings/m1/events", "", func(m message) bool {
		page.events++
		into := func(v any) {
			t.Helper()
			dec := json.NewDecoder(strings.NewReader(string(m.Data)))
			if err := dec.Decode(v); err != nil {
				t.Errorf("%s: %v in %.100s", m.Event, err, m.Data)
			}
		}
		switch m.Event {
		case "STATUS":
			var d struct{ Value string }
			into(&d)
			page.status = append(page.status, d.Value)
		case "DURATION":
			var d struct{ Duration float64 }
			into(&d)
			page.duration = d.Duration
		case "WAVEFORM":
			var d struct{ Waveform []float64 }
			into(&d)
			page.waveform = d.Waveform
		case "TRANSCRIPT":
			var d struct {
				Text        string
				Translation *string
			}
			into(&d)
			page.text = d.Text
		case "TOPIC":
			var d struct {
				ID, Title, Summary, Transcript string
				Timestamp                      float64
				Duration                       *float64
			}
			into(&d)
			page.topics = append(page.topics, d.ID+" "+d.Title)
		case "FINAL_TITLE":
			var d struct{ Title string }
			into(&d)
			page.title = d.Title
		case "FINAL_SHORT_SUMMARY":
			var d struct {
				ShortSummary string `json:"short_summary"`
			}
			into(&d)
			page.short = d.ShortSummary
		case "FINAL_LONG_SUMMARY":
			var d struct {
				LongSummary string `json:"long_summary"`
			}
			into(&d)
			page.long = d.LongSummary
		case "ACTION_ITEMS":
			var d struct {
				ActionItems struct {
					Decisions []struct{ Decision string }
					NextSteps []struct {
						Task       string
						AssignedTo string `json:"assigned_to"`
					} `json:"next_steps"`
				} `json:"action_items"`
			}
			into(&d)
			page.actions = len(d.ActionItems.Decisions) == 1 && len(d.ActionItems.NextSteps) == 1
		case "PIPELINE_PROGRESS":
			var d struct {
				WorkflowID  string `json:"workflow_id"`
				CurrentStep string `json:"current_step"`
				StepIndex   int    `json:"step_index"`
				TotalSteps  int    `json:"total_steps"`
				StepStatus  string `json:"step_status"`
			}
			into(&d)
			if d.StepStatus == "completed" {
				page.done++
			}
		case "DAG_STATUS":
			var d struct {
				WorkflowRunID string `json:"workflow_run_id"`
				Tasks         []struct {
					Name, Status string
					Parents      []string
				}
			}
			into(&d)
			page.nodes = len(d.Tasks)
		}
		return !isEnd(m)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(page.status, []string{"processing", "ended"}) || page.title != m.title || len(page.topics) != 1 || !page.actions ||
		page.text == "" || page.short == "" || page.long == "" || page.duration != 60_000 || len(page.waveform) != 3 || page.nodes != 14 || page.done < 10 {
		t.Errorf("%+v", page)
	}
}

// TestServerSentEvents takes a stream up where it was left.
func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	st := openStore(t)
	newMeeting(t, st, "m1").whole()
	o := options(t, st, nil)
	o.Now = time.Now // of which a write's deadline is made
	_, url := start(t, o)
	read := func(after string, most int) (ids, names []string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/recordings/m1/events?only=STATUS,TOPIC,FINAL_TITLE", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Last-Event-ID", after)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("it is %s", got)
		}
		for lines := bufio.NewScanner(res.Body); len(names) < most && lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				ids = append(ids, id)
			}
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				names = append(names, name)
			}
		}
		return ids, names
	}
	want := []string{"STATUS", "TOPIC", "FINAL_TITLE", "STATUS"}
	ids, names := read("", 4)
	if !slices.Equal(names, want) {
		t.Fatalf("%v", names)
	}
	if _, rest := read(ids[1], 2); !slices.Equal(rest, want[2:]) {
		t.Errorf("after the second: %v", rest)
	}
	if _, again := read("nonsense", 4); !slices.Equal(again, want) {
		t.Errorf("after nothing that is known: %v", again)
	}
}
