package argo

import (
	"fmt"
	"maps"
	"slices"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// annotationStore says where artifacts and results of the run lie.
const annotationStore = "trackscribe/store"

// Submission says how a run is submitted.
type Submission struct {
	Template string // name of the WorkflowTemplate
	Store    string // location of artifacts and results, for people
	Priority *int32 // among queued Workflows; nil: the template's
}

// NewWorkflow returns the Workflow of a run. It only sets what a controller
// with strict references to templates allows, and only ids and parameters go
// into it: what else there is to know lies in the store's run.json.
func NewWorkflow(r run.Run, sub Submission) *wfv1.Workflow {
	args := []wfv1.Parameter{
		{Name: argo.ParamRecording, Value: wfv1.AnyStringPtr(r.Recording)},
		{Name: argo.ParamRun, Value: wfv1.AnyStringPtr(r.ID)},
		{Name: argo.ParamSource, Value: wfv1.AnyStringPtr(r.Source)},
	}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		args = append(args, wfv1.Parameter{Name: name, Value: wfv1.AnyStringPtr(r.Params[name])})
	}
	wf := &wfv1.Workflow{
		ObjectMeta: metav1.ObjectMeta{
			Name: argo.WorkflowName(r.Recording, r.ID),
			Labels: map[string]string{
				argo.LabelRecording: argo.LabelValue(r.Recording), argo.LabelRun: argo.LabelValue(r.ID), argo.LabelGraph: argo.LabelValue(r.Graph.Name),
			},
			Annotations: map[string]string{
				argo.AnnotationTitle:       "Recording " + r.Recording,
				argo.AnnotationDescription: fmt.Sprintf("Run `%s` of graph %s v%s (`%s`), made by trackscribe %s.", r.ID, r.Graph.Name, r.Graph.Version, r.Graph.Digest, r.Program),
			},
		},
		Spec: wfv1.WorkflowSpec{
			WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: sub.Template},
			Arguments:           wfv1.Arguments{Parameters: args},
			Priority:            sub.Priority,
		},
	}
	if sub.Store != "" {
		wf.Annotations[annotationStore] = sub.Store
	}
	return wf
}

// CheckTemplate reports whether an installed template is of just this graph. A
// template of another version would run steps that the store's run.json does
// not speak of.
func CheckTemplate(t *wfv1.WorkflowTemplate, g graph.Graph) error {
	digest := t.Annotations[argo.AnnotationDigest]
	switch digest {
	case g.Digest():
		return nil
	case "":
		return steps.Wrong("name one that trackscribe install made", "workflow template %q is not one of trackscribe", t.Name)
	default:
		return steps.Wrong("install this version: trackscribe install, or use the program that installed the other",
			"workflow template %q is of graph %s, and this program has graph %s", t.Name, digest, g.Digest())
	}
}

// IsRun reports whether a Workflow is one that trackscribe made.
func IsRun(wf *wfv1.Workflow) bool { return wf.Labels[argo.LabelGraph] != "" }
