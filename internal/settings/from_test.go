package settings_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/steps"
)

func source(environment, file map[string]string) settings.Source {
	return settings.Source{Getenv: env(environment), File: file, FileName: "config.yaml"}
}

func TestEnvironmentOverFileOverDefault(t *testing.T) {
	t.Parallel()
	src := source(
		map[string]string{"LLM_MODEL": "from-the-environment", "TRANSCRIPT_MODAL_API_KEY": "planted"},
		map[string]string{"LLM_MODEL": "from-the-file", "LLM_URL": "http://llm", "TRANSCRIPT_FILE_TIMEOUT": "", "LLM_REQUEST_TIMEOUT": "90"},
	)
	delete(src.File, "TRANSCRIPT_FILE_TIMEOUT")
	s, err := settings.From(src)
	if err != nil {
		t.Fatal(err)
	}
	if s.LLM.Model != "from-the-environment" || s.LLM.URL != "http://llm" || s.LLM.Timeout != 90*time.Second || s.LLM.ContextWindow != 16000 || s.Speech.Key != "planted" {
		t.Errorf("language model %+v, speech %+v", s.LLM, s.Speech)
	}
	from := map[string]settings.Value{}
	for _, v := range settings.Effective(src) {
		from[v.Name] = v
	}
	for name, want := range map[string]string{
		"LLM_MODEL": "environment", "LLM_URL": "config.yaml", "LLM_CONTEXT_WINDOW": "default", "LLM_API_KEY": "", "TRANSCRIPT_API_KEY": "environment: TRANSCRIPT_MODAL_API_KEY",
	} {
		if from[name].From != want {
			t.Errorf("%s comes from %q, want %q", name, from[name].From, want)
		}
	}
	if v := from["TRANSCRIPT_API_KEY"].Value; strings.Contains(v, "planted") || v == "" {
		t.Errorf("a secret is shown as %q", v)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env, file map[string]string
		say       string
	}{
		"unknown name in the file": {file: map[string]string{"LLM_MODLE": "x"}, say: `"LLM_MODLE"`},
		"unknown backend":          {env: map[string]string{"TRANSCRIPT_BACKEND": "ears"}, say: "want one of embedded"},
		"no server":                {env: map[string]string{"TRANSCRIPT_BACKEND": "modal"}, say: "TRANSCRIPT_URL"},
		"no model":                 {env: map[string]string{"LLM_URL": "http://x"}, say: "LLM_MODEL"},
		"no channel":               {env: map[string]string{"ZULIP_REALM": "x"}, say: "ZULIP_REALM"},
		"half a key":               {env: map[string]string{"DAILYCO_STORAGE_AWS_ACCESS_KEY_ID": "planted"}, say: "of the two keys"},
		"no number":                {env: map[string]string{"LLM_CONTEXT_WINDOW": "large"}, say: "whole number"},
		"too small":                {env: map[string]string{"LLM_CONTEXT_WINDOW": "12"}, say: "at least 2000"},
		"no time":                  {env: map[string]string{"TRANSCRIPT_TIMEOUT": "soon"}, say: "such as 90s"},
		"no price":                 {env: map[string]string{"PRICE_AUDIO_MINUTE": "-1"}, say: "want a number"},
		"neither true nor false":   {env: map[string]string{"WEBHOOK_ALLOW_PRIVATE": "maybe"}, say: "true or false"},
		"no such policy":           {env: map[string]string{"CONSENT_MISSING": "perhaps"}, say: "want one of keep"},
	} {
		_, err := settings.From(source(c.env, c.file))
		if err == nil || !strings.Contains(err.Error(), c.say) || steps.Hint(err) == "" || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: error %v (hint %q), want one with a hint that tells %q", name, err, steps.Hint(err), c.say)
		}
	}
}

func TestParamsFollowFromSettings(t *testing.T) {
	t.Parallel()
	s, err := settings.Load(env(map[string]string{"TRANSCRIPT_URL": "http://speech", "TRANSCRIPT_MODEL": "w", "LLM_URL": "http://llm", "LLM_MODEL": "m", "CONSENT_MISSING": "delete"}))
	if err != nil {
		t.Fatal(err)
	}
	got := s.Params()
	for name, want := range map[string]string{"transcript-backend": "openai", "transcript-model": "w", "llm-model": "m", "llm-context-window": "16000", "consent-missing": "delete"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for name := range got {
		if !slices.Contains(settings.ParamNames(), name) {
			t.Errorf("%s is not among the names", name)
		}
	}
	if s, err = settings.Load(env(nil)); err != nil || len(s.Params()) != 0 {
		t.Errorf("without settings: %v (%v)", s.Params(), err)
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	plain, secret := settings.Services(env(map[string]string{
		"LLM_URL": "http://llm", "LLM_API_KEY": "key", "TRACKSCRIBE_STORE": "s3://x", "ARGO_TOKEN": "Bearer x", "NO_COLOR": "1",
	}))
	if want := map[string]string{"LLM_URL": "http://llm"}; !maps.Equal(plain, want) {
		t.Errorf("plain %v, want %v", plain, want)
	}
	if want := map[string]string{"LLM_API_KEY": "key"}; !maps.Equal(secret, want) {
		t.Errorf("secret %v, want %v", secret, want)
	}
}

// TestSecretsHaveNeeds: a secret that belongs to no step's need would reach no
// pod.
func TestSecretsHaveNeeds(t *testing.T) {
	t.Parallel()
	for _, v := range settings.Vars() {
		if v.Secret && (v.Need == "" || !slices.Contains(settings.Secrets(v.Need), v.Name)) {
			t.Errorf("%s is a secret of no need", v.Name)
		}
	}
}
