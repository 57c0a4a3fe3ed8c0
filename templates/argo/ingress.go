package argo

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// service is where the serve process is found in the cluster.
func (r renderer) service() corev1.Service {
	return corev1.Service{
		TypeMeta: typed("v1", "Service"), ObjectMeta: r.meta(ServeName(r.opt.Name), nil),
		Spec: corev1.ServiceSpec{
			Selector: r.serveLabels(),
			Ports:    []corev1.ServicePort{{Name: portHTTP, Port: 80, TargetPort: intstr.FromString(portHTTP)}},
		},
	}
}

// ingress is where it is found from outside.
func (r renderer) ingress() networkingv1.Ingress {
	s, name := r.opt.Serve, ServeName(r.opt.Name)
	prefix := networkingv1.PathTypePrefix
	in := networkingv1.Ingress{
		TypeMeta: typed("networking.k8s.io/v1", "Ingress"), ObjectMeta: r.meta(name, s.Annotations),
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: s.Host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", PathType: &prefix,
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
					Name: name, Port: networkingv1.ServiceBackendPort{Name: portHTTP},
				}},
			}}}},
		}}},
	}
	if s.IngressClass != "" {
		in.Spec.IngressClassName = &s.IngressClass
	}
	if s.TLSSecret != "" {
		in.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{s.Host}, SecretName: s.TLSSecret}}
	}
	return in
}
