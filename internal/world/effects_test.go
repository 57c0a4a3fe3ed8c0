package world_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/local"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/schema"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/internal/webhook/webhooktest"
	"github.com/trackscribe/trackscribe/internal/world"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/postzulip"
	"github.com/trackscribe/trackscribe/steps/sendwebhook"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// made is a finished result, as the steps before leave it.
type made struct {
	Result     artifact.Result     `out:"result" file:"result.json"`
	Transcript artifact.Transcript `out:"transcript" file:"transcript.json"`
	VTT        steps.Output        `out:"vtt" file:"transcript.vtt" media:"text/vtt"`
	Topics     artifact.Topics     `out:"topics" file:"topics.json"`
	Summary    artifact.Summary    `out:"summary" file:"summary.json"`
}

var makeSpec = steps.Declare[struct{}, made](steps.Spec{Name: "make-result", Version: "1", Summary: "test"})

const (
	recording = "standup"
	started   = "2025-11-24T10:30:00Z"
	vtt       = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ana>Let us ship.\n"
)

func makeResult(title string) steps.Step {
	return steps.New(makeSpec, func(_ context.Context, job *steps.Job, _ struct{}) (made, error) {
		m := made{
			Result: artifact.Result{
				Recording: recording, Name: "daily-room", Started: started, Title: title, Duration: 60.5, Language: "en",
				Participants: []artifact.ResultSpeaker{{ID: "a", Name: "Ana", Tracks: []int{2}}, {ID: "b", Name: "Ben"}},
			},
			Transcript: artifact.Transcript{
				Participants: []artifact.Speaker{{ID: "a", Name: "Ana", Tracks: []int{2}}},
				Words: []artifact.TranscriptWord{
					{Text: "Ship.", Start: 1, End: 1.5, Speaker: "a", Track: 2}, {Text: "Logs.", Start: 31, End: 31.5, Speaker: "a", Track: 2},
				},
			},
			VTT: steps.Output{Path: job.Path("transcript.vtt")},
			Topics: artifact.Topics{Topics: []artifact.Topic{
				{Title: "Shipping", Summary: "About shipping.", Start: 0, End: 30}, {Title: "Logs", Summary: "About logs.", Start: 30, End: 60},
			}},
			Summary: artifact.Summary{
				Recap: "They ship.", Highlights: []artifact.Moment{{Text: "Let us ship.", Speaker: "a"}},
				ActionItems: []artifact.ActionItem{{Task: "read the logs", Owner: "b", Deadline: "by friday", Moment: artifact.Moment{Text: "Ben reads the logs"}}},
				Decisions:   []artifact.Decision{{Decision: "ship it", By: "a"}},
			},
		}
		return m, os.WriteFile(m.VTT.Path, []byte(vtt), 0o600)
	})
}

// setting is a store, the services, and the real steps that tell them.
type setting struct {
	t       *testing.T
	dir     string
	store   store.Store
	graph   graph.Graph
	zulip   *zuliptest.Server
	webhook *webhooktest.Receiver
	gate    *faulttest.Gate
	set     settings.Settings
	title   string

	mu     sync.Mutex
	clock  time.Time
	since  time.Time // from when on the clock goes by itself; zero: it stands still
	waited []time.Duration
}

// newSetting has a receiver that refuses the first so many deliveries. Both
// services stand behind one gate.
func newSetting(t *testing.T, refuse int) *setting {
	t.Helper()
	s := &setting{t: t, dir: t.TempDir(), zulip: zuliptest.New(), webhook: webhooktest.New(refuse, 503), title: "Release", clock: time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)}
	mux := http.NewServeMux()
	mux.Handle("/api/", s.zulip)
	mux.Handle("/hook", s.webhook)
	s.gate = &faulttest.Gate{Service: mux}
	server := httptest.NewServer(s.gate)
	t.Cleanup(server.Close)
	var err error
	if s.store, err = folder.New(folder.Options{Root: s.dir}); err != nil {
		t.Fatal(err)
	}
	s.set.UI = "https://notes.example.com/"
	s.set.Zulip = settings.Zulip{Realm: server.URL, Email: zuliptest.Email, Key: zuliptest.Key, Channel: zuliptest.Channel, Topic: "recordings"}
	s.set.Webhook = settings.Webhook{URL: server.URL + "/hook?token=planted-in-query", Secret: webhooktest.Secret, AllowPrivate: true}

	// The pipeline's own nodes and policies, behind one that makes a result.
	s.graph = graph.Graph{Name: "effects", Version: "1", Nodes: []graph.Node{
		{Step: makeSpec, Policy: graph.Policy{Timeout: time.Minute, Pool: graph.IO, CPU: 1, Memory: 1}},
	}}
	for _, name := range []string{postzulip.Spec.Name, sendwebhook.Spec.Name} {
		n, ok := pipeline.New().Node(name)
		if !ok {
			t.Fatalf("the pipeline has no %s", name)
		}
		n.After, n.Group, n.From = nil, "", graph.From{}
		for _, p := range n.Step.Inputs {
			n.From[p.Name] = graph.Ref("make-result." + p.Name)
		}
		s.graph.Nodes = append(s.graph.Nodes, n)
	}
	return s
}

