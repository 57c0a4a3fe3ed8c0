package argo_test

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// kinds make an object of each kind that is rendered.
var kinds = map[string]func() any{
	"ConfigMap":           func() any { return &corev1.ConfigMap{} },
	"ServiceAccount":      func() any { return &corev1.ServiceAccount{} },
	"Secret":              func() any { return &corev1.Secret{} },
	"Service":             func() any { return &corev1.Service{} },
	"Role":                func() any { return &rbacv1.Role{} },
	"RoleBinding":         func() any { return &rbacv1.RoleBinding{} },
	"WorkflowTemplate":    func() any { return &wfv1.WorkflowTemplate{} },
	"CronWorkflow":        func() any { return &wfv1.CronWorkflow{} },
	"NetworkPolicy":       func() any { return &networkingv1.NetworkPolicy{} },
	"Ingress":             func() any { return &networkingv1.Ingress{} },
	"Deployment":          func() any { return &appsv1.Deployment{} },
	"PodDisruptionBudget": func() any { return &policyv1.PodDisruptionBudget{} },
}

// parsed reads every object strictly, as "Kind/name".
func parsed(t *testing.T, files []argo.File) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, f := range files {
		if f.Name == "kustomization.yaml" {
			continue
		}
		for doc := range bytes.SplitSeq(f.Data, []byte("---\n")) {
			var head struct {
				Kind     string `json:"kind"`
				Metadata struct {
					Name string `json:"name"`
				} `json:"metadata"`
			}
			if err := yaml.Unmarshal(doc, &head); err != nil {
				t.Fatal(err)
			}
			make, ok := kinds[head.Kind]
			if !ok {
				t.Fatalf("%s: kind %q", f.Name, head.Kind)
			}
			o := make()
			if err := yaml.UnmarshalStrict(doc, o); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			all[head.Kind+"/"+head.Metadata.Name] = o
		}
	}
	return all
}

func find[T any](t *testing.T, all map[string]any, name string) T {
	t.Helper()
	var zero T
	o, ok := all[reflect.TypeFor[T]().Elem().Name()+"/"+name].(T)
	if !ok {
		t.Fatalf("there is no %T %q among %v", zero, name, slices.Sorted(maps.Keys(all)))
	}
	return o
}

func served(t *testing.T, change func(*argo.Options)) map[string]any {
	t.Helper()
	o := argo.Options{Store: argo.Store{Location: "s3://b"}, Serve: argo.Serve{Enabled: true}}
	if change != nil {
		change(&o)
	}
	o, err := o.Complete("v1")
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, render(t, pipeline.New(), o))
}

func TestEveryFileIsStrict(t *testing.T) {
	t.Parallel()
	for name, o := range optionSets(t) {
		if all := parsed(t, render(t, pipeline.New(), o)); len(all) < 12 {
			t.Errorf("%s: only %v", name, slices.Sorted(maps.Keys(all)))
		}
	}
}

// TestServeIsOptional renders nothing of it unless it is wanted.
func TestServeIsOptional(t *testing.T) {
	t.Parallel()
	without := served(t, func(o *argo.Options) { o.Serve = argo.Serve{} })
	var more []string
	for key := range served(t, nil) {
		if without[key] == nil {
			more = append(more, key)
		}
	}
	slices.Sort(more)
	want := []string{
		"Deployment/trackscribe-serve", "Role/trackscribe-serve", "RoleBinding/trackscribe-serve",
		"Service/trackscribe-serve", "ServiceAccount/trackscribe-serve",
	}
	if diff := cmp.Diff(want, more); diff != "" {
		t.Error(diff)
	}
}

