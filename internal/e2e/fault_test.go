package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
)

// TestTransient: a step that fails with 75 once is tried again; one that always
// does fails the run, and retry goes on from there without doing anything that
// was finished again.
func TestTransient(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "quiet", 3))
	p.install(p.standin("STANDIN_FAIL=transcribe-track[1]=75x1,merge-transcripts=75")...)

	o := p.exits(p.cli("submit", source, "--run", "flaky", "--wait"), 3)
	p.says(o, "transcribe-track[1] failed and is tried again: ", "error: merge-transcripts: ", "hint: ")
	s := p.status("quiet-flaky")
	if again := p.task(s, "transcribe-track[1]"); again.State != "succeeded" || len(again.Attempts) != 2 || again.Attempts[0].Exit != 75 {
		t.Errorf("a step that failed once: %+v", again)
	}
	if dead := p.task(s, "merge-transcripts"); dead.State != "failed" || dead.Exit != 75 || len(dead.Attempts) != 4 {
		t.Errorf("a step that always fails: %+v", dead)
	}
	var end run.End
	p.readJSON(run.EndKey("quiet", "flaky"), &end)
	if end.State != run.Failed {
		t.Errorf("end.json: %+v", end)
	}

	done := p.receipts("quiet", "flaky")
	p.setting("STANDIN_FAIL", "")
	p.ok(p.cli("retry", "quiet-flaky"))
	p.ok(p.cli("wait", "quiet-flaky"))
	after := p.receipts("quiet", "flaky")
	for key, was := range done {
		if is := after[key]; !is.Finished.Equal(was.Finished) || is.Attempt != was.Attempt {
			t.Errorf("%s was written again", key)
		}
	}
	now := p.status("quiet-flaky")
	for _, was := range s.Steps {
		is := p.task(now, was.name())
		if was.State == "succeeded" && (len(is.Attempts) != len(was.Attempts) || is.Attempts[0].Pod != was.Attempts[0].Pod) {
			t.Errorf("%s had been done and got other pods", was.name())
		}
		if is.State != "succeeded" && is.State != "skipped" {
			t.Errorf("%s: %s: %s", is.name(), is.State, is.Message)
		}
	}
	if len(done) == 0 || len(after) <= len(done) {
		t.Errorf("%d receipts before the retry, %d after", len(done), len(after))
	}
}

// setting changes a setting that was installed, behind the program's back.
func (p *place) setting(name, value string) {
	p.t.Helper()
	patch, _ := json.Marshal(map[string]any{"data": map[string]string{name: value}})
	p.in("patch", "configmap", "trackscribe-config", "--type=merge", "--patch="+string(patch))
}

// TestBadTrack: a track that cannot be decoded fails the run, by name, and
// nothing is tried again.
func TestBadTrack(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dir := shortRecording(t, "broken", 3)
	badTrack(t, dir, 1)
	p.install()
	o := p.exits(p.cli("submit", p.source(dir), "--run", "one", "--wait"), 3)
	p.says(o, "error: pad-track[1]: ", "hint: ")
	if lines := strings.Count(o.stderr, "error: "); lines != 1 {
		t.Errorf("%d lines of errors:\n%s", lines, o.stderr)
	}
	s := p.status("broken-one")
	if bad := p.task(s, "pad-track[1]"); bad.State != "failed" || bad.Exit != 65 || len(bad.Attempts) != 1 {
		t.Errorf("the bad track: %+v", bad)
	}
	if good := p.task(s, "pad-track[2]"); good.State != "succeeded" {
		t.Errorf("a good track: %+v", good)
	}
	var end run.End
	p.readJSON(run.EndKey("broken", "one"), &end)
	if end.State != run.Failed || !strings.Contains(end.Message, "pad-track[1]") {
		t.Errorf("end.json: %+v", end)
	}
}

