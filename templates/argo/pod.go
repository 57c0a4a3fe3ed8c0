package argo

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// Paths inside a step's container.
const (
	pathStep    = "/step"
	pathModel   = "/model"
	pathScratch = "/scratch"
	pathTmp     = "/tmp"
	pathOutputs = "/scratch/outputs"
)

// Exit codes after which another attempt makes sense.
const (
	exitDone       = 0 // of a pod that failed all the same: it was taken away too early
	exitTransient  = 75
	exitKilled     = 137 // out of memory, or the node went away
	exitTerminated = 143
	exitUnknown    = -1 // Argo's word for a pod that ended without one, as at its deadline
)

// lostPods is how often a pod is started again that did not end by itself.
const lostPods = 3

// starting is what a pod may take beside its work: fetching images, Argo's own
// containers, a busy node. The step itself keeps to its timeout; the pod's
// deadline is for one that hangs.
const starting = 5 * time.Minute

// pod is the template of a unit's pod.
func (r renderer) pod(u graph.Unit) wfv1.Template {
	t := wfv1.Template{
		Name: u.Name,
		Metadata: wfv1.Metadata{Annotations: map[string]string{
			annotationProgress: fmt.Sprintf("0/%d", 100*len(u.Nodes)),
			AnnotationSteps:    strings.Join(u.Names(), ","),
		}},
		ActiveDeadlineSeconds: seconds(u.Timeout() + starting),
	}
	args := u.Names()
	if r.opt.Granularity == GranularityRun {
		args = []string{"run"}
	}
	if len(u.Nodes) > 1 {
		// Transient failures are tried again inside.
		t.RetryStrategy = retry(lostPods, []int{exitDone, exitKilled, exitTerminated, exitUnknown}, "1s", 2, "30s")
	} else {
		p := u.Nodes[0].Policy.Retry
		t.RetryStrategy = retry(p.Limit, []int{exitDone, exitTransient, exitKilled, exitTerminated, exitUnknown}, p.First.String(), p.Factor, p.Max.String())
	}
	args = append(args, "--recording="+workflowParam(ParamRecording), "--run="+workflowParam(ParamRun), "--outputs="+pathOutputs)
	if u.Each != "" {
		t.Inputs.Parameters = []wfv1.Parameter{{Name: ParamTrack}}
		// Argo allows no spaces here.
		t.Annotations = map[string]string{annotationDisplay: u.Name + "-{{inputs.parameters." + ParamTrack + "}}"}
		args = append(args, "--track={{inputs.parameters."+ParamTrack+"}}")
	}
	if r.first(u) {
		args = append(args, "--source="+workflowParam(ParamSource))
		for _, p := range r.graph.Params() {
			args = append(args, "--param="+p.Name+"="+workflowParam(p.Name))
		}
	}
	var env []corev1.EnvVar
	if slices.Contains(needsOf(u), "speech-model") {
		env = append(env, corev1.EnvVar{Name: "TRACKSCRIBE_MODEL_DIR", Value: pathModel})
	}
	env = append(env, r.serviceSecrets(needsOf(u)...)...)
	heaviest := u.Heaviest()
	pool := r.opt.Pools[heaviest.Policy.Pool]
	cpu, memory := heaviest.Policy.CPU, u.Memory(graph.PoolSizes(2))
	if pool.CPU > 0 {
		cpu = pool.CPU
	}
	if pool.Memory > 0 {
		memory = pool.Memory
	}
	t.Container = r.container(args, cpu, memory, env)
	t.Outputs = r.outputs(u)
	r.place(&t, heaviest.Policy.Pool)
	return t
}

// first reports whether the unit is where the graph begins: it makes the run's
// run.json when nobody did.
func (r renderer) first(u graph.Unit) bool { return len(r.graph.Before(r.units, u)) == 0 }

// needsOf returns what the unit's steps need of the outside.
func needsOf(u graph.Unit) (names []string) {
	for _, n := range u.Nodes {
		for _, need := range n.Step.Needs {
			names = append(names, need.Name)
		}
	}
	return names
}

// outputs are the list that others fan out over, and what people look at.
func (r renderer) outputs(u graph.Unit) (out wfv1.Outputs) {
	for _, n := range u.Nodes {
		for _, p := range n.Step.Outputs {
			switch {
			case p.Each && r.opt.Granularity != GranularityRun:
				out.Parameters = append(out.Parameters, wfv1.Parameter{
					Name: p.Name, ValueFrom: &wfv1.ValueFrom{Path: path.Join(pathOutputs, p.Name+".json")},
				})
			case p.Show && u.Each == "" && n.Each == "" && !r.opt.HideArtifacts:
				out.Artifacts = append(out.Artifacts, r.artifact(n.Name(), p.File))
			}
		}
	}
	return out
}

