package argo

import (
	corev1 "k8s.io/api/core/v1"
)

// User is who runs in our containers; Argo's own non-root user has the same
// number.
const User int64 = 8737

const (
	volumeScratch = "scratch"
	volumeTmp     = "tmp"
)

func emptyDir(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
}

func podSecurity() *corev1.PodSecurityContext {
	yes, user := true, User
	return &corev1.PodSecurityContext{
		RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, FSGroup: &user,
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

func containerSecurity() *corev1.SecurityContext {
	yes, no := true, false
	return &corev1.SecurityContext{
		RunAsNonRoot: &yes, ReadOnlyRootFilesystem: &yes, AllowPrivilegeEscalation: &no,
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// executorPatch gives Argo's own containers the same manners: what the
// controller's configuration leaves open is said here.
const executorPatch = `{"initContainers":[{"name":"init",` + executorManners + `}],"containers":[{"name":"wait",` + executorManners + `}]}`

const executorManners = `"resources":{"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"memory":"256Mi"}},` +
	`"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}`
