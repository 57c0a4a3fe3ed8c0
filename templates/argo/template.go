package argo

import (
	"fmt"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// Names of templates that are no unit of the graph.
const (
	templateMain     = "main"     // the graph
	templateDone     = "done"     // joins the ends that a run survives; has no pod
	templateExit     = "exit"     // what happens when a run did not succeed
	templateConclude = "conclude" // tells the store
)

// template is the WorkflowTemplate of just this graph.
func (r renderer) template() wfv1.WorkflowTemplate {
	t := wfv1.WorkflowTemplate{
		TypeMeta: typed(argoAPI, "WorkflowTemplate"),
		ObjectMeta: r.meta(TemplateName(r.opt.Name, r.graph, r.opt.Granularity), map[string]string{
			AnnotationTitle:       fmt.Sprintf("Trackscribe: %s, version %s", r.graph.Name, r.graph.Version),
			AnnotationDescription: r.description(),
			annotationArgo:        r.argoVersion(),
			AnnotationDigest:      r.graph.Digest(),
			AnnotationGranularity: string(r.opt.Granularity),
		}),
		Spec: r.spec(),
	}
	t.Labels[LabelGraph] = r.graph.Name
	t.Spec.Entrypoint = templateMain
	t.Spec.Templates = r.templates()
	return t
}

// alias is the template whose name stays: it runs the versioned one, and says
// which that is.
func (r renderer) alias() wfv1.WorkflowTemplate {
	to := TemplateName(r.opt.Name, r.graph, r.opt.Granularity)
	t := wfv1.WorkflowTemplate{
		TypeMeta: typed(argoAPI, "WorkflowTemplate"),
		ObjectMeta: r.meta(AliasName(r.opt.Name, r.graph), map[string]string{
			AnnotationTitle:       "Trackscribe: " + r.graph.Name,
			AnnotationDescription: fmt.Sprintf("Runs `%s`, the version that was installed last.", to),
			annotationArgo:        r.argoVersion(),
			AnnotationDigest:      r.graph.Digest(),
			AnnotationGranularity: string(r.opt.Granularity),
			AnnotationTemplate:    to,
		}),
		Spec: r.spec(),
	}
	t.Labels[LabelGraph] = r.graph.Name
	t.Spec.Entrypoint = templateMain
	refer := func(name string) wfv1.Template {
		return wfv1.Template{Name: name, Steps: []wfv1.ParallelSteps{{Steps: []wfv1.WorkflowStep{{
			Name: name, TemplateRef: &wfv1.TemplateRef{Name: to, Template: name},
		}}}}}
	}
	t.Spec.Templates = []wfv1.Template{refer(templateMain), refer(templateExit)}
	return t
}

// spec is what both templates say beside their templates.
func (r renderer) spec() wfv1.WorkflowSpec {
	no := false
	s := wfv1.WorkflowSpec{
		OnExit:                       templateExit,
		Arguments:                    wfv1.Arguments{Parameters: r.arguments()},
		ServiceAccountName:           r.name(accountStep),
		AutomountServiceAccountToken: &no,
		Executor:                     &wfv1.ExecutorConfig{ServiceAccountName: r.name(accountExecutor)},
		SecurityContext:              podSecurity(),
		PodMetadata:                  &wfv1.Metadata{Labels: r.labels()},
		PodSpecPatch:                 executorPatch,
		Volumes:                      []corev1.Volume{emptyDir(volumeScratch), emptyDir(volumeTmp)},
		TTLStrategy: &wfv1.TTLStrategy{
			SecondsAfterSuccess: r.opt.TTL.Success.seconds(), SecondsAfterFailure: r.opt.TTL.Failure.seconds(),
		},
		PodGC:                &wfv1.PodGC{Strategy: wfv1.PodGCStrategy(r.opt.PodGC.Strategy), DeleteDelayDuration: r.opt.PodGC.Delay.String()},
		PodPriorityClassName: r.opt.PriorityClass,
		WorkflowMetadata:     &wfv1.WorkflowMetadata{Labels: map[string]string{LabelGraph: r.graph.Name}},
	}
	if r.opt.Parallelism > 0 {
		s.Parallelism = &r.opt.Parallelism
	}
	if r.opt.Priority != 0 {
		s.Priority = &r.opt.Priority
	}
	if r.opt.Deadline > 0 {
		d := int64(*r.opt.Deadline.seconds())
		s.ActiveDeadlineSeconds = &d
	}
	s.ImagePullSecrets = r.pullSecrets()
	return s
}

func (r renderer) pullSecrets() (list []corev1.LocalObjectReference) {
	for _, name := range r.opt.Images.Pull {
		list = append(list, corev1.LocalObjectReference{Name: name})
	}
	return list
}

// arguments are ids and the graph's own parameters; never data.
func (r renderer) arguments() []wfv1.Parameter {
	about := func(name, doc string, value *string, enum []string) wfv1.Parameter {
		p := wfv1.Parameter{Name: name, Description: wfv1.AnyStringPtr(doc)}
		if value != nil {
			p.Value = wfv1.AnyStringPtr(*value)
		}
		for _, e := range enum {
			p.Enum = append(p.Enum, *wfv1.AnyStringPtr(e))
		}
		return p
	}
	none := ""
	list := []wfv1.Parameter{
		about(ParamRecording, "id of the recording", nil, nil),
		about(ParamRun, "id of the run; the same id is the same run", nil, nil),
		about(ParamSource, "s3:// prefix of the raw tracks; may be empty when trackscribe submitted the run", &none, nil),
	}
	for _, p := range r.graph.Params() {
		value := p.Default
		if v, ok := r.params[p.Name]; ok {
			value = v
		}
		list = append(list, about(p.Name, p.Doc, &value, p.Enum))
	}
	return list
}

func (r renderer) description() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Turns a multitrack recording into a transcript that knows who said what. Graph digest `%s`.", r.graph.Digest())
	switch r.opt.Granularity {
	case GranularityFused:
		b.WriteString(" Steps that follow each other share a pod.")
	case GranularityRun:
		b.WriteString(" The whole graph runs in one pod.")
	}
	return b.String()
}