// artifact shows a file in the Argo UI, which knows what to do with it by the
// extension of its key.
func (r renderer) artifact(step, file string) wfv1.Artifact {
	bucket, prefix := r.opt.Store.location()
	shown := strings.TrimSuffix(file, ".md")
	if shown != file {
		shown += ".txt"
	}
	s3 := &wfv1.S3Artifact{
		Key: prefix + "recordings/" + workflowParam(ParamRecording) + "/runs/" + workflowParam(ParamRun) + "/shown/" + step + "/" + shown,
		S3Bucket: wfv1.S3Bucket{
			Bucket: bucket, Region: r.opt.Store.Region, Endpoint: "s3.amazonaws.com",
		},
	}
	if e := r.opt.Store.Endpoint; e != "" {
		host, insecure := strings.CutPrefix(e, "http://")
		s3.Endpoint, s3.Insecure = strings.TrimPrefix(host, "https://"), &insecure
	}
	if r.opt.Store.Credentials == CredentialsSecret {
		s3.AccessKeySecret, s3.SecretKeySecret = r.secret(SecretAccessKey), r.secret(SecretSecretKey)
	} else {
		s3.UseSDKCreds = true
	}
	return wfv1.Artifact{
		Name: strings.ReplaceAll(file, ".", "-"), Path: path.Join(pathOutputs, file), Optional: true,
		Archive:          &wfv1.ArchiveStrategy{None: &wfv1.NoneStrategy{}},
		ArtifactLocation: wfv1.ArtifactLocation{S3: s3},
	}
}

// container is the step binary with its arguments. Its memory is asked for and
// bounded; a core that is free is not refused.
func (r renderer) container(args []string, cpu float64, memory int, env []corev1.EnvVar) *corev1.Container {
	mem := *resource.NewQuantity(int64(memory)<<20, resource.BinarySI)
	env = append([]corev1.EnvVar{{Name: "TRACKSCRIBE_SCRATCH", Value: pathScratch}}, env...)
	return &corev1.Container{
		Image:   r.opt.Images.Step,
		Command: []string{pathStep},
		Args:    args,
		EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: r.name("config")}}}},
		Env:     append(env, r.storeSecrets()...),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(int64(math.Round(cpu*1000)), resource.DecimalSI), corev1.ResourceMemory: mem},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: mem},
		},
		SecurityContext: containerSecurity(),
		// The step's last words are the pod's message.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		VolumeMounts:             []corev1.VolumeMount{{Name: volumeScratch, MountPath: pathScratch}, {Name: volumeTmp, MountPath: pathTmp}},
	}
}

// place puts a pod where its pool's pods go.
func (r renderer) place(t *wfv1.Template, pool graph.Pool) {
	p := r.opt.Pools[pool]
	t.NodeSelector = p.NodeSelector
	for _, tol := range p.Tolerations {
		t.Tolerations = append(t.Tolerations, corev1.Toleration{
			Key: tol.Key, Operator: corev1.TolerationOperator(tol.Operator), Value: tol.Value, Effect: corev1.TaintEffect(tol.Effect),
		})
	}
}

// retry is a policy in Argo's words. Errors are pods that were lost; exit codes
// are strings there.
func retry(limit int, codes []int, first string, factor float64, longest string) *wfv1.RetryStrategy {
	if limit == 0 {
		return nil
	}
	var quoted []string
	slices.Sort(codes)
	for _, c := range codes {
		quoted = append(quoted, "'"+strconv.Itoa(c)+"'")
	}
	n := intstr.FromString(strconv.Itoa(limit))
	f := intstr.FromString(strconv.FormatFloat(factor, 'f', -1, 64))
	return &wfv1.RetryStrategy{
		Limit:       &n,
		RetryPolicy: wfv1.RetryPolicyAlways,
		Expression:  "lastRetry.status == 'Error' || lastRetry.exitCode in [" + strings.Join(quoted, ", ") + "]",
		Backoff:     &wfv1.Backoff{Duration: first, Factor: &f, Cap: longest},
	}
}

func seconds(d time.Duration) *intstr.IntOrString {
	s := intstr.FromInt(int(math.Ceil(d.Seconds())))
	return &s
}
