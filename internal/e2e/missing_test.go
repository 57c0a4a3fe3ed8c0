package e2e

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// soon is within how many seconds somebody who waits must be told that it is
// in vain.
const soon = 2 * time.Minute

// TestWithoutSecret: nothing can start, install and submit say so at once, who
// waits is told why, and as soon as the Secret is there the run goes on.
func TestWithoutSecret(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "quiet", 1))
	p.in("delete", "secret", "trackscribe-store")
	o := p.exits(p.cli(append([]string{"install"}, p.installArgs()...)...), 1)
	p.says(o, `error: find Secret "trackscribe-store"`, "hint: kubectl -n "+p.ns+" create secret generic trackscribe-store")
	told := p.toldWhileWaiting("submit", source, "--run", "one", "--wait")
	for _, text := range []string{`secret "trackscribe-store" not found`, "hint: kubectl -n " + p.ns + " create secret generic trackscribe-store"} {
		if !strings.Contains(told, text) {
			t.Errorf("nothing of %q is told\n%s", text, told)
		}
	}
	p.secret()
	p.ok(p.cli("wait", "quiet-one"))
}

// TestWithoutRole: Argo's executor may not tell what a pod did, and the run
// fails with the cause instead of hanging.
func TestWithoutRole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "quiet", 1))
	p.install()
	p.in("delete", "rolebinding", "trackscribe-executor")
	told := p.toldWhileWaiting("submit", source, "--run", "one", "--wait")
	for _, text := range []string{"workflowtaskresults", "forbidden", "trackscribe install -n " + p.ns} {
		if !strings.Contains(told, text) {
			t.Errorf("nothing of %q is told\n%s", text, told)
		}
	}
	p.install()
	if p.cli("wait", "quiet-one").code != 0 { // it had no attempts left
		p.ok(p.cli("retry", "quiet-one"))
		p.ok(p.cli("wait", "quiet-one"))
	}
}

// toldWhileWaiting returns what a command that waits tells until a hint comes,
// or it ends. The command is then interrupted; the run goes on.
func (p *place) toldWhileWaiting(args ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	cmd := exec.CommandContext(ctx, env(p.t, "TRACKSCRIBE_E2E_CLI"), args...)
	cmd.Env = append(os.Environ(), "ARGO_NAMESPACE="+p.ns, "ARGO_SERVER=", "TRACKSCRIBE_STORE="+p.store(), "TRACKSCRIBE_S3_ENDPOINT="+env(p.t, "TRACKSCRIBE_E2E_S3_ENDPOINT"))
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	started := time.Now()
	var told strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(told.String(), "hint: ") {
		n, err := stderr.Read(buf)
		told.Write(buf[:n])
		if err != nil {
			break
		}
	}
	_ = cmd.Process.Signal(os.Interrupt)
	err = cmd.Wait()
	p.t.Logf("trackscribe %s: told after %s (%v):\n%s", strings.Join(args, " "), time.Since(started).Round(time.Millisecond), err, told.String())
	return told.String()
}
