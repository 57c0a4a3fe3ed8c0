package argo

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// Labels and annotations of what is rendered and submitted.
const (
	LabelRecording = "trackscribe/recording" // recording id, as far as a label can hold it
	LabelRun       = "trackscribe/run"       // run id
	LabelGraph     = "trackscribe/graph"     // graph name

	AnnotationDigest      = "trackscribe/graph-digest" // of the graph that a template was rendered from
	AnnotationGranularity = "trackscribe/granularity"
	AnnotationTemplate    = "trackscribe/template" // on the alias: name of the versioned template
	AnnotationSteps       = "trackscribe/steps"    // on a leaf template: the steps its pod does, separated by commas

	AnnotationTitle       = "workflows.argoproj.io/title"
	AnnotationDescription = "workflows.argoproj.io/description"

	annotationDisplay  = "workflows.argoproj.io/display-name"
	annotationArgo     = "workflows.argoproj.io/version"
	annotationProgress = "workflows.argoproj.io/progress"
)

// Parameters of the rendered WorkflowTemplate, beside the graph's own.
const (
	ParamRecording = "recording"
	ParamRun       = "run"
	ParamSource    = "source"
	ParamTrack     = "track" // of a pod of a fan-out: the index of its track
)

// ServeName is the name of what belongs to the serve process: its Deployment,
// Service, service account, and the Lease that its replicas contend for.
func ServeName(prefix string) string { return prefix + "-" + accountServe }

// FieldManager owns what is applied to a cluster.
const FieldManager = "trackscribe"

// AliasName is the name of the template that stays the same from version to
// version.
func AliasName(prefix string, g graph.Graph) string { return prefix + "-" + g.Name }

// TemplateName is the name of the template of just this graph: it carries the
// graph's version and digest, and the granularity unless that is step.
func TemplateName(prefix string, g graph.Graph, gran Granularity) string {
	name := AliasName(prefix, g) + "-v" + g.Version + "-" + g.Digest()[:8]
	if gran != GranularityStep {
		name += "-" + string(gran)
	}
	return name
}

// WorkflowName is the name of the Workflow of a run: the same for the same
// recording and run, so that a run that is submitted twice is one Workflow.
func WorkflowName(recording, run string) string {
	const longest = 63
	slug := strings.Trim(strings.NewReplacer(".", "-", "_", "-").Replace(recording), "-")
	name := slug + "-" + run
	if slug == recording && len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(recording + "/" + run))
	tail := "-" + hex.EncodeToString(sum[:])[:8]
	if rest := longest - len(tail); len(name) > rest {
		name = strings.TrimRight(name[:rest], "-")
	}
	return name + tail
}

// LabelValue makes an id fit to be the value of a label: an id that is too long
// is cut, and then only a hint for people.
func LabelValue(id string) string {
	const longest = 63
	if len(id) > longest {
		id = id[:longest]
	}
	return strings.TrimRight(id, "-._")
}