func (s *setting) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return s.clock
	}
	return s.clock.Add(time.Since(s.since))
}

// sleep lets time pass at once.
func (s *setting) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock, s.waited = s.clock.Add(d), append(s.waited, d)
	return ctx.Err()
}

func (s *setting) runner(g graph.Graph) *runner.Runner {
	w := world.New(world.Options{Store: s.store, Settings: s.set, Now: s.now})
	return &runner.Runner{
		Graph: g, Store: s.store, Scratch: s.t.TempDir(), Now: s.now,
		Wait: func(ctx context.Context, d time.Duration) { _ = s.sleep(ctx, d) },
		Steps: func(ctx context.Context, r run.Run, name string) (steps.Step, error) {
			if name == makeSpec.Name {
				return makeResult(s.title), nil
			}
			return w.Step(ctx, r, name)
		},
	}
}

func (s *setting) ask(id string) run.Run {
	s.t.Helper()
	r := run.Run{ID: id, Recording: recording, Source: s.dir, Params: map[string]string{}, Graph: run.GraphRef{Name: s.graph.Name, Digest: s.graph.Digest()}}
	if _, err := store.PutJSON(s.t.Context(), s.store, run.RunKey(recording, id), r, store.PutOptions{}); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// run does a whole run on the local engine and returns how each step ended.
func (s *setting) run(id string) map[string]engine.Event {
	s.t.Helper()
	e := local.New(local.Options{
		Pools: map[graph.Pool]int{graph.IO: 1}, Now: s.now, Sleep: s.sleep,
		Runner: func(g graph.Graph, _ func(run.Task, float64)) local.TaskRunner { return s.runner(g) },
	})
	if err := errors.Join(e.Deploy(s.t.Context(), s.graph), e.Start(s.t.Context(), s.ask(id))); err != nil {
		s.t.Fatal(err)
	}
	last := map[string]engine.Event{}
	for ev, err := range e.Events(s.t.Context(), recording, id) {
		if err != nil {
			s.t.Fatal(err)
		}
		last[ev.Step] = ev
	}
	if end := last[""]; end.State != engine.Succeeded {
		s.t.Fatalf("run %s: %s: %s", id, end.State, end.Message)
	}
	return last
}

// attempt makes one attempt of one step.
func (s *setting) attempt(id, step string) error {
	s.t.Helper()
	s.ask(id)
	r := s.runner(s.graph)
	if _, err := r.Run(s.t.Context(), run.Task{Recording: recording, Run: id, Step: makeSpec.Name, Track: -1}); err != nil {
		s.t.Fatal(err)
	}
	_, err := r.Run(s.t.Context(), run.Task{Recording: recording, Run: id, Step: step, Track: -1})
	return err
}

// effect reads an effect's document, if there is one, and checks its form.
func effect[T any](s *setting, step string) (v T) {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(run.EffectKey(recording, step))))
	if errors.Is(err, fs.ErrNotExist) {
		return v
	}
	if err == nil {
		err = schema.CheckOwn(step, b)
	}
	if err == nil {
		_, err = store.GetJSON(s.t.Context(), s.store, run.EffectKey(recording, step), &v)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// clean fails the test where anything in the store holds a secret.
func (s *setting) clean() {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files++
		for _, word := range []string{zuliptest.Key, webhooktest.Secret, "planted-in-query", "v1=", "/hook"} {
			if strings.Contains(string(b), word) {
				s.t.Errorf("%s holds %q", path, word)
			}
		}
		return err
	})
	if err != nil || files < 3 {
		s.t.Errorf("looked at %d files: %v", files, err)
	}
}

