package acceptance

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr/server/servertest"
	"github.com/trackscribe/trackscribe/internal/consent/consenttest"
	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/internal/webhook/webhooktest"
	"github.com/trackscribe/trackscribe/internal/world"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// services are all that a run may talk to, each behind a gate.
type services struct {
	gates map[string]*faulttest.Gate // by the step that goes through it
	env   map[string]string
	daily string // location of a recording at Daily
}

func startServices(t *testing.T) services {
	t.Helper()
	s := services{gates: map[string]*faulttest.Gate{}, env: map[string]string{
		"TRANSCRIPT_API_KEY": servertest.Key, "TRANSCRIPT_MODEL": "m",
		"LLM_MODEL": "test-model", "LLM_API_KEY": "llm-key-for-tests",
		"CONSENT_TOKEN":   consenttest.Token,
		"ZULIP_BOT_EMAIL": zuliptest.Email, "ZULIP_API_KEY": zuliptest.Key, "ZULIP_STREAM": zuliptest.Channel,
		"WEBHOOK_SECRET": webhooktest.Secret, "WEBHOOK_ALLOW_PRIVATE": "true",
	}}
	model := llmtest.New()
	model.Key = s.env["LLM_API_KEY"]
	for _, each := range []struct {
		setting, path string
		handler       http.Handler
		steps         []string
	}{
		{"TRANSCRIPT_URL", "", servertest.New(200, heard), []string{"transcribe-track"}},
		{"LLM_URL", "/v1", model, []string{"detect-topics", "generate-title", "generate-summary"}},
		{"CONSENT_URL", "", consenttest.New(), []string{"cleanup-consent"}},
		{"ZULIP_REALM", "", zuliptest.New(), []string{"post-zulip"}},
		{"WEBHOOK_URL", "", webhooktest.New(0, 0), []string{"send-webhook"}},
	} {
		gate := &faulttest.Gate{Service: each.handler}
		srv := httptest.NewServer(gate)
		t.Cleanup(srv.Close)
		s.env[each.setting] = srv.URL + each.path
		for _, step := range each.steps {
			s.gates[step] = gate
		}
	}
	a := newAccount(t, example(t, "standup"))
	maps.Copy(s.env, a.env)
	s.daily = "daily:" + a.recording["id"].(string)
	s.gates["get-recording"], s.gates["get-participants"] = a.gate, a.gate
	return s
}

// heard is what the speech server hears on every track.
const heard = `{"text":"We will send the report on Friday. I agree, let us do that.","words":[` +
	`{"word":"We","start":0.1,"end":0.2},{"word":"will","start":0.2,"end":0.3},{"word":"send","start":0.3,"end":0.4},{"word":"the","start":0.4,"end":0.5},` +
	`{"word":"report","start":0.5,"end":0.6},{"word":"on","start":0.6,"end":0.7},{"word":"Friday.","start":0.7,"end":0.8},{"word":"I","start":0.9,"end":1.0},` +
	`{"word":"agree,","start":1.0,"end":1.1},{"word":"let","start":1.1,"end":1.2},{"word":"us","start":1.2,"end":1.3},{"word":"do","start":1.3,"end":1.4},{"word":"that.","start":1.4,"end":1.5}]}`

// TestFaultsOfServices runs every step that talks to a service against every
// fault: the failure has the right class, after a single request, with a
// message that tells; nothing is half written; Retry-After is waited for; and
// when the service is well again, so is the next attempt.
func TestFaultsOfServices(t *testing.T) {
	t.Parallel()
	all := startServices(t)
	set, err := settings.Load(func(name string) string { return all.env[name] })
	if err != nil {
		t.Fatal(err)
	}
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	g := pipeline.New()
	f := &faulty{store: st, services: all, settings: set}
	f.runner = &runner.Runner{
		Graph: g, Store: st, Steps: world.New(world.Options{Store: st, Settings: set, Now: time.Now}).Step, Scratch: t.TempDir(), Now: time.Now,
		Wait: func(_ context.Context, d time.Duration) { f.waited = d },
	}
	f.params = set.Params()
	talkers := 0
	for _, n := range g.Nodes {
		if all.gates[n.Name()] == nil {
			continue
		}
		talkers++
		for _, fault := range faulttest.All() {
			// One after the other: they share the gates.
			t.Run(n.Name()+"/"+fault.Name, func(t *testing.T) { f.check(t, n.Name(), fault) })
		}
	}
	if talkers != 9 {
		t.Errorf("%d steps talk to services, want 9", talkers)
	}
}

