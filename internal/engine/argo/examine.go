package argo

import (
	"context"
	"net/http"
	"strings"
)

// Version says which Kubernetes this is, and which Argo as far as that can be
// seen. It fails where there is no Argo Workflows.
func (k *Kube) Version(ctx context.Context) (string, error) {
	var kube struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := k.api.do(ctx, call{verb: "ask for", what: "version", path: "/version"}, &kube); err != nil {
		return "", err
	}
	if err := k.CheckInstalled(ctx); err != nil {
		return "", err
	}
	// Where the controller is not seen, that is no failure: few people may look.
	var list struct {
		Items []struct {
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Image string `json:"image"`
						} `json:"containers"`
					} `json:"spec"`
				} `json:"template"`
			} `json:"spec"`
		} `json:"items"`
	}
	argo := "Argo Workflows of a version that cannot be seen from here"
	c := call{verb: "list", what: "deployment", path: "/apis/apps/v1/deployments", query: map[string][]string{"fieldSelector": {"metadata.name=workflow-controller"}}}
	if err := k.api.do(ctx, c, &list); err == nil && len(list.Items) > 0 {
		for _, at := range list.Items[0].Spec.Template.Spec.Containers {
			if _, tag, ok := strings.Cut(at.Image[strings.LastIndex(at.Image, "/")+1:], ":"); ok {
				argo = "Argo Workflows " + tag
			}
		}
	}
	return "Kubernetes " + kube.GitVersion + ", " + argo, nil
}

// Version says which Argo this is.
func (s *Server) Version(ctx context.Context) (string, error) {
	var v struct {
		Version string `json:"version"`
	}
	if err := s.api.do(ctx, call{verb: "ask for", what: "version", path: "/api/v1/version"}, &v); err != nil {
		return "", err
	}
	return "Argo Server " + v.Version, nil
}

// rights are what commands do in a run's namespace.
var rights = []struct{ group, resource, verbs, command string }{
	{"argoproj.io", "workflows", "create get list watch patch delete", ""},
	{"argoproj.io", "workflowtemplates", "get", ""},
	{"", "pods", "list delete", "retry"},
	{"", "pods/log", "get", "logs"},
	{"", "events", "watch", "watch"},
}

// A Right is something that may be done to the objects of a kind.
type Right struct {
	Verb, Resource string
	Command        string // that alone needs it; empty: nothing goes without it
}

// Lacks lists what the caller may not do and the commands for runs do.
func (k *Kube) Lacks(ctx context.Context) (missing []Right, err error) {
	for _, r := range rights {
		for verb := range strings.FieldsSeq(r.verbs) {
			resource, sub, _ := strings.Cut(r.resource, "/")
			c := call{verb: "create", what: "access review", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", method: http.MethodPost, body: map[string]any{
				"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
				"spec": map[string]any{"resourceAttributes": map[string]any{
					"namespace": k.namespace, "verb": verb, "group": r.group, "resource": resource, "subresource": sub,
				}},
			}}
			var review struct {
				Status struct {
					Allowed bool `json:"allowed"`
				} `json:"status"`
			}
			if err := k.api.do(ctx, c, &review); err != nil {
				return nil, err
			}
			if !review.Status.Allowed {
				missing = append(missing, Right{verb, r.resource, r.command})
			}
		}
	}
	return missing, nil
}