func TestReceiverFailsThreeTimesThenAccepts(t *testing.T) {
	t.Parallel()
	s := newSetting(t, 3)
	last := s.run("r1")
	if ev := last[sendwebhook.Spec.Name]; ev.State != engine.Succeeded || ev.Attempt != 4 {
		t.Errorf("it ended as %s in attempt %d: %s", ev.State, ev.Attempt, ev.Message)
	}
	got := s.webhook.Deliveries()
	if len(got) != 4 {
		t.Fatalf("%d deliveries, want 4", len(got))
	}
	for i, d := range got {
		if d.EventID != got[0].EventID || len(d.EventID) != 32 || d.Event != sendwebhook.Event || !d.Valid || d.Retry != strconv.Itoa(i) || string(d.Body) != string(got[0].Body) {
			t.Errorf("delivery %d: event %s %s, retry %s, valid %t", i, d.Event, d.EventID, d.Retry, d.Valid)
		}
	}
	log := effect[artifact.Deliveries](s, sendwebhook.Spec.Name)
	if !log.Delivered || log.EventID != got[0].EventID || log.Run != "r1" || len(log.Deliveries) != 4 || log.Deliveries[2].Status != 503 || log.Deliveries[3].Status != 200 || log.Deliveries[3].Error != "" {
		t.Errorf("log %+v", log)
	}
	if want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}; !cmp.Equal(s.waited, want) {
		t.Errorf("waited %v, want the graph's %v", s.waited, want)
	}
	s.clean()

	// The same run does not tell it again, even if its receipt was lost.
	key := run.Task{Recording: recording, Run: "r1", Step: sendwebhook.Spec.Name, Track: -1}.ReceiptKey()
	if err := s.store.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if ev := s.run("r1")[sendwebhook.Spec.Name]; ev.State != engine.Skipped || len(s.webhook.Deliveries()) != 4 {
		t.Errorf("again: %s %q, %d deliveries", ev.State, ev.Message, len(s.webhook.Deliveries()))
	}
	// Another run has another event.
	s.run("r2")
	got = s.webhook.Deliveries()
	if len(got) != 5 || got[4].EventID == got[0].EventID || got[4].Retry != "0" || !got[4].Valid {
		t.Errorf("another run: %d deliveries, %+v", len(got), got[len(got)-1])
	}
}

