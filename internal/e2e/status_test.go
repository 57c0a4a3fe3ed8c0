package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// status is what is read of `get -o json`.
type status struct {
	Workflow, Run, State, Message, Hint, Result string
	Exit                                        int
	Steps                                       []taskStatus
}

type taskStatus struct {
	Step, State, Message, Hint string
	Track                      *int
	Exit                       int
	Attempts                   []struct {
		Pod, Message string
		Exit         int
	}
}

func (t taskStatus) name() string {
	if t.Track == nil {
		return t.Step
	}
	return run.TaskName(t.Step, *t.Track)
}

// with is the same place for a test within the test.
func (p *place) with(t *testing.T) *place {
	q := *p
	q.t = t
	return &q
}

// status asks how a run stands.
func (p *place) status(name string) status {
	p.t.Helper()
	var s status
	decode(p.t, p.ok(p.cli("get", name, "-o", "json")), &s)
	return s
}

// task returns one task of a run.
func (p *place) task(s status, name string) taskStatus {
	p.t.Helper()
	for _, t := range s.Steps {
		if t.name() == name {
			return t
		}
	}
	p.t.Fatalf("run %s has no task %s: %+v", s.Run, name, s.Steps)
	return taskStatus{}
}

// everyStepOnce wants a run in which nothing failed or was tried again.
func (p *place) everyStepOnce(name string) {
	p.t.Helper()
	s := p.status(name)
	if s.State != "succeeded" || len(s.Steps) < len(pipeline.New().Nodes) {
		p.t.Errorf("run %s: %s with %d tasks", name, s.State, len(s.Steps))
	}
	for _, t := range s.Steps {
		if t.State != "succeeded" && t.State != "skipped" || len(t.Attempts) != 1 {
			p.t.Errorf("%s: %s after %d attempts: %s", t.name(), t.State, len(t.Attempts), t.Message)
		}
	}
}

// receipts reads the receipts of a run, by key.
func (p *place) receipts(recording, id string) map[string]run.Receipt {
	p.t.Helper()
	all := map[string]run.Receipt{}
	for _, key := range p.keys(run.Runs(recording) + id + "/receipts/") {
		var r run.Receipt
		p.readJSON(key, &r)
		all[strings.TrimPrefix(key, run.Runs(recording)+id+"/")] = r
	}
	return all
}

// takenOver wants all that can be reused of an earlier run to have been reused.
func (p *place) takenOver(recording, id, from string) {
	p.t.Helper()
	cached := 0
	for key, r := range p.receipts(recording, id) {
		n, _ := pipeline.New().Node(r.Step)
		if n.Step.Volatile || n.Step.SideEffect || r.Skipped != "" {
			continue
		}
		if cached++; r.Cached != from {
			p.t.Errorf("%s: taken over from %q, want %q", key, r.Cached, from)
		}
	}
	if cached < 10 {
		p.t.Errorf("%d tasks were taken over", cached)
	}
}

func digest(t testing.TB, st store.Store, key string) string {
	t.Helper()
	rc, _, err := st.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	h := sha256.New()
	if _, err := io.Copy(h, rc); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
