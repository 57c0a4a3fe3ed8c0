// Package own brings our own pipeline into a simulated cluster, as it is
// rendered and submitted for a real one.
package own

import (
	"fmt"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	engine "github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Store is where artifacts lie in what is rendered, unless a store is given.
const Store = "s3://simulated/trackscribe"

// A Pipeline is a graph as it was rendered.
type Pipeline struct {
	Graph    graph.Graph
	Units    []graph.Unit // what gets a pod each
	Template string
	Objects  cluster.Loaded
}

// Render renders the graph; more are objects beside what is rendered.
func Render(g graph.Graph, o argo.Options, more ...cluster.File) (Pipeline, error) {
	if !strings.HasPrefix(o.Store.Location, "s3://") {
		o.Store.Location = Store
	}
	o, err := o.Complete("simulated")
	if err != nil {
		return Pipeline{}, err
	}
	rendered, err := argo.Render(g, o)
	if err != nil {
		return Pipeline{}, err
	}
	files := more
	for _, f := range rendered {
		files = append(files, cluster.File{Name: f.Name, Data: f.Data})
	}
	p := Pipeline{Graph: g, Units: o.Units(g), Template: argo.TemplateName(o.Name, g, o.Granularity)}
	if p.Objects, err = cluster.Read(files...); err != nil {
		return p, fmt.Errorf("what was rendered: %w", err)
	}
	return p, nil
}

// Workflow returns the Workflow of a run, as it is submitted.
func (p Pipeline) Workflow(namespace string, r run.Run) *wfv1.Workflow {
	wf := engine.NewWorkflow(r, engine.Submission{Template: p.Template})
	wf.Namespace = namespace
	return wf
}

// Run returns a run of the graph of which there is no run.json: its pods are
// scripted.
func (p Pipeline) Run(recording, id string) run.Run {
	return run.Run{
		ID: id, Recording: recording, Source: "s3://simulated/" + recording, Program: "simulated",
		Graph: run.GraphRef{Name: p.Graph.Name, Version: p.Graph.Version, Digest: p.Graph.Digest()},
	}
}
