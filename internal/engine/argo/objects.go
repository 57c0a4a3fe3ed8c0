package argo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/trackscribe/trackscribe/templates/argo"
)

// An Object is one rendered object, ready to be applied.
type Object struct {
	Kind   string
	Name   string
	Fields map[string]any
}

func (o Object) String() string { return strings.ToLower(o.Kind) + "/" + o.Name }

// kinds are the kinds of objects that are installed, in the order in which they
// need each other, with the collections they live in.
var kinds = []struct{ kind, collection string }{
	{"ServiceAccount", "/api/v1/namespaces/%/serviceaccounts"},
	{"Secret", "/api/v1/namespaces/%/secrets"},
	{"Role", "/apis/rbac.authorization.k8s.io/v1/namespaces/%/roles"},
	{"RoleBinding", "/apis/rbac.authorization.k8s.io/v1/namespaces/%/rolebindings"},
	{"ConfigMap", "/api/v1/namespaces/%/configmaps"},
	{"NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/%/networkpolicies"},
	{"WorkflowTemplate", templates},
	{"CronWorkflow", argoAPI + "/namespaces/%/cronworkflows"},
	{"PodDisruptionBudget", "/apis/policy/v1/namespaces/%/poddisruptionbudgets"},
	{"Deployment", "/apis/apps/v1/namespaces/%/deployments"},
	{"Service", "/api/v1/namespaces/%/services"},
	{"Ingress", "/apis/networking.k8s.io/v1/namespaces/%/ingresses"},
}

func rankOfKind(kind string) int {
	for i, k := range kinds {
		if k.kind == kind {
			return i
		}
	}
	return -1
}

// Objects reads rendered files. What only a renderer's tools read, such as a
// kustomization, is left out.
func Objects(files []argo.File) ([]Object, error) {
	var list []Object
	for _, f := range files {
		for doc := range bytes.SplitSeq(f.Data, []byte("\n---")) {
			var fields map[string]any
			if err := yaml.Unmarshal(doc, &fields); err != nil {
				return nil, fmt.Errorf("read %q: %w", f.Name, err)
			}
			o := Object{Fields: fields}
			o.Kind, _ = fields["kind"].(string)
			meta, _ := fields["metadata"].(map[string]any)
			o.Name, _ = meta["name"].(string)
			if o.Kind == "Kustomization" || len(fields) == 0 {
				continue
			}
			if rankOfKind(o.Kind) < 0 || o.Name == "" {
				return nil, fmt.Errorf("read %q: kind %q is not one that is installed, or it has no name", f.Name, o.Kind)
			}
			delete(meta, "namespace") // it goes where the cluster's namespace is
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b Object) int { return rankOfKind(a.Kind) - rankOfKind(b.Kind) })
	return list, nil
}

func (k *Kube) object(verb string, o Object) call {
	c := k.call(verb, kinds[rankOfKind(o.Kind)].collection, o.Name)
	c.what = strings.ToLower(o.Kind)
	return c
}

// Live returns an object as the cluster has it, or nil when it has none.
func (k *Kube) Live(ctx context.Context, o Object) (map[string]any, error) {
	var live map[string]any
	err := k.api.do(ctx, k.object("get", o), &live)
	if errors.Is(err, ErrNotFound) && !errors.Is(err, ErrNotInstalled) {
		return nil, nil
	}
	return live, err
}

// ApplyOptions say how objects are applied.
type ApplyOptions struct {
	DryRun bool // the server checks and answers, and changes nothing
	Force  bool // take over fields that others manage
}

// Apply applies an object from the server's side and returns what came of it.
// Fields that others manage are not touched: that is an ErrConflict which says
// which, unless Force is set or the other is an earlier trackscribe.
func (k *Kube) Apply(ctx context.Context, o Object, opt ApplyOptions) (map[string]any, error) {
	c := k.object("apply", o)
	c.method, c.body, c.media = http.MethodPatch, o.Fields, "application/apply-patch+yaml"
	c.query = url.Values{"fieldManager": {argo.FieldManager}}
	if opt.DryRun {
		c.query.Set("dryRun", "All")
	}
	if opt.Force {
		c.query.Set("force", "true")
	}
	var out map[string]any
	err := k.api.do(ctx, c, &out)
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) == 0 || opt.Force {
		return out, err
	}
	if !slices.ContainsFunc(e.Fields, func(f Owned) bool { return f.Manager != argo.FieldManager }) {
		opt.Force = true
		return k.Apply(ctx, o, opt)
	}
	var owned []string
	for _, f := range e.Fields {
		owned = append(owned, fmt.Sprintf("%s (%s)", f.Field, f.Manager))
	}
	e.Kind, e.Err = ErrConflict, fmt.Errorf("others manage %s", strings.Join(owned, ", "))
	e.Advice = "see: trackscribe diff; to take these fields over: trackscribe install --force-conflicts"
	return out, err
}

// CheckInstalled reports whether the cluster has Argo Workflows at all.
func (k *Kube) CheckInstalled(ctx context.Context) error {
	c := k.call("look for", argoAPI, "")
	c.what, c.path = "Argo Workflows", argoAPI
	return k.api.do(ctx, c, nil)
}

// Normal returns an object without what servers add to it, so that two can be
// compared.
func Normal(o map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range o {
		// What is in a Secret is nobody's business, and not ours either: the one
		// that is installed is filled in by Kubernetes.
		if key != "status" && (key != "data" || o["kind"] != "Secret") {
			out[key] = v
		}
	}
	if meta, ok := o["metadata"].(map[string]any); ok {
		kept := map[string]any{}
		for key, v := range meta {
			switch key {
			case "managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink":
			default:
				kept[key] = v
			}
		}
		out["metadata"] = kept
	}
	return out
}
