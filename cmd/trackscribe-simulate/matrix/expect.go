package matrix

import (
	"fmt"
	"slices"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/result"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Argo's phases of nodes and runs.
const (
	succeeded = "Succeeded"
	failed    = "Failed"
	skipped   = "Skipped"
	omitted   = "Omitted"
)

// An expectation is how a run must go. It comes from the graph alone: what the
// rendered template does must be what the graph means.
type expectation struct {
	state    string
	units    map[string]string // state of each unit
	attempts map[string]int    // of one pod of it, when it is more than one
	lossy    bool              // pods are lost, and there may be more attempts
}

// expect works out how the scenario must go.
func expect(g graph.Graph, units []graph.Unit, tracks int, s scenario.Scenario) expectation {
	// The controller may make a lost pod anew and fail its node all the same.
	e := expectation{state: succeeded, units: map[string]string{}, attempts: map[string]int{}, lossy: len(s.Lose) > 0}
	for _, u := range units {
		state := succeeded
		switch {
		case slices.ContainsFunc(g.Before(units, u), func(p graph.Unit) bool {
			return g.Needs(u, p) && (e.units[p.Name] == failed || e.units[p.Name] == omitted)
		}):
			state = omitted
		case u.Each != "" && tracks == 0:
			state = skipped
		case hit(u, s.Fail, 0):
			state = failed
		}
		e.units[u.Name] = state
		if (state == failed || state == omitted) && !u.Spares() {
			e.state = failed
		}
		for _, f := range slices.Concat(s.Fail, s.Lose) {
			if f.Times > 0 && state == succeeded && slices.Contains(u.Names(), f.Step) {
				e.attempts[u.Name] = 1 + f.Times
			}
		}
	}
	return e
}

// hit reports whether a failure for good concerns the unit.
func hit(u graph.Unit, list []scenario.Fail, times int) bool {
	return slices.ContainsFunc(list, func(f scenario.Fail) bool {
		return f.Times == times && slices.Contains(u.Names(), f.Step)
	})
}

// check says in what the result differs from what is expected.
func (e expectation) check(r result.Result, s scenario.Scenario) []string {
	wrong := slices.Clone(r.Problems)
	if r.Hangs {
		return append(wrong, fmt.Sprintf("hangs: %v", r.Waiting))
	}
	if r.State != e.state {
		wrong = append(wrong, fmt.Sprintf("the run is %s, want %s", r.State, e.state))
	}
	for _, name := range sortedKeys(e.units) {
		n := find(r.Nodes, name)
		switch {
		case n == nil:
			wrong = append(wrong, fmt.Sprintf("%s has no node, want %s", name, e.units[name]))
			continue
		case n.State != e.units[name]:
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %s", name, n.State, e.units[name]))
		}
		want, most := max(1, e.attempts[name]), mostAttempts(n)
		if e.units[name] == succeeded && (most < want || most > want && !e.lossy) {
			wrong = append(wrong, fmt.Sprintf("%s took %d attempts, want %d", name, most, want))
		}
	}
	return append(wrong, e.checkExit(r, s)...)
}

// checkExit looks at what happens at the end: exactly a run that did not
// succeed is noted in the store.
func (e expectation) checkExit(r result.Result, s scenario.Scenario) []string {
	n := find(r.Nodes, conclude)
	if e.state == succeeded {
		if n != nil && n.State != skipped {
			return []string{fmt.Sprintf("%s is %s although the run succeeded", conclude, n.State)}
		}
		return nil
	}
	want := 1
	for _, f := range s.Fail {
		if f.Step == conclude {
			want += f.Times
		}
	}
	if n == nil || n.State != succeeded || len(n.Attempts) != want {
		return []string{fmt.Sprintf("%s did not succeed at attempt %d although the run failed", conclude, want)}
	}
	return nil
}

// find returns the node of that name, wherever it is in the tree.
func find(nodes []*result.Node, name string) *result.Node {
	for _, n := range nodes {
		if n.Name == name {
			return n
		}
		if m := find(n.Nodes, name); m != nil {
			return m
		}
	}
	return nil
}

func mostAttempts(n *result.Node) int {
	most := len(n.Attempts)
	for _, c := range n.Nodes {
		most = max(most, mostAttempts(c))
	}
	return most
}
