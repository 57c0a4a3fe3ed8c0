package argo

import (
	"fmt"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// templateReprocess is the one template of the reprocess WorkflowTemplate.
const templateReprocess = "reprocess"

// pathCLI is the command in the CLI image.
const pathCLI = "/trackscribe"

// reprocess is the WorkflowTemplate that selects recordings and submits runs
// of them.
func (r renderer) reprocess() wfv1.WorkflowTemplate {
	re := r.opt.Reprocess
	args := []string{
		"reprocess", "--name=" + r.opt.Name, fmt.Sprintf("--limit=%d", re.Limit), fmt.Sprintf("--max-parallel=%d", re.MaxParallel),
	}
	if re.Source != "" {
		args = append(args, "--source="+re.Source)
	}
	var env []corev1.EnvVar
	if isDaily(re.Source) {
		env = r.serviceSecrets("daily")
	}
	c := r.container(append(args, re.Select...), 0.1, 128, env)
	r.asCLI(c)
	t := wfv1.Template{
		Name: templateReprocess, Container: c, Volumes: []corev1.Volume{tokenVolume()},
		ActiveDeadlineSeconds: seconds(30 * time.Minute),
	}
	spec := r.spec()
	spec.OnExit, spec.Arguments = "", wfv1.Arguments{}
	spec.Entrypoint, spec.Templates = templateReprocess, []wfv1.Template{t}
	spec.ServiceAccountName = r.name(accountReprocess)
	spec.WorkflowMetadata = nil
	return wfv1.WorkflowTemplate{
		TypeMeta: typed(argoAPI, "WorkflowTemplate"),
		ObjectMeta: r.meta(r.name(templateReprocess), map[string]string{
			AnnotationTitle:       "Trackscribe: reprocess",
			AnnotationDescription: "Finds recordings that failed, got stuck, went stale or were never processed, and submits runs of them. Finished work is reused.",
			annotationArgo:        r.argoVersion(),
		}),
		Spec: spec,
	}
}

// asCLI makes a container one of the CLI. It talks to Kubernetes, so it has what
// no step has: a token, a short-lived one (see [tokenVolume]).
func (r renderer) asCLI(c *corev1.Container) {
	c.Image, c.Command = r.opt.Images.CLI, []string{pathCLI}
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volumeToken, MountPath: pathToken, ReadOnly: true})
}

// isDaily reports whether recordings come from the account at Daily, whose key is
// then needed to list them.
func isDaily(source string) bool { return strings.TrimSuffix(source, ":") == "daily" }

// cron fires it.
func (r renderer) cron() wfv1.CronWorkflow {
	re := r.opt.Reprocess
	return wfv1.CronWorkflow{
		TypeMeta: typed(argoAPI, "CronWorkflow"),
		ObjectMeta: r.meta(r.name(templateReprocess), map[string]string{
			AnnotationTitle:       "Trackscribe: reprocess",
			AnnotationDescription: "Reprocesses recordings that failed, got stuck or were missed.",
		}),
		Spec: wfv1.CronWorkflowSpec{
			Schedules:                  re.Schedules,
			Timezone:                   re.TimeZone,
			ConcurrencyPolicy:          wfv1.ConcurrencyPolicy(re.Concurrency),
			StartingDeadlineSeconds:    Duration(startingDeadline).seconds64(),
			SuccessfulJobsHistoryLimit: &re.KeepSuccess,
			FailedJobsHistoryLimit:     &re.KeepFailure,
			StopStrategy:               &wfv1.StopStrategy{Expression: fmt.Sprintf("cronworkflow.failed >= %d", re.StopAfter)},
			Suspend:                    re.Suspend,
			WorkflowSpec:               wfv1.WorkflowSpec{WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: r.name(templateReprocess)}},
		},
	}
}
