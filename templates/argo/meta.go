package argo

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// typed is the kind of an object.
func typed(api, kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: api, Kind: kind} }

// meta is the metadata that every object has.
func (r renderer) meta(name string, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: r.opt.Namespace, Labels: r.labels(), Annotations: annotations}
}

func (r renderer) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       r.opt.Name,
		"app.kubernetes.io/part-of":    "trackscribe",
		"app.kubernetes.io/managed-by": "trackscribe",
	}
}

const (
	argoAPI = "argoproj.io/v1alpha1"
	rbacAPI = "rbac.authorization.k8s.io/v1"
)
