package command_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/command"
	"github.com/trackscribe/trackscribe/internal/asr/server/servertest"
	"github.com/trackscribe/trackscribe/internal/consent/consenttest"
	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/internal/webhook/webhooktest"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
	multitrack "github.com/trackscribe/trackscribe/templates/pipeline"
)

// TestExecWithServices runs a recording through Argo's controller with every
// service configured, and looks at what each pod's process is given: the keys
// that its step declares, and no others.
func TestExecWithServices(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/bin/sh"); err != nil {
		testenv.Missing(t, "/bin/sh")
	}
	modelDir, step := testenv.Model(t), stepBinary(t)
	hook, chat := webhooktest.New(0, 0), zuliptest.New()
	env := map[string]string{
		"TRACKSCRIBE_MODEL_DIR": modelDir,
		"TRANSCRIPT_API_KEY":    servertest.Key, "LLM_MODEL": "test-model", "LLM_API_KEY": "llm-key-for-tests", "CONSENT_TOKEN": consenttest.Token,
		"ZULIP_BOT_EMAIL": zuliptest.Email, "ZULIP_API_KEY": zuliptest.Key, "ZULIP_STREAM": zuliptest.Channel,
		"WEBHOOK_SECRET": webhooktest.Secret, "WEBHOOK_ALLOW_PRIVATE": "true", "DAILY_API_KEY": "daily-key-for-tests",
	}
	for setting, handler := range map[string]http.Handler{
		"TRANSCRIPT_URL": servertest.New(200, `{"text":"We will send the report on Friday.","segments":[{"start":0,"end":2,"text":"We will send the report on Friday."}]}`),
		"LLM_URL":        llmtest.New(), "CONSENT_URL": consenttest.New(), "ZULIP_REALM": chat, "WEBHOOK_URL": hook,
	} {
		srv := httptest.NewServer(handler)
		defer srv.Close()
		env[setting] = srv.URL
	}
	// Each process writes down the names of its environment first.
	seen := t.TempDir()
	spy := filepath.Join(t.TempDir(), "step")
	script := fmt.Sprintf("#!/bin/sh\nenv | sed 's/=.*//' > %q/$1.$$\nexec %q \"$@\"\n", seen, step)
	if err := os.WriteFile(spy, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	store := t.TempDir()
	var out, errs bytes.Buffer
	code := command.Run(t.Context(), command.Env{
		Args:  []string{"--exec", "--step-binary", spy, "--store", store, "--run", "r1", "-v", filepath.Join(testenv.Root(t), "examples", "bare")},
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: time.Now, Getenv: func(name string) string { return env[name] },
	})
	if code != 0 {
		t.Fatalf("exit code %d:\n%s%s", code, &out, &errs)
	}
	if n := len(hook.Deliveries()); n != 1 || !hook.Deliveries()[0].Valid {
		t.Errorf("%d deliveries of the webhook, want one, signed", n)
	}
	if n := len(chat.Messages()); n != 1 {
		t.Errorf("%d messages, want one", n)
	}
	for _, n := range multitrack.New().Nodes {
		var may []string
		for _, need := range n.Step.Needs {
			may = append(may, settings.Secrets(need.Name)...)
		}
		files, err := filepath.Glob(filepath.Join(seen, n.Name()+".*"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s was not run: %v", n.Name(), err)
			continue
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			given := strings.Fields(string(b))
			for _, v := range settings.Vars() {
				if !v.Secret || env[v.Name] == "" {
					continue
				}
				if has, want := slices.Contains(given, v.Name), slices.Contains(may, v.Name); has != want {
					t.Errorf("%s is given %s: %v, want %v", n.Name(), v.Name, has, want)
				}
			}
		}
	}
	for name, secret := range env {
		if settings.IsSecret(name) && strings.Contains(out.String()+errs.String(), secret) {
			t.Errorf("the value of %s is printed", name)
		}
	}
}
