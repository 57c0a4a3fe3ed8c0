package argo

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func TestLogs(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, api *argotest.API, c Cluster) {
		wf := load(t, "track-fails")
		api.Put(argotest.Workflow(testNamespace, wf.Name), wf)
		for _, p := range StatusOf(wf, pipeline.New()).Pods() {
			if p.Task != "get-recording" { // whose pod was deleted
				api.Log(p.Name, "hello from "+p.Task+"\ntime=\"now\" level=info msg=\"all is well\" argo=true\n")
			}
		}
		read := func(opt LogOptions, want func(Pod) bool) (lines, gone []string) {
			err := Sight{Cluster: c, Graph: pipeline.New()}.Logs(t.Context(), wf.Name, opt, want,
				func(l LogLine) { lines = append(lines, l.Task+": "+l.Text) }, func(p Pod) { gone = append(gone, p.Task) })
			if err != nil {
				t.Fatal(err)
			}
			return lines, gone
		}
		lines, gone := read(LogOptions{}, nil)
		want := []string{"get-participants: hello from get-participants", "pad-track[0]: hello from pad-track[0]", "pad-track[1]: hello from pad-track[1]"}
		if !slices.Equal(lines, want) || !slices.Equal(gone, []string{"get-recording"}) {
			t.Errorf("lines %q, gone %q", lines, gone)
		}
		lines, _ = read(LogOptions{}, func(p Pod) bool { return slices.Contains(p.Steps, "pad-track[1]") })
		if len(lines) != 1 {
			t.Errorf("of one track: %q", lines)
		}
		// Followed while it goes on: the pod of a step that begins later is read too.
		path := argotest.Workflow(testNamespace, wf.Name)
		first := wf.Status.StartedAt.Add(9 * time.Second)
		api.Put(path, moment(t, wf, first))
		told := false
		err := Sight{Cluster: c, Graph: pipeline.New()}.Logs(t.Context(), wf.Name, LogOptions{Follow: true}, nil, func(l LogLine) {
			lines = append(lines, l.Task)
		}, func(Pod) {
			if !told {
				told = true
				go api.Put(path, wf)
			}
		})
		if err != nil || !strings.Contains(strings.Join(lines, " "), "pad-track[0]") {
			t.Errorf("followed: %q, %v", lines, err)
		}
	})
}

// TestPodsThatAreShared names the pod of several steps by its template.
func TestPodsThatAreShared(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range StatusOf(load(t, "track-fails-fused"), pipeline.New()).Pods() {
		names = append(names, p.Task)
		if len(p.Steps) < 2 {
			t.Errorf("%s does %q", p.Task, p.Steps)
		}
	}
	if want := []string{"prepare", "track[0]", "track[1]"}; !slices.Equal(names, want) {
		t.Errorf("pods %q, want %q", names, want)
	}
}