type faulty struct {
	store    store.Store
	runner   *runner.Runner
	services services
	params   map[string]string
	settings settings.Settings
	runs     int
	waited   time.Duration
}

// begin makes a run that does the step anew, and does all that comes before it.
func (f *faulty) begin(t *testing.T, step string) run.Task {
	t.Helper()
	f.runs++
	recording := example(t, "bare")
	if step == "get-recording" || step == "get-participants" {
		recording = f.services.daily
	}
	r, _, err := operate.Prepare(t.Context(), f.runner.Graph, f.store, source.FromSettings(f.settings), operate.Request{
		Recording: recording, RunID: "r" + time.Duration(f.runs).String(), Params: f.params, Refresh: []string{step}, Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range f.runner.Graph.Nodes {
		tracks := []int{-1}
		if n.Each != "" {
			if tracks, err = f.runner.Tracks(t.Context(), r.Recording, r.ID, n.Each); err != nil {
				t.Fatal(err)
			}
		}
		if n.Name() == step {
			return run.Task{Recording: r.Recording, Run: r.ID, Step: step, Track: tracks[0]}
		}
		for _, track := range tracks {
			if _, err := f.runner.Run(t.Context(), run.Task{Recording: r.Recording, Run: r.ID, Step: n.Name(), Track: track}); err != nil {
				t.Fatalf("%s: %v", n.Name(), err)
			}
		}
	}
	t.Fatalf("no step %q", step)
	return run.Task{}
}

// soon is a context whose time is always about to run out, however long a step
// takes before it calls: the call has to end first.
type soon struct{ context.Context }

// Deadline implements [context.Context].
func (soon) Deadline() (time.Time, bool) { return time.Now().Add(3 * time.Second), true }

func (f *faulty) check(t *testing.T, step string, fault faulttest.Fault) {
	if fault.Blind && (step == "send-webhook") {
		t.Skip("a receiver may answer with whatever it likes")
	}
	if fault.Name == "404" && step == "cleanup-consent" {
		t.Skip("a recording without decisions is no failure")
	}
	gate := f.services.gates[step]
	gate.Open()
	task := f.begin(t, step)
	before := f.keys(t)
	gate.Open()
	gate.Shut(fault, -1)
	f.waited = 0
	ctx := t.Context()
	if fault.Endless {
		ctx = soon{ctx}
	}
	_, err := f.runner.Run(ctx, task)
	if err == nil {
		t.Fatal("no failure")
	}
	if got := steps.Classify(err); got != fault.Class {
		t.Errorf("class %s, want %s: %v", got, fault.Class, err)
	}
	if !strings.Contains(err.Error(), fault.Says) {
		t.Errorf("error %q does not tell %q", err, fault.Says)
	}
	if n := gate.Requests(); n != 1 {
		t.Errorf("%d requests in one attempt, want 1", n)
	}
	for _, secret := range f.services.secrets() {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error %q holds a secret", err)
		}
	}
	if fault.After > 0 && f.waited <= 0 {
		t.Error("Retry-After is not waited for")
	}
	for _, key := range f.keys(t) {
		if !slices.Contains(before, key) && key != task.FailureKey() && !strings.Contains(key, "/parts/") && key != run.EffectKey(task.Recording, step) {
			t.Errorf("left behind: %s", key)
		}
	}
	// It is well again.
	gate.Open()
	rec, err := f.runner.Run(t.Context(), task)
	if err != nil || rec.Attempt != 2 {
		t.Errorf("attempt %d afterwards: %v", rec.Attempt, err)
	}
}

func (f *faulty) keys(t *testing.T) (list []string) {
	t.Helper()
	for info, err := range f.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, info.Key)
	}
	return list
}

func (s services) secrets() (list []string) {
	for name, value := range s.env {
		if settings.IsSecret(name) {
			list = append(list, value)
		}
	}
	return list
}
