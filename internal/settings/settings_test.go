package settings_test

import (
	"testing"

	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/steps"
)

func env(m map[string]string) func(string) string { return func(name string) string { return m[name] } }

func TestLoad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  map[string]string
		want settings.Settings
	}{
		{"defaults", nil, settings.Settings{Engine: "none", S3Region: "us-east-1"}},
		{"own name wins", map[string]string{"TRACKSCRIBE_S3_REGION": "eu-1", "AWS_REGION": "us-2"}, settings.Settings{Engine: "none", S3Region: "eu-1"}},
		{"wider name", map[string]string{"AWS_DEFAULT_REGION": "us-2"}, settings.Settings{Engine: "none", S3Region: "us-2"}},
		{"endpoint means path style", map[string]string{"AWS_ENDPOINT_URL": "http://x"}, settings.Settings{Engine: "none", S3Region: "us-east-1", S3Endpoint: "http://x", S3PathStyle: true}},
		{"unless told otherwise", map[string]string{"AWS_ENDPOINT_URL": "http://x", "TRACKSCRIBE_S3_PATH_STYLE": "false"}, settings.Settings{Engine: "none", S3Region: "us-east-1", S3Endpoint: "http://x"}},
		{"no colour", map[string]string{"NO_COLOR": "1"}, settings.Settings{Engine: "none", S3Region: "us-east-1", NoColor: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all, err := settings.Load(env(c.env))
			got := settings.Settings{Engine: all.Engine, S3Region: all.S3Region, S3Endpoint: all.S3Endpoint, S3PathStyle: all.S3PathStyle, NoColor: all.NoColor}
			if err != nil || got != c.want {
				t.Errorf("got %+v (%v), want %+v", got, err, c.want)
			}
		})
	}
}

func TestLoadUnusable(t *testing.T) {
	t.Parallel()
	_, err := settings.Load(env(map[string]string{"TRACKSCRIBE_S3_PATH_STYLE": "maybe"}))
	if err == nil || steps.Hint(err) == "" {
		t.Errorf("error %v, want one with a hint", err)
	}
}

// A policy that is not the step's default is part of the runs that are made.
func TestConsentPoliciesAreParameters(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "", "keep": "", "delete": "delete"} {
		s, err := settings.Load(func(name string) string {
			return map[string]string{"CONSENT_MISSING": value, "CONSENT_TRANSCRIPT": value}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		if p := s.Params(); p["consent-missing"] != want || p["consent-transcript"] != want {
			t.Errorf("policy %q gives the parameters %v", value, p)
		}
	}
	if _, err := settings.Load(func(name string) string { return map[string]string{"CONSENT_MISSING": "ask"}[name] }); err == nil {
		t.Error("a policy that does not exist is taken")
	}
}
