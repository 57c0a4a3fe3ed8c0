package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// TestBadInput: whatever is wrong is told in one line, with a hint and an exit
// code, and nothing is created.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "quiet", 1))
	empty := newPlace(t) // nothing is installed there
	p.install()
	alias := argo.AliasName("trackscribe", pipeline.New())
	noRights := p.kubeconfig("nobody")
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	write(t, nowhere, `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"x","cluster":{"server":"https://127.0.0.1:9"}}],"users":[{"name":"x","user":{}}],"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}],"current-context":"x"}`)
	for _, c := range []struct {
		name string
		args []string
		env  []string
		code int
		say  string // in the line of the error
	}{
		{"unknown recording", []string{p.home + "/source/nothing"}, nil, 2, "nothing"},
		{"unknown folder", []string{"/no/such/folder"}, nil, 2, "/no/such/folder"},
		{"run id", []string{source, "--run", "Not_A_Label"}, nil, 2, `run id "Not_A_Label"`},
		{"unknown parameter", []string{source, "-p", "colour=blue"}, nil, 2, `"colour"`},
		{"value of a parameter", []string{source, "-p", "language=klingon"}, nil, 2, "klingon"},
		{"unknown step to refresh", []string{source, "--refresh", "dance"}, nil, 2, `"dance"`},
		{"no kubeconfig", []string{source, "--kubeconfig", "/no/such/kubeconfig"}, nil, 4, "kubeconfig"},
		{"cluster not reachable", []string{source, "--kubeconfig", nowhere}, nil, 4, "not reachable"},
		{"forbidden", []string{source, "--kubeconfig", noRights}, nil, 4, "not allowed"},
		{"not installed", []string{source, "-n", empty.ns}, nil, 1, alias},
		{"no such namespace", []string{source, "-n", "ts-e2e-nowhere"}, nil, 1, alias},
		{"other granularity than installed", []string{source, "--granularity", "fused"}, nil, 1, "fused"},
		{"no such bucket", []string{source, "--store", "s3://ts-e2e-no-such-bucket/x"}, nil, 4, "bucket"},
		{"source in no such bucket", []string{"s3://ts-e2e-no-such-bucket/x"}, nil, 4, "bucket"},
		{"store not reachable", []string{source}, []string{"TRACKSCRIBE_S3_ENDPOINT=http://127.0.0.1:9"}, 4, "127.0.0.1:9"},
		{"wrong keys", []string{source}, []string{"AWS_SECRET_ACCESS_KEY=wrong"}, 4, "denied"},
		{"folder as store", []string{source, "--store", "/tmp/x"}, nil, 2, "/tmp/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := p.with(t)
			p.refused(p.cliWith(c.env, append([]string{"submit"}, c.args...)...), c.code, c.say)
			p.nothing()
		})
	}
	t.Run("version skew", func(t *testing.T) {
		p := p.with(t)
		patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{argo.AnnotationDigest: "0000000000000000"}}})
		p.in("patch", "workflowtemplate", alias, "--type=merge", "--patch="+string(patch))
		p.refused(p.cli("submit", source), 2, "0000000000000000")
		p.nothing()
	})
	for _, c := range []struct {
		name string
		args []string
		code int
		say  string
	}{
		{"unknown run", []string{"get", "nobody"}, 1, `"nobody"`},
		{"wait for an unknown run", []string{"wait", "nobody"}, 1, `"nobody"`},
		{"no run yet", []string{"get", "@latest"}, 1, "no run yet"},
		{"list without rights", []string{"list", "--kubeconfig", noRights}, 4, "not allowed"},
		{"install without rights", append([]string{"install", "--kubeconfig", noRights}, p.installArgs()...), 4, "not allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := p.with(t)
			p.refused(p.cli(c.args...), c.code, c.say)
		})
	}
}

// refused wants one line of error that says so, a hint and an exit code.
func (p *place) refused(o outcome, code int, say string) {
	p.t.Helper()
	p.t.Logf("%s", o.stderr)
	if o.code != code {
		p.t.Errorf("exit code %d, want %d", o.code, code)
	}
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "error: ") || !strings.HasPrefix(lines[1], "hint: ") {
		p.t.Errorf("want a line of error and a line of hint")
	}
	if !strings.Contains(lines[0], say) {
		p.t.Errorf("nothing of %q is told", say)
	}
	if o.stdout != "" {
		p.t.Errorf("an answer: %s", o.stdout)
	}
}

// nothing wants that nothing was created.
func (p *place) nothing() {
	p.t.Helper()
	if workflows := p.in("get", "workflows", "-o", "name"); workflows != "" {
		p.t.Errorf("created:\n%s", workflows)
	}
	if keys := p.keys(""); len(keys) > 0 {
		p.t.Errorf("written: %v", keys)
	}
}

// kubeconfig makes a service account without any rights, and a kubeconfig for
// it.
func (p *place) kubeconfig(account string) string {
	p.t.Helper()
	p.in("create", "serviceaccount", account)
	token := strings.TrimSpace(p.in("create", "token", account))
	var config map[string]any
	decode(p.t, p.kubectl("config", "view", "--minify", "--raw", "-o", "json"), &config)
	config["users"] = []any{map[string]any{"name": account, "user": map[string]any{"token": token}}}
	for _, c := range config["contexts"].([]any) {
		c.(map[string]any)["context"].(map[string]any)["user"] = account
	}
	b, _ := json.Marshal(config)
	file := filepath.Join(p.t.TempDir(), "kubeconfig")
	write(p.t, file, string(b))
	return file
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