func TestReceiverStaysDown(t *testing.T) {
	t.Parallel()
	s := newSetting(t, 1000)
	ev := s.run("r1")[sendwebhook.Spec.Name]
	log := effect[artifact.Deliveries](s, sendwebhook.Spec.Name)
	node, _ := s.graph.Node(sendwebhook.Spec.Name)
	if ev.State != engine.Failed || log.Delivered || len(log.Deliveries) != node.Policy.Retry.Limit+1 || len(s.webhook.Deliveries()) != len(log.Deliveries) {
		t.Errorf("%s: %d deliveries in the log, %d received, delivered %t", ev.State, len(log.Deliveries), len(s.webhook.Deliveries()), log.Delivered)
	}
	var total time.Duration
	for _, d := range s.waited {
		total += d
	}
	if total < 10*time.Minute {
		t.Errorf("given up after %s", total)
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	s := newSetting(t, 0)
	s.run("r1")
	body := string(s.webhook.Deliveries()[0].Body)
	id := s.webhook.Deliveries()[0].EventID
	want := `{"event":"transcript.completed","event_id":"` + id + `","timestamp":"2025-11-24T12:00:00Z","transcript":{"id":"standup","room_id":"daily-room","created_at":"2025-11-24T10:30:00Z","duration":60500,"title":"Release",` +
		`"short_summary":"They ship.","long_summary":"# Quick recap\n\nThey ship.\n\n# Highlights\n\n- Let us ship.","webvtt":"WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ana>Let us ship.\n","topics":[` +
		`{"title":"Shipping","summary":"About shipping.","timestamp":0,"duration":30,"webvtt":"WEBVTT\n\n00:00:01.000 --> 00:00:01.500\n<v Ana>Ship.\n"},` +
		`{"title":"Logs","summary":"About logs.","timestamp":30,"duration":30,"webvtt":"WEBVTT\n\n00:00:31.000 --> 00:00:31.500\n<v Ana>Logs.\n"}],` +
		`"participants":[{"id":"a","name":"Ana","speaker":2},{"id":"b","name":"Ben","speaker":null}],"source_language":"en","target_language":"en","status":"ended","frontend_url":"https://notes.example.com/recordings/standup",` +
		`"action_items":{"decisions":[{"decision":"ship it","rationale":null,"decided_by":"Ana","decided_by_participant_id":"a"}],"next_steps":[{"task":"read the logs","assigned_to":"Ben","assigned_to_participant_id":"b","deadline":"by friday","context":"Ben reads the logs"}]},"audio_deleted":false},` +
		`"room":{"id":"daily-room","name":"daily-room"},"calendar_event":null}`
	if diff := cmp.Diff(strings.Split(want, ","), strings.Split(body, ",")); diff != "" {
		t.Error(diff)
	}
}

func TestZulipMessageIsUpdated(t *testing.T) {
	t.Parallel()
	s := newSetting(t, 0)
	only := func() zuliptest.Message {
		t.Helper()
		all := s.zulip.Messages()
		if len(all) != 1 {
			t.Fatalf("%d messages, want 1", len(all))
		}
		for _, m := range all {
			return m
		}
		panic("unreachable")
	}
	s.run("r1")
	first := only()
	if !strings.HasPrefix(first.Content, "# Release\n**Date**: <time:2025-11-24T10:30:00Z>\n**Link**: https://notes.example.com/recordings/standup\n") || first.Topic != "recordings" {
		t.Errorf("posted %+v", first)
	}
	s.title = "Release, again"
	s.ask("r2")
	s.run("r2")
	second := only()
	if post := effect[artifact.Post](s, postzulip.Spec.Name); second.ID != first.ID || second.Edits != 1 || post.MessageID != first.ID || post.Updates != 1 || post.Run != "r2" || post.Posting {
		t.Errorf("after a second run %+v, effect %+v", second, post)
	}
	s.zulip.Vanish()
	s.run("r3")
	third := only()
	if post := effect[artifact.Post](s, postzulip.Spec.Name); third.ID == first.ID || post.MessageID != third.ID || post.Updates != 0 {
		t.Errorf("vanished: %+v, effect %+v", third, post)
	}
	s.zulip.Fix() // too old to be changed
	s.run("r4")
	if post := effect[artifact.Post](s, postzulip.Spec.Name); len(s.zulip.Messages()) != 2 || post.MessageID == third.ID {
		t.Errorf("too old: %d messages, effect %+v", len(s.zulip.Messages()), post)
	}
	s.set.Zulip.Topic = "elsewhere"
	s.run("r5")
	if post := effect[artifact.Post](s, postzulip.Spec.Name); s.zulip.Messages()[post.MessageID].Topic != "elsewhere" || len(s.zulip.Messages()) != 3 {
		t.Errorf("in another topic: %d messages, effect %+v", len(s.zulip.Messages()), post)
	}
	s.clean()
}

// The server takes the message and the answer is lost: the next attempt finds
// it.
func TestLostAnswerDoesNotPostTwice(t *testing.T) {
	t.Parallel()
	s := newSetting(t, 0)
	s.zulip.LoseAnswer()
	ev := s.run("r1")[postzulip.Spec.Name]
	post := effect[artifact.Post](s, postzulip.Spec.Name)
	if all := s.zulip.Messages(); len(all) != 1 || all[post.MessageID].Edits != 1 || ev.Attempt != 2 || ev.State != engine.Succeeded {
		t.Errorf("%d messages, effect %+v, %s in attempt %d", len(all), post, ev.State, ev.Attempt)
	}
}

func TestFaultsThroughTheSteps(t *testing.T) {
	t.Parallel()
	for _, f := range faulttest.All() {
		if f.Name == "hang" || f.Name == "slow drip" {
			continue // as long as the real timeouts; the clients' own tests have them
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for _, step := range []string{postzulip.Spec.Name, sendwebhook.Spec.Name} {
				s := newSetting(t, 0)
				s.since = time.Now() // which the fault's dates are by
				s.clock = s.since
				s.gate.Shut(f, -1)
				err := s.attempt("r1", step)
				if n := s.gate.Requests(); n != 1 {
					t.Errorf("%s: %d requests, want 1", step, n)
				}
				blind := f.Blind && step == sendwebhook.Spec.Name
				switch {
				case blind && err != nil, !blind && (err == nil || steps.Classify(err) != f.Class || !strings.Contains(err.Error(), f.Says)):
					t.Errorf("%s: error %v of class %s; want %s, %q", step, err, steps.Classify(err), f.Class, f.Says)
				}
				if diff := s.held() - f.After; diff < -time.Second || diff > time.Second {
					t.Errorf("%s: held for %s, want %s", step, s.held(), f.After)
				}
				switch log := effect[artifact.Deliveries](s, sendwebhook.Spec.Name); {
				case step == postzulip.Spec.Name:
					if post := effect[artifact.Post](s, step); post.MessageID != 0 || !post.Posting {
						t.Errorf("effect %+v", post)
					}
				case len(log.Deliveries) != 1 || log.Delivered != blind || (log.Deliveries[0].Error == "") != blind:
					t.Errorf("log %+v", log)
				}
				s.clean()

				// Once the fault is over, the next attempt brings it to an end.
				s.gate.Open()
				if err := s.attempt("r1", step); err != nil {
					t.Errorf("%s, afterwards: %v", step, err)
				}
				told := len(s.zulip.Messages()) + len(s.webhook.Deliveries())
				if want := 1; told != want && !blind {
					t.Errorf("%s, afterwards: told %d times", step, told)
				}
			}
		})
	}
}

