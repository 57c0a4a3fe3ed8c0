// Package matrix holds the standing scenarios: what must happen to our own
// pipeline in every granularity, for no track, one, a few and many, when all
// goes well and when it does not. What must happen is worked out from the
// graph; what happens is Argo's controller's doing.
package matrix

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/own"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/result"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// conclude is the template that notes a failed run in the store.
const conclude = "conclude"

// exitKilled is what a container exits with that was killed. Every granularity
// tries it again; a transient failure is tried again inside a pod that does
// several steps.
const exitKilled = 137

// A Case is one standing scenario.
type Case struct {
	Granularity argo.Granularity
	Tracks      int
	Name        string
	Scenario    scenario.Scenario
}

// A Row is how a case went. Its JSON is a stable contract.
type Row struct {
	Granularity string   `json:"granularity"`
	Tracks      int      `json:"tracks"`
	Scenario    string   `json:"scenario"`
	Want        string   `json:"want"`
	Got         string   `json:"got"`
	Pods        int      `json:"pods"`
	Seconds     float64  `json:"seconds"`
	Wrong       []string `json:"wrong,omitempty"` // empty: all as expected
}

// Cases lists the standing scenarios. Left out is what cannot be: a track that
// fails where there is none, or that is not seen, since it runs inside the pod
// that runs everything; and a failure that such a pod survives inside.
func Cases() []Case {
	var list []Case
	for _, gran := range []argo.Granularity{argo.GranularityStep, argo.GranularityFused, argo.GranularityRun} {
		for _, tracks := range []int{0, 1, 3, 50} {
			list = append(list, cases(gran, tracks)...)
		}
	}
	return list
}

func cases(gran argo.Granularity, tracks int) []Case {
	on := func(step string, track, times, exit int) scenario.Fail {
		return scenario.Fail{Target: scenario.Target{Step: step, Track: track}, Times: times, Exit: exit}
	}
	alone, whole := gran == argo.GranularityStep, gran == argo.GranularityRun
	flaky, perTrack := exitKilled, tracks > 0 && !whole
	if alone {
		flaky = int(steps.Transient)
	}
	bad := int(steps.Permanent)
	last := tracks - 1
	var list []Case
	add := func(sensible bool, name string, s scenario.Scenario) {
		if sensible {
			list = append(list, Case{gran, tracks, name, s})
		}
	}
	seen := !whole || tracks == 1 // the tracks of a whole run are not the scenario's business
	fail := func(list ...scenario.Fail) scenario.Scenario { return scenario.Scenario{Fail: list} }
	lost := "get-recording"
	if perTrack {
		lost = "pad-track"
	}
	lose := scenario.Scenario{Lose: []scenario.Fail{on(lost, -1, 1, 0)}}
	if perTrack {
		lose.Lose[0].Track = last
	}
	add(seen, "ok", scenario.Scenario{})
	add(perTrack, "one track fails", fail(on("transcribe-track", last, 0, bad)))
	add(perTrack, "one track flaky", fail(on("transcribe-track", 0, 2, flaky)))
	add(whole && seen, "flaky", fail(on("transcribe-track", -1, 2, flaky)))
	add(perTrack, "all tracks fail", fail(on("transcribe-track", -1, 0, bad)))
	add(!whole, "optional fails", fail(on("mixdown-tracks", -1, 0, bad)))
	add(alone, "side effect fails", fail(on("send-webhook", -1, 0, bad)))
	add(seen, "pod lost", lose)
	add(seen, "onExit", fail(on("finalize", -1, 0, bad), on(conclude, -1, 1, int(steps.Transient))))
	return list
}

// parallel is how many workflows run at once. More do not make it faster.
const parallel = 24

// Run runs the cases in the cluster, each granularity in a namespace that is
// called like its template. The error is one of the simulation.
func Run(ctx context.Context, c *cluster.Cluster, g graph.Graph, cases []Case) ([]Row, error) {
	pipelines := map[argo.Granularity]own.Pipeline{}
	for _, k := range cases {
		if _, ok := pipelines[k.Granularity]; ok {
			continue
		}
		p, err := own.Render(g, argo.Options{Granularity: k.Granularity})
		if err != nil {
			return nil, err
		}
		if err := c.Load(ctx, p.Template, p.Objects); err != nil {
			return nil, err
		}
		pipelines[k.Granularity] = p
	}
	rows := make([]Row, len(cases))
	var todo errgroup.Group
	todo.SetLimit(parallel)
	for _, i := range longestFirst(cases) {
		todo.Go(func() (err error) {
			rows[i], err = one(ctx, c, pipelines[cases[i].Granularity], cases[i], fmt.Sprintf("case-%d", i))
			return err
		})
	}
	return rows, todo.Wait()
}

// longestFirst orders the cases so that none is waited for at the end.
func longestFirst(cases []Case) []int {
	order := make([]int, len(cases))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(cases[b].Tracks, cases[a].Tracks) })
	return order
}

func one(ctx context.Context, c *cluster.Cluster, p own.Pipeline, k Case, id string) (Row, error) {
	s := k.Scenario
	s.SetOutput(p.Units[0].Name, "tracks", scenario.Tracks(k.Tracks))
	script := s.Script()
	row := Row{Granularity: string(k.Granularity), Tracks: k.Tracks, Scenario: k.Name}
	out, err := c.Run(ctx, cluster.Job{
		Workflow: p.Workflow(p.Template, p.Run("recording", id)), Runtime: script,
	})
	if err != nil {
		return row, fmt.Errorf("%s, %d tracks, %s: %w", k.Granularity, k.Tracks, k.Name, err)
	}
	r := result.New(out)
	want := expect(p.Graph, p.Units, k.Tracks, s)
	row.Want, row.Got, row.Pods, row.Seconds = want.state, r.State, r.Pods, r.Seconds
	row.Wrong = want.check(r, s)
	for _, u := range script.Unused() {
		row.Wrong = append(row.Wrong, "nothing did "+u)
	}
	return row, nil
}

// Print writes the rows as a table, and below it what is wrong.
func Print(w io.Writer, rows []Row, took time.Duration) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "GRANULARITY\tTRACKS\tSCENARIO\tWANT\tGOT\tPODS\tTIME\t")
	wrong, pods := 0, 0
	for _, r := range rows {
		verdict := "ok"
		if len(r.Wrong) > 0 {
			verdict = "WRONG"
			wrong++
		}
		pods += r.Pods
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%d\t%.1f s\t%s\n", r.Granularity, r.Tracks, r.Scenario, r.Want, r.Got, r.Pods, r.Seconds, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		for _, why := range r.Wrong {
			fmt.Fprintf(w, "wrong: %s, %d tracks, %s: %s\n", r.Granularity, r.Tracks, r.Scenario, why)
		}
	}
	_, err := fmt.Fprintf(w, "%d scenarios, %d wrong, %d pods, %.1f s\n", len(rows), wrong, pods, took.Seconds())
	return err
}

// Wrong counts the rows that are not as expected.
func Wrong(rows []Row) int {
	n := 0
	for _, r := range rows {
		if len(r.Wrong) > 0 {
			n++
		}
	}
	return n
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
