// Package argo turns a graph into the objects that run it on Argo Workflows:
// WorkflowTemplates, a CronWorkflow, service accounts with their Roles, a
// ConfigMap, a kustomization, and when they are wanted a NetworkPolicy and the
// Deployment of `trackscribe serve` with what it needs.
//
// It promises the same bytes for the same graph and options, YAML that is valid
// on Argo 3.7 and 4, no secret's value anywhere, and no tag that does not
// resolve. It talks to no cluster and reads no environment.
package argo

import (
	"fmt"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// A File is one rendered object, or the kustomization that lists them.
type File struct {
	Name string // such as "workflowtemplate.yaml"
	Data []byte // one YAML document
}

// object is what goes into one file.
type object struct {
	file  string
	value any
}

// Render returns the files that run the graph under the options, which must be
// complete (see [Options.Complete]).
func Render(g graph.Graph, o Options) ([]File, error) {
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("graph %q: %w", g.Name, err)
	}
	set, err := o.effective()
	if err != nil {
		return nil, err
	}
	r := renderer{graph: g, opt: o, units: o.Units(g), params: set.Params()}
	objects := []object{
		{"configmap.yaml", r.config()},
		{"serviceaccounts.yaml", r.accounts()},
		{"roles.yaml", r.roles()},
		{"workflowtemplate.yaml", r.template()},
		{"workflowtemplate-alias.yaml", r.alias()},
		{"workflowtemplate-reprocess.yaml", r.reprocess()},
		{"cronworkflow.yaml", r.cron()},
	}
	if o.Serve.Enabled {
		objects = append(objects, r.serve()...)
	}
	if o.NetworkPolicy {
		objects = append(objects, object{"networkpolicy.yaml", r.networkPolicies()})
	}
	var files []File
	var names []string
	for _, obj := range objects {
		data, err := encode(obj.value)
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", obj.file, err)
		}
		files = append(files, File{Name: obj.file, Data: data})
		names = append(names, obj.file)
	}
	kustomization, err := encode(r.kustomization(names))
	if err != nil {
		return nil, err
	}
	return append(files, File{Name: "kustomization.yaml", Data: kustomization}), nil
}

type renderer struct {
	graph graph.Graph
	opt   Options
	units []graph.Unit // what gets a pod each
	// params are those whose default follows from the settings.
	params map[string]string
}

// Units returns what gets a pod each.
func (o Options) Units(g graph.Graph) []graph.Unit {
	switch o.Granularity {
	case GranularityFused:
		return g.Grouped()
	case GranularityRun:
		return []graph.Unit{g.Whole()}
	default:
		return g.Alone()
	}
}

// name of an object that belongs to this installation.
func (r renderer) name(suffix string) string { return r.opt.Name + "-" + suffix }

func (r renderer) kustomization(files []string) map[string]any {
	return map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1",
		"kind":       "Kustomization",
		"namespace":  r.opt.Namespace,
		"resources":  files,
	}
}

// workflowParam is the tag of a parameter of the whole run.
func workflowParam(name string) string { return "{{workflow.parameters." + name + "}}" }
