package argo

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// networkPolicies let nothing in, but for requests to the serve process. What
// pods reach is their business: the store, the Kubernetes API, services whose
// addresses no policy can name.
func (r renderer) networkPolicies() []any {
	list := []any{r.networkPolicy()}
	if r.opt.Serve.Enabled {
		list = append(list, r.serveNetworkPolicy())
	}
	return list
}

func (r renderer) networkPolicy() networkingv1.NetworkPolicy {
	return networkingv1.NetworkPolicy{
		TypeMeta: typed("networking.k8s.io/v1", "NetworkPolicy"), ObjectMeta: r.meta(r.name("steps"), nil),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: r.labels()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		},
	}
}

// serveNetworkPolicy adds to the other: of several policies each may let in.
func (r renderer) serveNetworkPolicy() networkingv1.NetworkPolicy {
	port := intstr.FromInt32(r.opt.Serve.Port)
	return networkingv1.NetworkPolicy{
		TypeMeta: typed("networking.k8s.io/v1", "NetworkPolicy"), ObjectMeta: r.meta(ServeName(r.opt.Name), nil),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: r.serveLabels()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{{Port: &port}}}},
		},
	}
}