// TestServeFits follows a request from the Ingress to the container.
func TestServeFits(t *testing.T) {
	t.Parallel()
	all := served(t, func(o *argo.Options) {
		o.Serve.Host, o.Serve.TLSSecret, o.Serve.Replicas, o.Serve.Port, o.NetworkPolicy = "a.example.com", "cert", 3, 9000, true
	})
	backend := find[*networkingv1.Ingress](t, all, "trackscribe-serve").Spec.Rules[0].HTTP.Paths[0].Backend.Service
	service := find[*corev1.Service](t, all, backend.Name)
	if service.Spec.Ports[0].Name != backend.Port.Name {
		t.Errorf("the Service has no port %q", backend.Port.Name)
	}
	d := find[*appsv1.Deployment](t, all, "trackscribe-serve")
	pod := d.Spec.Template
	selects := func(what string, selector map[string]string) {
		for k, v := range selector {
			if pod.Labels[k] != v {
				t.Errorf("the %s does not select the pods: %s=%s", what, k, v)
			}
		}
		// Pods of runs must not get requests.
		spec := find[*wfv1.WorkflowTemplate](t, all, "trackscribe-reprocess").Spec
		if maps.Equal(selector, map[string]string{}) || containsAll(spec.PodMetadata.Labels, selector) {
			t.Errorf("the %s selects pods of runs", what)
		}
	}
	selects("Service", service.Spec.Selector)
	selects("Deployment", d.Spec.Selector.MatchLabels)
	selects("PodDisruptionBudget", find[*policyv1.PodDisruptionBudget](t, all, "trackscribe-serve").Spec.Selector.MatchLabels)
	policy := find[*networkingv1.NetworkPolicy](t, all, "trackscribe-serve").Spec
	selects("NetworkPolicy", policy.PodSelector.MatchLabels)
	c := pod.Spec.Containers[0]
	if got := c.Ports[0]; got.Name != service.Spec.Ports[0].TargetPort.String() || got.ContainerPort != 9000 {
		t.Errorf("port %+v", got)
	}
	if !slices.Contains(c.Args, "--proxied") || slices.Contains(find[*appsv1.Deployment](t, served(t, nil), "trackscribe-serve").Spec.Template.Spec.Containers[0].Args, "--proxied") {
		t.Errorf("a proxy is trusted where there is none, or not where there is one: %q", c.Args)
	}
	if !slices.Contains(c.Args, "--listen=:9000") || policy.Ingress[0].Ports[0].Port.IntVal != 9000 {
		t.Errorf("args %q, policy %+v", c.Args, policy.Ingress)
	}
	if !containsAll(pod.Labels, find[*networkingv1.NetworkPolicy](t, all, "trackscribe-steps").Spec.PodSelector.MatchLabels) {
		t.Error("the policy that lets nothing in does not hold for the serve process")
	}
	if got := find[*corev1.ConfigMap](t, all, "trackscribe-config").Data["UI_BASE_URL"]; got != "https://a.example.com" {
		t.Errorf("links go to %q", got)
	}
	if *d.Spec.Replicas != 3 || pod.Spec.Affinity == nil || d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntVal != 0 {
		t.Errorf("replicas %d, affinity %v, strategy %v", *d.Spec.Replicas, pod.Spec.Affinity, d.Spec.Strategy)
	}
}

