package argo

import (
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/trackscribe/trackscribe/internal/settings"
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
	if s := r.opt.Serve; s.TLSSecret != "" {
		data["UI_BASE_URL"] = "https://" + s.Host
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

// serviceSecrets gives a pod the keys of the services that it needs. One that is
// not there is not given: the program says what it misses.
func (r renderer) serviceSecrets(needs ...string) []corev1.EnvVar {
	var list []corev1.EnvVar
	var names []string
	for _, need := range needs {
		names = append(names, settings.Secrets(need)...)
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
