package e2e

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/asr/server/servertest"
	"github.com/trackscribe/trackscribe/internal/consent/consenttest"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/internal/webhook/webhooktest"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// TestServices runs a recording with every service configured; they run as a
// pod beside it. Their keys are in the Secret, and reach only the pods of the
// steps that need them. The webhook's receiver fails once.
func TestServices(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	at := "http://" + p.servicesPod() + ":8080"
	keys := map[string]string{
		"TRANSCRIPT_API_KEY": servertest.Key, "LLM_API_KEY": "llm-key-for-tests", "CONSENT_TOKEN": consenttest.Token,
		"ZULIP_API_KEY": zuliptest.Key, "WEBHOOK_SECRET": webhooktest.Secret, "DAILY_API_KEY": "daily-key-for-tests",
	}
	secret := []string{"create", "secret", "generic", "trackscribe-services"}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		secret = append(secret, "--from-literal="+name+"="+keys[name])
	}
	p.in(secret...)
	var install []string
	for _, s := range []string{
		"TRANSCRIPT_URL=" + at + "/speech", "LLM_URL=" + at + "/llm", "LLM_MODEL=test-model", "CONSENT_URL=" + at + "/consent",
		"ZULIP_REALM=" + at + "/zulip", "ZULIP_BOT_EMAIL=" + zuliptest.Email, "ZULIP_STREAM=" + zuliptest.Channel,
		"WEBHOOK_URL=" + at + "/hook", "WEBHOOK_ALLOW_PRIVATE=true",
	} {
		install = append(install, "--setting", s)
	}
	p.install(install...)
	o := p.cli("submit", p.source(filepath.Join(testenv.Root(t), "examples", "bare")), "--run", "one", "--wait")
	p.ok(o)

	var asked run.Run
	p.readJSON(run.RunKey("bare", "one"), &asked)
	if asked.Params["transcript-backend"] != "openai" || asked.Params["llm-model"] != "test-model" {
		t.Errorf("the run was asked for with %v, not with what the cluster's settings say", asked.Params)
	}
	var result artifact.Result
	p.readJSON(run.ResultKey("bare", "result.json"), &result)
	if !strings.Contains(result.Engines["generate-summary"], "test-model") || result.Usage.Total.Calls == 0 || result.Usage.Total.AudioSeconds == 0 {
		t.Errorf("engines %v, usage %+v", result.Engines, result.Usage)
	}
	var log artifact.Deliveries
	p.readJSON(run.EffectKey("bare", "send-webhook"), &log)
	if !log.Delivered || len(log.Deliveries) != 2 {
		t.Errorf("deliveries: %+v", log)
	}
	p.everyNeed("bare-one", keys)
	for name, value := range keys {
		if strings.Contains(o.stdout+o.stderr, value) {
			t.Errorf("the value of %s is printed", name)
		}
		for _, pod := range p.pods.all() {
			if b, err := json.Marshal(pod); err != nil || strings.Contains(string(b), value) {
				t.Errorf("pod %s holds the value of %s (%v)", pod.Name, name, err)
			}
		}
	}
}

// servicesPod starts the services and returns their address.
func (p *place) servicesPod() string {
	p.t.Helper()
	p.in("run", "services", "--image="+env(p.t, "TRACKSCRIBE_E2E_STANDIN_IMAGE"), "--restart=Never", "--command",
		`--overrides={"spec":{"automountServiceAccountToken":false,"securityContext":{"runAsNonRoot":true,"runAsUser":8737,"seccompProfile":{"type":"RuntimeDefault"}},`+
			`"containers":[{"name":"services","image":"`+env(p.t, "TRACKSCRIBE_E2E_STANDIN_IMAGE")+`","command":["/services"],`+
			`"securityContext":{"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}`, "--", "/services")
	p.in("wait", "--for=condition=Ready", "pod/services", "--timeout=120s")
	return strings.TrimSpace(p.in("get", "pod", "services", "-o", "jsonpath={.status.podIP}"))
}

// everyNeed checks which keys the pods of a Workflow's steps are given.
func (p *place) everyNeed(workflow string, keys map[string]string) {
	p.t.Helper()
	checked := 0
	for _, pod := range p.pods.all() {
		step := pod.Annotations[argo.AnnotationSteps]
		n, ok := pipeline.New().Node(step)
		if pod.Labels["workflows.argoproj.io/workflow"] != workflow || !ok {
			continue
		}
		checked++
		var want []string
		for _, need := range n.Step.Needs {
			for _, name := range settings.Secrets(need.Name) {
				if keys[name] != "" {
					want = append(want, name)
				}
			}
		}
		slices.Sort(want)
		for _, c := range pod.Spec.Containers {
			var got []string
			for _, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && keys[e.Name] != "" {
					got = append(got, e.Name)
				}
			}
			slices.Sort(got)
			if c.Name == "main" && !slices.Equal(got, want) || c.Name != "main" && len(got) > 0 {
				p.t.Errorf("container %s of a pod of %s is given %v, want %v in main", c.Name, step, got, want)
			}
		}
	}
	if least := len(pipeline.New().Nodes); checked < least {
		p.t.Errorf("%d pods were looked at, want at least %d", checked, least)
	}
	p.t.Logf("%d pods were given the keys that their steps need, and no others", checked)
}
