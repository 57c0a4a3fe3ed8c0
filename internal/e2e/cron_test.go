package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCron: the CronWorkflow fires, and in its pod this program finds one
// recording that failed and one that was never run, and runs both, once.
func TestCron(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "failed", 1))
	p.install(p.standin("STANDIN_FAIL=merge-transcripts=65")...)
	p.exits(p.cli("submit", source, "--run", "first", "--wait"), 3)
	p.setting("STANDIN_FAIL", "")
	p.source(shortRecording(t, "missing", 1))

	options := filepath.Join(t.TempDir(), "options.yaml")
	text := fmt.Sprintf("reprocess:\n  source: %s/source\n  select: [--missing, --failed]\n  schedules: [\"* * * * *\"]\n", p.home)
	if err := os.WriteFile(options, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p.install(append(p.standin(), "-f", options)...)
	started := time.Now()
	type listed struct{ Workflow, Recording, Run, State string }
	runs := func() (all []listed) {
		decode(t, p.ok(p.cli("list", "-o", "json")), &all)
		return all
	}
	p.until("runs made by the CronWorkflow", 150*time.Second, func() bool { return len(runs()) == 3 })
	t.Logf("both runs were submitted after %s", time.Since(started).Round(time.Second))
	// It fires again while they run, and must leave them alone.
	for _, r := range runs() {
		if r.Run != "first" {
			p.ok(p.cli("wait", r.Workflow))
		}
	}
	p.until("a second firing", 150*time.Second, func() bool {
		return len(strings.Fields(p.in("get", "workflows", "-l", "workflows.argoproj.io/cron-workflow=trackscribe-reprocess,workflows.argoproj.io/phase=Succeeded",
			"-o", "name"))) >= 2
	})
	p.in("patch", "cronworkflow", "trackscribe-reprocess", "--type=merge", `--patch={"spec":{"suspend":true}}`)
	for _, r := range runs() {
		if want := map[bool]string{true: "failed", false: "succeeded"}[r.Run == "first"]; r.State != want {
			t.Errorf("run %s of %s: %s, want %s", r.Run, r.Recording, r.State, want)
		}
	}
	if n := len(runs()); n != 3 {
		t.Errorf("%d runs after a second firing, want 3", n)
	}
}
