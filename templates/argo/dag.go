package argo

import (
	"fmt"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// dag is the graph: one task per unit, each waiting for those whose outputs it
// reads.
func (r renderer) dag() wfv1.Template {
	// Every branch goes as far as it can: an optional one that fails must not
	// stop the others.
	no := false
	d := &wfv1.DAGTemplate{FailFast: &no}
	waits := r.waits()
	for _, u := range r.units {
		t := wfv1.DAGTask{Name: u.Name, Template: u.Name, Depends: waits.depends(u.Name)}
		if u.Each != "" {
			node, port := u.Each.Split()
			t.WithParam = fmt.Sprintf("{{tasks.%s.outputs.parameters.%s}}", r.unitOf(node), port)
			t.Arguments = wfv1.Arguments{Parameters: []wfv1.Parameter{{Name: ParamTrack, Value: wfv1.AnyStringPtr("{{item}}")}}}
		}
		d.Tasks = append(d.Tasks, t)
	}
	if r.survives() {
		d.Tasks = append(d.Tasks, wfv1.DAGTask{Name: templateDone, Template: templateDone, Depends: waits.depends(templateDone)})
	}
	return wfv1.Template{Name: templateMain, DAG: d}
}

// unitOf names the unit that a node runs in.
func (r renderer) unitOf(node string) string {
	i := slices.IndexFunc(r.units, func(u graph.Unit) bool { return slices.Contains(u.Names(), node) })
	return r.units[i].Name
}

// survives reports whether the run outlives the failure of one of its last
// units. A DAG fails with any of its last tasks, so then one more comes after
// them: [templateDone].
func (r renderer) survives() bool {
	return slices.ContainsFunc(r.units, func(u graph.Unit) bool {
		last := !slices.ContainsFunc(r.units, func(v graph.Unit) bool {
			return slices.ContainsFunc(r.graph.Before(r.units, v), func(p graph.Unit) bool { return p.Name == u.Name })
		})
		return last && u.Spares()
	})
}

// waits says, by task, for which tasks it waits, and whether they must have
// succeeded.
type waits map[string][]wait

type wait struct {
	task     string
	required bool
}

func (r renderer) waits() waits {
	w := waits{}
	for _, u := range r.units {
		for _, p := range r.graph.Before(r.units, u) {
			w[u.Name] = append(w[u.Name], wait{p.Name, r.graph.Needs(u, p)})
		}
		w[templateDone] = append(w[templateDone], wait{u.Name, !u.Spares()})
	}
	return w
}

// depends is the task's condition without what follows from the rest of it.
func (w waits) depends(task string) string {
	var parts []string
	for _, p := range w[task] {
		implied := slices.ContainsFunc(w[task], func(q wait) bool {
			if p.required {
				return q.required && w.reaches(q.task, p.task, true)
			}
			return w.reaches(q.task, p.task, false)
		})
		switch {
		case implied:
		case p.required:
			parts = append(parts, p.task)
		default:
			// It has ended in whatever way.
			parts = append(parts, fmt.Sprintf("(%[1]s || %[1]s.Failed || %[1]s.Errored || %[1]s.Omitted)", p.task))
		}
	}
	return strings.Join(parts, " && ")
}

// reaches reports whether from waits for to, directly or not; with required,
// whether it cannot succeed unless that one did.
func (w waits) reaches(from, to string, required bool) bool {
	return slices.ContainsFunc(w[from], func(p wait) bool {
		return (p.required || !required) && (p.task == to || w.reaches(p.task, to, required))
	})
}