// held is how long the runner kept the attempt from ending.
func (s *setting) held() (d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waited {
		d += w
	}
	return d
}

// Where the transcript was deleted nobody is told of it; where only the audio
// was, the event says so.
func TestAfterConsentWasDenied(t *testing.T) {
	t.Parallel()
	for _, text := range []bool{false, true} {
		t.Run(fmt.Sprint(text), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t, 0)
			doc := artifact.Cleanup{AudioGone: true, TextGone: text}
			if _, err := store.PutJSON(t.Context(), s.store, run.EffectKey(recording, artifact.CleanupEffect), doc, store.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			last := s.run("r1")
			if text {
				if last[postzulip.Spec.Name].State != engine.Skipped || last[sendwebhook.Spec.Name].State != engine.Skipped || s.gate.Requests() != 0 {
					t.Errorf("told all the same: %d requests", s.gate.Requests())
				}
				return
			}
			got := s.webhook.Deliveries()
			if len(got) != 1 || !strings.Contains(string(got[0].Body), `"audio_deleted":true`) || len(s.zulip.Messages()) != 1 {
				t.Errorf("%d deliveries, %d messages", len(got), len(s.zulip.Messages()))
			}
		})
	}
}

// What is not configured is skipped and asks nobody.
func TestUnconfigured(t *testing.T) {
	t.Parallel()
	s := newSetting(t, 0)
	s.set = settings.Settings{}
	last := s.run("r1")
	if last[postzulip.Spec.Name].State != engine.Skipped || last[sendwebhook.Spec.Name].State != engine.Skipped || s.gate.Requests() != 0 {
		t.Errorf("zulip %s, webhook %s, %d requests", last[postzulip.Spec.Name].State, last[sendwebhook.Spec.Name].State, s.gate.Requests())
	}
}

// An effect that cannot be read stops the step: going on could repeat what was
// done.
func TestDamagedEffect(t *testing.T) {
	t.Parallel()
	for _, step := range []string{postzulip.Spec.Name, sendwebhook.Spec.Name} {
		s := newSetting(t, 0)
		path := filepath.Join(s.dir, filepath.FromSlash(run.EffectKey(recording, step)))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(`{"messageId":`), 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := s.attempt("r1", step); err == nil || s.gate.Requests() != 0 {
			t.Errorf("%s: error %v, %d requests", step, err, s.gate.Requests())
		}
	}
}