// argoVersion is the oldest controller on which a recording without tracks does
// not hang.
func (r renderer) argoVersion() string {
	if r.opt.ArgoVersion == "4" {
		return ">= v4.0.7"
	}
	return ">= v3.7.16"
}

// templates are the graph, its pods, and how a run ends.
func (r renderer) templates() []wfv1.Template {
	list := []wfv1.Template{r.dag()}
	for _, u := range r.units {
		list = append(list, r.pod(u))
	}
	if r.survives() {
		// A node that always succeeds and needs no pod.
		list = append(list, wfv1.Template{
			Name: templateDone, Steps: []wfv1.ParallelSteps{{Steps: []wfv1.WorkflowStep{}}},
		})
	}
	return append(list,
		wfv1.Template{Name: templateExit, Steps: []wfv1.ParallelSteps{{Steps: []wfv1.WorkflowStep{{
			Name: templateConclude, Template: templateConclude, When: "{{workflow.status}} != Succeeded",
		}}}}},
		r.conclude(),
	)
}

// conclude tells the store that the run failed, so that reprocessing finds it
// even when a pod died without a word.
func (r renderer) conclude() wfv1.Template {
	t := wfv1.Template{
		Name:                  templateConclude,
		ActiveDeadlineSeconds: seconds(starting),
		RetryStrategy:         retry(3, []int{exitDone, exitTransient, exitKilled, exitTerminated, exitUnknown}, "1s", 2, "10s"),
		Container: r.container([]string{
			"conclude", "--recording=" + workflowParam(ParamRecording), "--run=" + workflowParam(ParamRun), "--status={{workflow.status}}",
		}, 0.05, 64, nil),
	}
	return t
}