func containsAll(labels, some map[string]string) bool {
	for k, v := range some {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// TestServePod has what the process needs, and no more.
func TestServePod(t *testing.T) {
	t.Parallel()
	all := served(t, nil)
	d := find[*appsv1.Deployment](t, all, "trackscribe-serve")
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	if d.Spec.Replicas != nil {
		t.Error("one replica is said, so no autoscaler may own the number")
	}
	secrets := map[string]string{}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		ref := e.ValueFrom.SecretKeyRef
		secrets[e.Name] = ref.Name + "/" + ref.Key
		if optional := ref.Optional != nil && *ref.Optional; optional != (ref.Name == "trackscribe-services") {
			t.Errorf("%s of %s: optional is %v", ref.Key, ref.Name, optional)
		}
	}
	want := map[string]string{"AWS_ACCESS_KEY_ID": "trackscribe-store/access-key", "AWS_SECRET_ACCESS_KEY": "trackscribe-store/secret-key"}
	for _, need := range []string{"serve", "daily", "zulip"} {
		for _, name := range settings.Secrets(need) {
			want[name] = "trackscribe-services/" + name
		}
	}
	if diff := cmp.Diff(want, secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	if *pod.AutomountServiceAccountToken || pod.ServiceAccountName != "trackscribe-serve" || !*pod.SecurityContext.RunAsNonRoot {
		t.Errorf("pod %+v", pod)
	}
	mounts := map[string]bool{}
	for _, v := range pod.Volumes {
		mounts[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		if !mounts[m.Name] {
			t.Errorf("nothing is mounted at %q", m.MountPath)
		}
	}
	if !*c.SecurityContext.ReadOnlyRootFilesystem || c.SecurityContext.Capabilities.Drop[0] != "ALL" || c.Resources.Limits.Memory().String() != "256Mi" {
		t.Errorf("container %+v", c)
	}
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" || *pod.TerminationGracePeriodSeconds != 60 {
		t.Error("probes or grace are not as they should be")
	}
	s3 := find[*appsv1.Deployment](t, served(t, func(o *argo.Options) { o.Serve.Source = "s3://daily/team" }), "trackscribe-serve")
	if text := fmt.Sprint(s3.Spec.Template.Spec.Containers[0].Env); strings.Contains(text, "DAILY_API_KEY") {
		t.Error("who does not ask Daily has its key")
	}
}

// TestServeFollowsSettings replaces pods when what they read has changed.
func TestServeFollowsSettings(t *testing.T) {
	t.Parallel()
	note := func(text string) map[string]string {
		all := served(t, func(o *argo.Options) { o.Settings = map[string]string{"TRACKSCRIBE_NOTE": text} })
		return find[*appsv1.Deployment](t, all, "trackscribe-serve").Spec.Template.Annotations
	}
	if one, two := note("one"), note("two"); maps.Equal(one, two) || !maps.Equal(one, note("one")) {
		t.Errorf("annotations %v and %v", one, two)
	}
}

// TestServeRole may do with Leases what is needed, with its own alone.
func TestServeRole(t *testing.T) {
	t.Parallel()
	all := served(t, func(o *argo.Options) { o.Name = "meetings" })
	rights := map[string][]string{}
	for _, rule := range find[*rbacv1.Role](t, all, "meetings-serve").Rules {
		key := strings.Join(append(rule.Resources, rule.ResourceNames...), "/")
		rights[key] = append(rights[key], rule.Verbs...)
	}
	want := map[string][]string{
		"workflows": {"create", "get", "list", "watch"}, "workflowtemplates": {"get"}, "events": {"list", "watch"},
		"leases": {"create"}, "leases/" + argo.ServeName("meetings"): {"get", "patch"},
	}
	if diff := cmp.Diff(want, rights); diff != "" {
		t.Error(diff)
	}
	if got := find[*rbacv1.RoleBinding](t, all, "meetings-serve").Subjects[0].Name; got != find[*appsv1.Deployment](t, all, "meetings-serve").Spec.Template.Spec.ServiceAccountName {
		t.Errorf("the Role is %q's", got)
	}
}

func TestBadServeOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*argo.Serve)
		say    string
	}{
		"not wanted":    {func(s *argo.Serve) { s.Enabled, s.Host = false, "a.example.com" }, "not wanted"},
		"replicas":      {func(s *argo.Serve) { s.Replicas = -1 }, "replicas"},
		"root's port":   {func(s *argo.Serve) { s.Port = 80 }, "port"},
		"no port":       {func(s *argo.Serve) { s.Port = 70000 }, "port"},
		"source":        {func(s *argo.Serve) { s.Source = "./meetings" }, "source"},
		"URL":           {func(s *argo.Serve) { s.Host = "https://a.example.com" }, "host"},
		"no domain":     {func(s *argo.Serve) { s.Host = "meetings" }, "host"},
		"TLS, no host":  {func(s *argo.Serve) { s.TLSSecret = "cert" }, "no host"},
		"note, no host": {func(s *argo.Serve) { s.Annotations = map[string]string{"a": "b"} }, "no host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := argo.Options{Store: argo.Store{Location: "s3://b"}, Serve: argo.Serve{Enabled: true}}
			c.change(&o.Serve)
			if _, err := o.Complete("v1"); err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("error %v, want one that tells of %q", err, c.say)
			}
		})
	}
}
