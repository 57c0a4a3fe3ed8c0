package argo

import (
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// config holds the settings that are no secret, as environment of every pod.
func (r renderer) config() corev1.ConfigMap {
	data := map[string]string{
		"TRACKSCRIBE_STORE":         r.opt.Store.Location,
		"TRACKSCRIBE_S3_REGION":     r.opt.Store.Region,
		"TRACKSCRIBE_S3_PATH_STYLE": strconv.FormatBool(r.opt.Store.pathStyle()),
	}
	if r.opt.Store.Endpoint != "" {
		data["TRACKSCRIBE_S3_ENDPOINT"] = r.opt.Store.Endpoint
	}
	maps.Copy(data, r.opt.Settings)
	return corev1.ConfigMap{TypeMeta: typed("v1", "ConfigMap"), ObjectMeta: r.meta(r.name("config"), nil), Data: data}
}

// storeSecrets gives a pod the store's credentials, when they are in a Secret.
func (r renderer) storeSecrets() []corev1.EnvVar {
	if r.opt.Store.Credentials != CredentialsSecret {
		return nil
	}
	return []corev1.EnvVar{
		{Name: "AWS_ACCESS_KEY_ID", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: r.secret(SecretAccessKey)}},
		{Name: "AWS_SECRET_ACCESS_KEY", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: r.secret(SecretSecretKey)}},
	}
}

// serviceSecrets gives a pod the keys of the services that its steps need. One
// that is not there is not given: the step says what it misses.
func (r renderer) serviceSecrets(u graph.Unit) []corev1.EnvVar {
	var list []corev1.EnvVar
	var names []string
	for _, n := range u.Nodes {
		for _, need := range n.Step.Needs {
			names = append(names, settings.Secrets(need.Name)...)
		}
	}
	slices.Sort(names)
	optional := true
	for _, name := range slices.Compact(names) {
		list = append(list, corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: r.opt.Services}, Key: name, Optional: &optional,
		}}})
	}
	return list
}

func (r renderer) secret(key string) *corev1.SecretKeySelector {
	return &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: r.opt.Store.Secret}, Key: key}
}

// networkPolicy lets nothing in. What pods reach is their business: the store,
// the Kubernetes API, services whose addresses no policy can name.
func (r renderer) networkPolicy() networkingv1.NetworkPolicy {
	return networkingv1.NetworkPolicy{
		TypeMeta: typed("networking.k8s.io/v1", "NetworkPolicy"), ObjectMeta: r.meta(r.name("steps"), nil),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: r.labels()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		},
	}
}
