package argo

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	volumeToken = "token"
	pathToken   = "/var/run/secrets/kubernetes.io/serviceaccount" // where every client looks
)

// startingDeadline is how late a firing may still happen.
const startingDeadline = 10 * time.Minute

// tokenVolume is what Kubernetes mounts by itself where that is not switched
// off: a token that expires, the cluster's certificate, the namespace.
func tokenVolume() corev1.Volume {
	expires := int64(3600)
	return corev1.Volume{Name: volumeToken, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &expires}},
		{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
		}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
			{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}},
		}}},
	}}}}
}