// TestControllerKilled: the controller dies in the middle of a run, and the
// next one goes on with it. Nothing else is tested meanwhile.
func TestControllerKilled(t *testing.T) {
	tool := os.Getenv("TRACKSCRIBE_E2E_CLUSTER")
	p := newPlace(t)
	if tool == "" {
		t.Skip("only where the controller can be killed: TRACKSCRIBE_E2E_CLUSTER")
	}
	source := p.source(shortRecording(t, "quiet", 2))
	p.install(p.standin("STANDIN_HOLD=transcribe-track[0]=20s")...)
	p.ok(p.cli("submit", source, "--run", "one"))
	p.pods.running(t, "quiet-one", "transcribe-track(0:0)")
	controller := func(verb string) string {
		o := execute(t, exec.CommandContext(t.Context(), tool, verb, "workflow-controller"))
		if o.code != 0 {
			t.Fatalf("%s the controller: %s", verb, o.stderr)
		}
		return o.stdout
	}
	controller("kill")
	// It is gone a moment later; until then it cannot be started.
	p.until("the controller starts", time.Minute, func() bool { return strings.HasPrefix(controller("start"), "start <nil>") })
	p.ok(p.cli("wait", "quiet-one"))
	p.everyStepOnce("quiet-one")
}

// TestPodsDeleted: pods are deleted while they run, one that has just begun and
// one that has been running for a while, and the run succeeds.
func TestPodsDeleted(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "quiet", 2))
	p.install(p.standin("STANDIN_HOLD=transcribe-track[0]=40s,transcribe-track[1]=40s")...)
	p.ok(p.cli("submit", source, "--run", "one"))
	young := p.pods.running(t, "quiet-one", "transcribe-track(1:1)")
	p.in("delete", "pod", young, "--wait=false")
	old := p.pods.running(t, "quiet-one", "transcribe-track(0:0)")
	time.Sleep(12 * time.Second) // Argo takes pods of less than 10 s for not yet made
	p.in("delete", "pod", old, "--wait=false")
	p.ok(p.cli("wait", "quiet-one"))
	lost := p.task(p.status("quiet-one"), "transcribe-track[0]")
	if lost.State != "succeeded" || len(lost.Attempts) != 2 {
		t.Errorf("the task whose pod was deleted: %+v", lost)
	}
}

// TestRepeatedAndStopped: the same run, submitted three times, twice at once, is
// one Workflow; stopped, it ends as canceled.
func TestRepeatedAndStopped(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := p.source(shortRecording(t, "quiet", 2))
	p.install(p.standin("STANDIN_HOLD=pad-track[0]=120s")...)
	var outcomes [2]outcome
	var both sync.WaitGroup
	for i := range outcomes {
		both.Go(func() { outcomes[i] = p.cli("submit", source, "--run", "same", "-o", "json") })
	}
	both.Wait()
	type answer struct {
		Workflow string
		Existed  bool
	}
	made := 0
	for _, o := range append(outcomes[:], p.cli("submit", source, "--run", "same", "-o", "json")) {
		var a []answer
		decode(t, p.ok(o), &a)
		if a[0].Workflow != "quiet-same" {
			t.Errorf("workflow %q", a[0].Workflow)
		}
		if !a[0].Existed {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d of 3 submissions say that they made the run", made)
	}
	if names := p.in("get", "workflows", "-o", "name"); strings.Count(names, "\n") != 1 {
		t.Errorf("workflows:\n%s", names)
	}

	p.pods.running(t, "quiet-same", "pad-track(0:0)")
	p.exits(p.cli("wait", "quiet-same", "--timeout", "1s"), 8)
	p.ok(p.cli("stop", "quiet-same"))
	o := p.exits(p.cli("wait", "quiet-same"), 3)
	p.says(o, "error: run same was stopped", "hint: ")
	if s := p.status("quiet-same"); s.State != "canceled" {
		t.Errorf("state %s: %s", s.State, s.Message)
	}
	var end run.End
	p.readJSON(run.EndKey("quiet", "same"), &end)
	if end.State != run.Failed && end.State != run.Canceled {
		t.Errorf("end.json: %+v", end)
	}
	t.Logf("end.json: %+v", end)
	p.ok(p.cli("delete", "quiet-same"))
	if names := p.in("get", "workflows", "-o", "name"); names != "" {
		t.Errorf("workflows after delete:\n%s", names)
	}
}
