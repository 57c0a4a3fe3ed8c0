package acceptance

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/settings"
)

type finding struct{ Check, State, Found, Do string }

func examine(t *testing.T, env map[string]string, args ...string) (map[string]finding, outcome) {
	t.Helper()
	o := trackscribeWith(t, env, append([]string{"doctor", "-o", "json"}, args...)...)
	var list []finding
	if err := json.Unmarshal([]byte(o.stdout), &list); err != nil {
		t.Fatalf("not JSON: %v\n%s%s", err, o.stdout, o.stderr)
	}
	found := map[string]finding{}
	for _, f := range list {
		found[f.Check] = f
	}
	return found, o
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	all := startServices(t)
	env := maps.Clone(all.env)
	env["KUBECONFIG"] = filepath.Join(t.TempDir(), "none")
	store := t.TempDir()

	t.Run("all is well", func(t *testing.T) {
		healthy := maps.Clone(env)
		delete(healthy, "KUBECONFIG")
		healthy["HOME"] = t.TempDir()
		found, _ := examine(t, healthy, "--store", store)
		for _, check := range []string{"store", "scratch", "speech", "language model", "daily", "daily bucket", "consent", "zulip", "webhook"} {
			// The speech server of the tests lists no models.
			if s := found[check].State; s != "ok" && (check != "speech" || s != "warn") {
				t.Errorf("%s: %+v", check, found[check])
			}
		}
		left, err := os.ReadDir(store)
		// A folder store keeps its own folder for what is being written.
		left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return e.Name() == ".tmp-put" })
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	})
	t.Run("nothing is well", func(t *testing.T) {
		sick := maps.Clone(env)
		for name := range sick {
			if settings.IsSecret(name) {
				sick[name] = "planted-" + strings.ToLower(name)
			}
		}
		sick["LLM_MODEL"] = "no-such-model"
		sick["WEBHOOK_ALLOW_PRIVATE"] = ""
		found, o := examine(t, sick, "--store", filepath.Join(store, "file", "below"))
		if o.code != 1 {
			t.Errorf("exit code %d, want 1", o.code)
		}
		for _, check := range []string{"language model", "daily", "consent", "zulip", "webhook", "cluster"} {
			if f := found[check]; f.State != "fail" || f.Do == "" {
				t.Errorf("%s: %+v, want a failure with a hint", check, f)
			}
		}
		if strings.Contains(o.stdout+o.stderr, "planted-") {
			t.Errorf("a secret is told:\n%s%s", o.stdout, o.stderr)
		}
	})
	t.Run("nothing is configured", func(t *testing.T) {
		found, o := examine(t, map[string]string{"HOME": t.TempDir()})
		for check, f := range found {
			if check != "scratch" && check != "speech" && f.State != "skipped" {
				t.Errorf("%+v, want it skipped", f)
			}
		}
		if o.code != 0 {
			t.Errorf("exit code %d\n%s", o.code, o.stdout)
		}
	})
	t.Run("a bucket of Daily's that is not there", func(t *testing.T) {
		other := maps.Clone(env)
		other["DAILYCO_STORAGE_AWS_BUCKET_NAME"] = "no-such-bucket"
		found, _ := examine(t, other)
		if f := found["daily bucket"]; f.State != "fail" || !strings.Contains(f.Found, "bucket not found") || !strings.Contains(f.Do, "no-such-bucket") {
			t.Errorf("%+v", f)
		}
		if f := found["daily"]; f.State != "ok" {
			t.Errorf("%+v", f)
		}
	})
	t.Run("a model that is not there", func(t *testing.T) {
		other := maps.Clone(env)
		other["LLM_MODEL"] = "no-such-model"
		found, _ := examine(t, other)
		if f := found["language model"]; f.State != "fail" || !strings.Contains(f.Found, "no-such-model") || !strings.Contains(f.Do, "LLM_MODEL") {
			t.Errorf("%+v", f)
		}
	})
}

// It is timed, and so has the machine for itself.
func TestDoctorDoesNotWait(t *testing.T) {
	gate := &faulttest.Gate{}
	for _, f := range faulttest.All() {
		if f.Name == "hang" {
			gate.Shut(f, -1)
		}
	}
	srv := httptest.NewServer(gate)
	defer srv.Close()
	begun := time.Now()
	found, o := examine(t, map[string]string{
		"DAILY_API_URL": srv.URL, "DAILY_API_KEY": dailytest.Key, "LLM_URL": srv.URL, "LLM_MODEL": "m", "TRANSCRIPT_URL": srv.URL, "HOME": t.TempDir(),
		"TRACKSCRIBE_MODEL_DIR": "/no/such/model", // which else is read through
	}, "--timeout", "1s")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s, at a limit of 1s", took)
	}
	for _, check := range []string{"daily", "language model", "speech"} {
		if f := found[check]; f.State != "fail" || f.Do == "" && f.Found == "" {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if o.code != 1 {
		t.Errorf("exit code %d, want 1", o.code)
	}
}

// TestSecretsStaySecret runs a recording with a secret in every variable that
// holds one, well and ill, and looks for them in all that is printed and kept.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	all := startServices(t)
	env := maps.Clone(all.env)
	env["ARGO_TOKEN"], env["DAILY_WEBHOOK_SECRET"] = "Bearer planted-argo-token", "cGxhbnRlZC13ZWJob29r"
	for _, name := range []string{"TRACKSCRIBE_SERVE_TOKEN", "TRACKSCRIBE_SERVE_SESSION_KEY", "TRACKSCRIBE_OIDC_CLIENT_SECRET"} {
		env[name] = "planted-" + strings.ToLower(name) + "-of-some-length"
	}
	// Speech is the server's work: no model is needed here.
	env["TRACKSCRIBE_MODEL_DIR"] = "/no/such/model"
	out := t.TempDir()
	well := trackscribeWith(t, env, "run", all.daily, "--out", out, "-o", "json")
	if well.code != 0 {
		t.Fatalf("exit code %d\n%s", well.code, well.stderr)
	}
	told := well.stdout + well.stderr
	for _, f := range faulttest.All() {
		if f.Name == "403" {
			for _, step := range []string{"cleanup-consent", "post-zulip", "send-webhook", "generate-title"} {
				all.gates[step].Shut(f, -1)
			}
		}
	}
	ill := trackscribeWith(t, env, "run", all.daily, "--out", out, "--run", "ill", "--refresh", "generate-title", "-o", "json")
	told += ill.stdout + ill.stderr
	told += trackscribeWith(t, env, "config", "--all").stdout + trackscribeWith(t, env, "config", "-o", "json").stdout
	kept := tree(t, out, func(string) bool { return true })
	if len(kept) < 40 || !strings.Contains(told, "403") {
		t.Errorf("%d files are kept, and nothing failed:\n%s", len(kept), told)
	}
	secrets := 0
	for _, v := range settings.Vars() {
		secret := env[v.Name]
		if !v.Secret {
			continue
		}
		if secret == "" {
			t.Errorf("there is no secret in %s", v.Name)
			continue
		}
		secrets++
		if strings.Contains(told, secret) {
			t.Errorf("the value of %s is told", v.Name)
		}
		for path, b := range kept {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds the value of %s", path, v.Name)
			}
		}
	}
	t.Logf("%d secrets are in none of %d files and nowhere in what was told", secrets, len(kept))
}
