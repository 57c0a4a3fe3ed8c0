package argo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	labelComponent = "app.kubernetes.io/component"
	portHTTP       = "http"
	// annotationConfig changes with the settings, so that pods are replaced which
	// read older ones.
	annotationConfig = "trackscribe/config-digest"
)

// serve returns the process that takes webhooks and shows recordings, and what
// leads to it.
func (r renderer) serve() []object {
	list := []object{
		{"deployment.yaml", r.deployment()},
		{"service.yaml", r.service()},
	}
	if r.opt.Serve.Host != "" {
		list = append(list, object{"ingress.yaml", r.ingress()})
	}
	if r.opt.Serve.Replicas > 1 {
		list = append(list, object{"poddisruptionbudget.yaml", r.budget()})
	}
	return list
}

// serveLabels tell its pods from those of runs.
func (r renderer) serveLabels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": r.opt.Name, labelComponent: accountServe}
}

func (r renderer) deployment() appsv1.Deployment {
	s := r.opt.Serve
	none, one := intstr.FromInt32(0), intstr.FromInt32(1)
	labels := r.labels()
	maps.Copy(labels, r.serveLabels())
	d := appsv1.Deployment{
		TypeMeta: typed("apps/v1", "Deployment"), ObjectMeta: r.meta(ServeName(r.opt.Name), nil),
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: r.serveLabels()},
			// A webhook always finds somebody who answers.
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &none, MaxSurge: &one},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{annotationConfig: r.configDigest()}},
				Spec:       r.servePod(),
			},
		},
	}
	if s.Replicas > 1 {
		// One is Kubernetes' default: left out, an autoscaler may own the number.
		d.Spec.Replicas = &s.Replicas
		d.Spec.Template.Spec.Affinity = r.apart()
	}
	return d
}

func (r renderer) servePod() corev1.PodSpec {
	no, grace := false, int64(60) // for requests, and to hand over what is in hand
	return corev1.PodSpec{
		ServiceAccountName:            r.name(accountServe),
		AutomountServiceAccountToken:  &no,
		EnableServiceLinks:            &no, // they would look like settings
		ImagePullSecrets:              r.pullSecrets(),
		SecurityContext:               podSecurity(),
		TerminationGracePeriodSeconds: &grace,
		Containers:                    []corev1.Container{r.serveContainer()},
		Volumes:                       []corev1.Volume{emptyDir(volumeScratch), emptyDir(volumeTmp), tokenVolume()},
	}
}

func (r renderer) serveContainer() corev1.Container {
	s := r.opt.Serve
	args := []string{"serve", fmt.Sprintf("--listen=:%d", s.Port), "--engine=argo", "--source=" + s.Source, "--name=" + r.opt.Name, "--log-format=json"}
	if s.Host != "" {
		args = append(args, "--proxied") // by what serves the Ingress
	}
	// It tells Zulip of runs that failed.
	needs := []string{"serve", "zulip"}
	if isDaily(s.Source) {
		needs = append(needs, "daily")
	}
	c := r.container(args, 0.05, 64, r.serviceSecrets(needs...))
	r.asCLI(c)
	c.Name = accountServe
	c.Resources.Limits[corev1.ResourceMemory] = *resource.NewQuantity(256<<20, resource.BinarySI)
	c.Ports = []corev1.ContainerPort{{Name: portHTTP, ContainerPort: s.Port}}
	c.ReadinessProbe = probe("/readyz", 5, 3)
	c.LivenessProbe = probe("/healthz", 10, 6)
	return *c
}

// probe asks every so many seconds, and gives up after so many failures.
func probe(path string, every, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(portHTTP)}},
		PeriodSeconds: every, TimeoutSeconds: 6, FailureThreshold: failures,
	}
}

// apart puts replicas on different nodes where there are several.
func (r renderer) apart() *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100,
			PodAffinityTerm: corev1.PodAffinityTerm{
				TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: r.serveLabels()},
			},
		}},
	}}
}

// budget keeps a drain from taking all replicas at once.
func (r renderer) budget() policyv1.PodDisruptionBudget {
	one := intstr.FromInt32(1)
	return policyv1.PodDisruptionBudget{
		TypeMeta: typed("policy/v1", "PodDisruptionBudget"), ObjectMeta: r.meta(ServeName(r.opt.Name), nil),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: r.serveLabels()},
		},
	}
}

// serveGrant is what submitting and watching takes, and the Lease of who polls.
func (r renderer) serveGrant() grant {
	const leases = "coordination.k8s.io"
	return grant{accountServe, []rbacv1.PolicyRule{
		{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"}, Verbs: []string{"create", "get", "list", "watch"}},
		{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtemplates"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"list", "watch"}}, // why a pod does not start
		{APIGroups: []string{leases}, Resources: []string{"leases"}, Verbs: []string{"create"}},    // cannot be bound to a name
		{APIGroups: []string{leases}, Resources: []string{"leases"}, ResourceNames: []string{ServeName(r.opt.Name)}, Verbs: []string{"get", "patch"}},
	}}
}

func (r renderer) configDigest() string {
	sum, data := sha256.New(), r.config().Data
	for _, name := range slices.Sorted(maps.Keys(data)) {
		fmt.Fprintf(sum, "%q=%q\n", name, data[name])
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
