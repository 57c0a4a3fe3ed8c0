package process

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// env makes the environment of a pod's main container, as name=value. Secrets
// are no part of what is rendered, so one that is not there is left out.
func (r *Runtime) env(ctx context.Context, p *kubelet.Pod, s *sandbox) ([]string, error) {
	set := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": "/tmp"}
	for _, from := range p.Main.EnvFrom {
		values, err := r.source(ctx, p, from)
		if err != nil {
			return nil, err
		}
		for name, v := range values {
			set[from.Prefix+name] = v
		}
	}
	for _, e := range p.Main.Env {
		if _, ok := r.opt.Env[e.Name]; ok {
			continue
		}
		if e.ValueFrom == nil {
			set[e.Name] = expand(e.Value, set)
			continue
		}
		v, ok, err := r.reference(ctx, p, e)
		if err != nil {
			return nil, fmt.Errorf("environment variable %s: %w", e.Name, err)
		}
		if ok {
			set[e.Name] = v
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if _, ok := r.opt.Env[name]; !ok {
			list = append(list, name+"="+s.translate(set[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.opt.Env)) {
		list = append(list, name+"="+r.opt.Env[name])
	}
	return list, nil
}

// source reads all values of a ConfigMap or Secret.
func (r *Runtime) source(ctx context.Context, p *kubelet.Pod, from corev1.EnvFromSource) (map[string]string, error) {
	if ref := from.ConfigMapRef; ref != nil {
		optional := ref.Optional != nil && *ref.Optional
		return r.configMap(ctx, p, ref.Name, optional)
	}
	if ref := from.SecretRef; ref != nil {
		return r.secret(ctx, p, ref.Name)
	}
	return nil, nil
}

// reference reads the value that a variable refers to.
func (r *Runtime) reference(ctx context.Context, p *kubelet.Pod, e corev1.EnvVar) (string, bool, error) {
	switch from := e.ValueFrom; {
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		optional := ref.Optional != nil && *ref.Optional
		values, err := r.configMap(ctx, p, ref.Name, optional)
		if err != nil {
			return "", false, err
		}
		v, ok := values[ref.Key]
		if !ok && !optional {
			return "", false, fmt.Errorf("ConfigMap %q has no key %q", ref.Name, ref.Key)
		}
		return v, ok, nil
	case from.SecretKeyRef != nil:
		values, err := r.secret(ctx, p, from.SecretKeyRef.Name)
		v, ok := values[from.SecretKeyRef.Key]
		return v, ok, err
	case from.FieldRef != nil:
		fields := map[string]string{
			"metadata.name": p.Object.Name, "metadata.namespace": p.Object.Namespace, "metadata.uid": string(p.Object.UID),
			"spec.serviceAccountName": p.Object.Spec.ServiceAccountName,
		}
		v, ok := fields[from.FieldRef.FieldPath]
		if !ok {
			return "", false, fmt.Errorf("field %q of a pod is not known here", from.FieldRef.FieldPath)
		}
		return v, true, nil
	default:
		return "", false, fmt.Errorf("what it refers to is not known here")
	}
}

func (r *Runtime) configMap(ctx context.Context, p *kubelet.Pod, name string, optional bool) (map[string]string, error) {
	cm, err := r.opt.Kube.CoreV1().ConfigMaps(p.Object.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return cm.Data, nil
}

func (r *Runtime) secret(ctx context.Context, p *kubelet.Pod, name string) (map[string]string, error) {
	s, err := r.opt.Kube.CoreV1().Secrets(p.Object.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for k, v := range s.Data {
		values[k] = string(v)
	}
	maps.Copy(values, s.StringData)
	return values, nil
}

var reference = regexp.MustCompile(`\$\$|\$\([A-Za-z_][A-Za-z0-9_.-]*\)`)

// expand puts in $(NAME) of variables that are set before, as Kubernetes does.
func expand(value string, set map[string]string) string {
	return reference.ReplaceAllStringFunc(value, func(m string) string {
		if m == "$$" {
			return "$"
		}
		if v, ok := set[m[2:len(m)-1]]; ok {
			return v
		}
		return m
	})
}
