package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
)

// A session is a person with a cluster in memory.
type session struct {
	t   *testing.T
	api *argotest.API
	env map[string]string
}

// newSession starts a cluster that has one run that failed, and one that goes
// on.
func newSession(t *testing.T) *session {
	t.Helper()
	api := argotest.New(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(api.Kubeconfig("meetings")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, api: api, env: map[string]string{"KUBECONFIG": file}}
	api.Put(argotest.Workflow("meetings", "standup-r1"), s.recorded("track-fails", "standup", "r1", nil))
	api.Put(argotest.Workflow("meetings", "standup-r2"), s.recorded("one-pod", "standup", "r2", func(wf argotest.Object) {
		status := wf["status"].(argotest.Object)
		status["phase"] = "Running"
		delete(status, "finishedAt")
	}))
	return s
}

// recorded is a Workflow of a real cluster under another name.
func (s *session) recorded(file, recording, run string, edit func(argotest.Object)) argotest.Object {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "engine", "argo", "testdata", file+".json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var was struct {
		Metadata struct {
			Name   string
			Labels map[string]string
		}
	}
	if err := json.Unmarshal(b, &was); err != nil {
		s.t.Fatal(err)
	}
	for old, now := range map[string]string{
		`"` + was.Metadata.Name:                                  `"` + recording + "-" + run,
		`"` + was.Metadata.Labels["trackscribe/recording"] + `"`: `"` + recording + `"`,
		`"` + was.Metadata.Labels["trackscribe/run"] + `"`:       `"` + run + `"`,
	} {
		b = bytes.ReplaceAll(b, []byte(old), []byte(now))
	}
	var wf argotest.Object
	if err := json.Unmarshal(b, &wf); err != nil {
		s.t.Fatal(err)
	}
	if edit != nil {
		edit(wf)
	}
	return wf
}

// do runs the command.
func (s *session) do(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, story bytes.Buffer
	code = cli.Run(s.t.Context(), cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &story, Getenv: func(name string) string { return s.env[name] },
	})
	return code, out.String(), story.String()
}

// wants runs the command and looks for words in what it says.
func (s *session) wants(code int, stdout, stderr string, args ...string) {
	s.t.Helper()
	got, out, story := s.do(args...)
	if got != code || !strings.Contains(out, stdout) || !strings.Contains(story, stderr) {
		s.t.Errorf("%s: exit %d, want %d\nstdout (want %q): %s\nstderr (want %q): %s", strings.Join(args, " "), got, code, stdout, out, stderr, story)
	}
}

