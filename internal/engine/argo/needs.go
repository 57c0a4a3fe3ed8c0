package argo

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/trackscribe/trackscribe/templates/argo"
)

// A Need is something that the pods of a template cannot start without.
type Need struct {
	Kind string // ServiceAccount, ConfigMap, Secret
	Name string
	Keys []string // of a Secret or ConfigMap that must be there
}

// Needs returns what the pods of a template cannot start without, in order.
func Needs(spec wfv1.WorkflowSpec) []Need {
	found := needs{}
	found.account(spec.ServiceAccountName)
	if spec.Executor != nil {
		found.account(spec.Executor.ServiceAccountName)
	}
	for _, v := range spec.Volumes {
		found.volume(v)
	}
	for _, t := range spec.Templates {
		found.account(t.ServiceAccountName)
		if t.Executor != nil {
			found.account(t.Executor.ServiceAccountName)
		}
		for _, v := range t.Volumes {
			found.volume(v)
		}
		if t.Container != nil {
			found.container(*t.Container)
		}
	}
	return found.sorted()
}

// needs are the keys that are needed, by kind and name.
type needs map[[2]string]map[string]bool

func (n needs) add(kind, name string, optional *bool, keys ...string) {
	if name == "" || optional != nil && *optional {
		return
	}
	at := [2]string{kind, name}
	if n[at] == nil {
		n[at] = map[string]bool{}
	}
	for _, k := range keys {
		n[at][k] = true
	}
}

func (n needs) account(name string) { n.add("ServiceAccount", name, nil) }

func (n needs) volume(v corev1.Volume) {
	if s := v.Secret; s != nil {
		n.add("Secret", s.SecretName, s.Optional)
	}
	if c := v.ConfigMap; c != nil {
		n.add("ConfigMap", c.Name, c.Optional)
	}
}

func (n needs) container(c corev1.Container) {
	for _, e := range c.EnvFrom {
		if s := e.SecretRef; s != nil {
			n.add("Secret", s.Name, s.Optional)
		}
		if m := e.ConfigMapRef; m != nil {
			n.add("ConfigMap", m.Name, m.Optional)
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		if s := e.ValueFrom.SecretKeyRef; s != nil {
			n.add("Secret", s.Name, s.Optional, s.Key)
		}
		if m := e.ValueFrom.ConfigMapKeyRef; m != nil {
			n.add("ConfigMap", m.Name, m.Optional, m.Key)
		}
	}
}

func (n needs) sorted() []Need {
	var list []Need
	for _, kind := range []string{"ServiceAccount", "ConfigMap", "Secret"} {
		for _, at := range slices.SortedFunc(maps.Keys(n), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
			if at[0] == kind {
				list = append(list, Need{Kind: kind, Name: at[1], Keys: slices.Sorted(maps.Keys(n[at]))})
			}
		}
	}
	return list
}

// Startable reports whether pods of a template could start, as far as that can
// be seen: whether their service accounts, settings, Secrets and Roles are
// there.
func (k *Kube) Startable(ctx context.Context, spec wfv1.WorkflowSpec) error {
	for _, n := range Needs(spec) {
		if err := k.meets(ctx, n); err != nil {
			return err
		}
	}
	account := spec.ServiceAccountName
	if spec.Executor != nil && spec.Executor.ServiceAccountName != "" {
		account = spec.Executor.ServiceAccountName
	}
	return k.mayReport(ctx, account)
}

// meets reports whether the namespace meets a need. What may not be looked at
// counts as there.
func (k *Kube) meets(ctx context.Context, n Need) error {
	var o struct {
		Data       map[string]any `json:"data"`
		BinaryData map[string]any `json:"binaryData"`
	}
	err := k.api.do(ctx, k.call("get", kinds[rankOfKind(n.Kind)].collection, n.Name), &o)
	switch {
	case errors.Is(err, ErrForbidden):
		return nil
	case errors.Is(err, ErrNotFound):
		return k.lacks(n, "")
	case err != nil:
		return err
	}
	for _, key := range n.Keys {
		if o.Data[key] == nil && o.BinaryData[key] == nil {
			return k.lacks(n, key)
		}
	}
	return nil
}

// mayReport reports whether a service account may tell Argo what its pods did.
// Few people may ask that; then it counts as allowed.
func (k *Kube) mayReport(ctx context.Context, account string) error {
	if account == "" {
		account = "default"
	}
	c := k.call("create", "/apis/authorization.k8s.io/v1/namespaces/%/localsubjectaccessreviews", "")
	c.what, c.method = "access review of service account "+account, http.MethodPost
	c.body = map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview", "metadata": map[string]any{"namespace": k.namespace},
		"spec": map[string]any{
			"user":               "system:serviceaccount:" + k.namespace + ":" + account,
			"resourceAttributes": map[string]any{"namespace": k.namespace, "verb": "create", "group": "argoproj.io", "resource": "workflowtaskresults"},
		},
	}
	var review struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	switch err := k.api.do(ctx, c, &review); {
	case errors.Is(err, ErrForbidden):
		return nil
	case err != nil:
		return err
	case !review.Status.Allowed:
		return &Error{
			Op: "check", What: "service account", Name: account, Kind: ErrNotFound,
			Err:    errors.New("it lacks the Role to create workflowtaskresults; without it Argo is not told what a pod did"),
			Advice: "trackscribe install -n " + k.namespace,
		}
	}
	return nil
}

// lacks says what is missing and how to make it.
func (k *Kube) lacks(n Need, key string) error {
	e := &Error{
		Op: "find", What: n.Kind, Name: n.Name, Kind: ErrNotFound, Err: errors.New("not found; no pod can start without it"),
		Advice: "trackscribe install -n " + k.namespace,
	}
	if key != "" {
		e.Err = errors.New("key " + key + " not found in it; no pod can start without it")
	}
	if n.Kind == "Secret" {
		e.Advice = secretCommand(k.namespace, n)
	}
	return e
}

// secretCommand makes a Secret. Its values are left to whoever knows them.
func secretCommand(namespace string, n Need) string {
	keys := n.Keys
	if len(keys) == 0 {
		keys = []string{argo.SecretAccessKey, argo.SecretSecretKey}
	}
	text := "kubectl -n " + namespace + " create secret generic " + n.Name
	for _, key := range keys {
		text += " --from-literal=" + key + "=…"
	}
	return text
}
