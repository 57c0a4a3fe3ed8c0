package e2e

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

// work are the objects of a recording that must be the same wherever they were
// made, with their content's digest: artifacts and the result, without receipts,
// which tell the time.
func work(t *testing.T, location, recording string) map[string]string {
	t.Helper()
	st := openStore(t, location)
	all := map[string]string{}
	for _, dir := range []string{"artifacts/", "result/"} {
		for info, err := range st.List(t.Context(), "recordings/"+recording+"/"+dir) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(info.Key, "/receipt.json") {
				continue
			}
			all[info.Key] = digest(t, st, info.Key)
		}
	}
	return all
}

// sameWork compares what the cluster made with what this machine makes of the
// same recording.
func (p *place) sameWork(source, recording string) {
	p.t.Helper()
	out := filepath.Join(p.t.TempDir(), "laptop")
	p.ok(p.cli("run", source, "--out", out, "--recording", recording, "--quiet"))
	want, got := work(p.t, out, recording), work(p.t, p.store(), recording)
	if len(want) < 20 {
		p.t.Errorf("the laptop made %d files only", len(want))
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			p.t.Errorf("%s: %s on the cluster, %s here", key, got[key], want[key])
		}
		delete(got, key)
	}
	for key := range got {
		p.t.Errorf("%s is on the cluster only", key)
	}
	p.t.Logf("%d files of recording %s are the same", len(want), recording)
}

// TestMeeting is the whole way, one pod per step: install, submit a recording
// of four tracks from the bucket, wait, compare.
func TestMeeting(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	install := p.installArgs()
	diff := p.exits(p.cli(append([]string{"diff"}, install...)...), 1)
	if !strings.Contains(diff.stdout, "+kind: WorkflowTemplate") {
		t.Errorf("diff before install shows no template:\n%s", diff.stdout)
	}
	p.install()
	if out := p.exits(p.cli(append([]string{"diff"}, install...)...), 0); out.stdout != "" {
		t.Errorf("diff after install:\n%s", out.stdout)
	}
	source := p.source(filepath.Join(testenv.SharedData(t), "meeting4"))
	p.ok(p.cli("submit", source, "--recording", "meeting4", "--run", "first", "--wait"))
	p.sameWork(source, "meeting4")
	p.everyStepOnce("meeting4-first")

	t.Run("again", func(t *testing.T) {
		p := p.with(t)
		p.ok(p.cli("submit", source, "--recording", "meeting4", "--run", "second", "--wait"))
		p.takenOver("meeting4", "second", "first")
	})
}
