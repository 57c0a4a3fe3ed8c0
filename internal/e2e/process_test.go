package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// longest is how long one command may take; a run on a busy machine takes
// minutes.
const longest = 10 * time.Minute

// outcome is how a command ended.
type outcome struct {
	args           []string
	code           int
	stdout, stderr string
	took           time.Duration
}

// cli starts the program in the place: as a person who set the environment
// for it.
func (p *place) cli(args ...string) outcome {
	p.t.Helper()
	return p.cliWith(nil, args...)
}

// cliWith adds to the environment.
func (p *place) cliWith(environment []string, args ...string) outcome {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, env(p.t, "TRACKSCRIBE_E2E_CLI"), args...)
	cmd.Env = append(os.Environ(),
		"ARGO_NAMESPACE="+p.ns, "ARGO_SERVER=", "TRACKSCRIBE_STORE="+p.store(), "TRACKSCRIBE_S3_ENDPOINT="+env(p.t, "TRACKSCRIBE_E2E_S3_ENDPOINT"))
	cmd.Env = append(cmd.Env, environment...)
	o := execute(p.t, cmd)
	p.t.Logf("trackscribe %s: exit %d after %s", strings.Join(args, " "), o.code, o.took.Round(time.Millisecond))
	return o
}

// execute runs a command and returns how it ended.
func execute(t testing.TB, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err := cmd.Run()
	o := outcome{args: cmd.Args[1:], stdout: stdout.String(), stderr: stderr.String(), took: time.Since(started)}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		o.code = exit.ExitCode()
	} else if err != nil {
		t.Fatalf("start %v: %v", cmd.Args, err)
	}
	return o
}

// ok wants a command to have worked, and returns what it answered.
func (p *place) ok(o outcome) string {
	p.t.Helper()
	return p.exits(o, 0).stdout
}

// exits wants an exit code.
func (p *place) exits(o outcome, code int) outcome {
	p.t.Helper()
	if o.code != code {
		p.t.Fatalf("%v: exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", o.args, o.code, code, o.stdout, o.stderr)
	}
	return o
}

// says wants texts in what a command told.
func (p *place) says(o outcome, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(o.stderr, text) {
			p.t.Errorf("%v: nothing of %q is told\n%s", o.args, text, o.stderr)
		}
	}
}

// kubectl looks at the cluster, or changes it behind the program's back.
func (p *place) kubectl(args ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	o := execute(p.t, exec.CommandContext(ctx, "kubectl", args...))
	return p.ok(o)
}

// in is kubectl in the place's namespace.
func (p *place) in(args ...string) string {
	p.t.Helper()
	return p.kubectl(slices.Insert(args, 0, "-n", p.ns)...)
}

// until asks again and again, for as long as such a thing may take.
func (p *place) until(what string, limit time.Duration, ask func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(limit); !ask(); time.Sleep(3 * time.Second) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s did not happen within %s", what, limit)
		}
	}
}