func TestRunsOnACluster(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.wants(0, "standup    r1   failed", "", "list")
	s.wants(0, "standup-r2\n", "", "list", "-o", "name", "--state", "running")
	s.wants(0, "[]", "", "list", "-o", "json", "--recording", "nobody")
	s.wants(0, "✖ pad-track              2 tracks, 1 failed\n  ✔ track 0              done in 20.0s\n  ✖ track 1              failed: Error (exit code 65)", "", "get", "r1")
	s.wants(0, `"step": "pad-track",`, "", "get", "standup-r1", "-o", "json")
	s.wants(3, "", "pad-track[1]           failed: Error (exit code 65)", "watch", "r1")
	s.wants(3, `"step":"pad-track","track":1,"state":"failed"`, "error: pad-track[1]: Error (exit code 65)\nhint: see what it said: trackscribe logs standup-r1", "watch", "r1", "-o", "json")
	s.wants(3, "run r1 of recording standup: failed after 50.0s\n", "error: pad-track[1]", "wait", "r1")
	s.wants(8, "run r2 of recording standup: running", "error: run r2 has not ended yet", "wait", "r2", "--timeout", "300ms")
	s.wants(3, "", "error: pad-track[1]", "wait", "r1", "r2", "--timeout", "300ms")
	s.wants(1, "", "TRACKSCRIBE_ARGO_UI", "open", "r1")
	s.wants(1, "", "has not ended\nhint: stop it first", "delete", "r2")
	s.wants(1, "", "has ended: failed", "stop", "r1")
	s.wants(1, "", "it has not ended\nhint: wait for it", "retry", "r2")
	s.wants(0, "run r2 of recording standup is being stopped\n", "", "stop", "r2")
	s.wants(0, "standup-r1\n", "", "retry", "r1", "-o", "name")
	s.wants(0, `"workflow": "standup-r1"`, "", "delete", "r1", "--force", "-o", "json")
	if left := s.api.Paths("/apis/argoproj.io"); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

func TestLogsOnACluster(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.wants(0, "", "3 pods are not there any more", "logs", "r1", "--step", "pad-track", "--step", "get-recording")
	s.api.Log("standup-r2-run-"+podHash(t, s), "hello\n")
	s.wants(2, "", `there is no step "nothing"`, "logs", "r1", "--step", "nothing[1]")
}

// podHash is how the name of the only pod of standup-r2 ends.
func podHash(t *testing.T, s *session) string {
	t.Helper()
	_, out, _ := s.do("get", "r2", "-o", "json")
	var run struct {
		Steps []struct{ Attempts []struct{ Pod string } }
	}
	if err := json.Unmarshal([]byte(out), &run); err != nil || len(run.Steps) == 0 || len(run.Steps[0].Attempts) == 0 {
		t.Fatalf("get r2: %s, %v", out, err)
	}
	pod := run.Steps[0].Attempts[0].Pod
	return pod[strings.LastIndex(pod, "-")+1:]
}

// TestThroughAnArgoServer reaches the same runs the other way.
func TestThroughAnArgoServer(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.env = map[string]string{"ARGO_SERVER": s.api.Host(), "ARGO_SECURE": "false", "ARGO_NAMESPACE": "meetings", "ARGO_TOKEN": "Bearer secret-token"}
	s.wants(0, "standup-r1", "", "list", "-o", "name")
	s.wants(0, s.api.URL+"/workflows/meetings/standup-r1\n", "", "open", "r1")
	s.wants(0, "is being stopped", "", "stop", "--now", "r2")
	s.wants(4, "", "hint: set KUBECONFIG or --kubeconfig", "install", "--store", "s3://meetings", "--kubeconfig", "/dev/null")
}

func TestInstallAndDiff(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.wants(0, "kind: WorkflowTemplate", "", "install", "--store", "s3://meetings", "--dry-run=client")
	s.wants(0, "configmap/trackscribe-config created (dry run)\n", "", "install", "--store", "s3://meetings", "--dry-run=server")
	if left := s.api.Paths("/api/v1"); len(left) > 0 {
		t.Errorf("a dry run left %q", left)
	}
	s.wants(1, "+  TRACKSCRIBE_STORE: s3://meetings\n", "", "diff", "--store", "s3://meetings")
	s.wants(1, "configmap/trackscribe-config created\n", `hint: kubectl -n meetings create secret generic trackscribe-store`, "install", "--store", "s3://meetings")
	s.wants(0, "", "", "diff", "--store", "s3://meetings")
	s.wants(1, "-  TRACKSCRIBE_STORE: s3://meetings\n+  TRACKSCRIBE_STORE: s3://other\n", "", "diff", "--store", "s3://other")
	s.wants(1, `"action": "unchanged"`, "", "install", "--store", "s3://meetings", "-o", "json")
	s.wants(2, "", "error:", "diff", "--store", "nowhere")
	// The options file names a namespace, a flag another.
	file := filepath.Join(t.TempDir(), "options.yaml")
	if err := os.WriteFile(file, []byte("namespace: other\nstore: {location: s3://meetings}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.wants(1, "", "kubectl -n other create secret", "install", "-f", file)
	s.wants(1, "", "kubectl -n third create secret", "install", "-f", file, "-n", "third")
}

// TestClusterTrouble says what is wrong in one line, with a hint and its exit
// code.
func TestClusterTrouble(t *testing.T) {
	t.Parallel()
	const closed = "127.0.0.1:1" // which nobody is given who asks for a free one
	for name, c := range map[string]struct {
		setup func(*session)
		code  int
		say   string
		args  []string
	}{
		"no kubeconfig":   {func(s *session) { s.env["KUBECONFIG"] = os.DevNull }, 4, "error: find a cluster: no cluster is configured\nhint: set KUBECONFIG", []string{"list"}},
		"no such file":    {func(*session) {}, 4, "hint: see: kubectl config get-contexts", []string{"list", "--kubeconfig", "/no/such/file"}},
		"no such context": {func(*session) {}, 4, `context "prod" does not exist`, []string{"list", "--context", "prod"}},
		"unreachable":     {func(s *session) { s.env["ARGO_SERVER"] = closed }, 4, "not reachable", []string{"get", "r1"}},
		"forbidden": {func(s *session) {
			s.api.Refuse(func(*http.Request) (int, string) { return http.StatusForbidden, "workflows.argoproj.io is forbidden" })
		}, 4, "hint: ask for a Role in namespace \"meetings\" that allows list on workflows.argoproj.io", []string{"list"}},
		"who are you": {func(s *session) {
			s.api.Refuse(func(*http.Request) (int, string) { return http.StatusUnauthorized, "Unauthorized" })
		}, 4, "credentials were not accepted", []string{"list"}},
		"no such namespace": {func(s *session) {
			s.api.Refuse(func(r *http.Request) (int, string) {
				if r.Method == http.MethodPatch {
					return http.StatusNotFound, `namespaces "nope" not found`
				}
				return 0, ""
			})
		}, 1, "hint: create it: kubectl create namespace nope", []string{"install", "--store", "s3://meetings", "-n", "nope"}},
		"unknown run":    {func(*session) {}, 1, `"nobody" is no Workflow, no run id and no recording`, []string{"stop", "r2", "nobody"}},
		"no run":         {func(*session) {}, 2, "hint: name a run, or @latest", []string{"get"}},
		"too many runs":  {func(*session) {}, 2, "wants RUN", []string{"watch", "r1", "r2"}},
		"negative wait":  {func(*session) {}, 2, "is negative", []string{"wait", "r1", "--timeout", "-3s"}},
		"no such output": {func(*session) {}, 2, "must be one of", []string{"list", "-o", "xml"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			c.setup(s)
			code, stdout, stderr := s.do(c.args...)
			if code != c.code || !strings.Contains(stderr, c.say) || stdout != "" {
				t.Errorf("exit %d, want %d; stdout %q\nstderr (want %q):\n%s", code, c.code, stdout, c.say, stderr)
			}
			if n := strings.Count(stderr, "\n"); n > 2 {
				t.Errorf("says %d lines:\n%s", n, stderr)
			}
			if strings.Contains(stderr, "secret-token") {
				t.Errorf("tells the token: %s", stderr)
			}
			for _, asked := range s.api.Asked() { // nothing was changed
				if !strings.HasPrefix(asked, "GET ") && !strings.HasPrefix(asked, "PATCH ") {
					t.Errorf("asked %s", asked)
				}
			}
		})
	}
}
