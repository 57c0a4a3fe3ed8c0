package cluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubeapi"
	"github.com/trackscribe/trackscribe/steps"
)

// imageEntrypoint stands for the command of an image that a template does not
// name. The real controller asks the image's registry.
const imageEntrypoint = "/image-entrypoint"

// Loaded is what [Read] found to run.
type Loaded struct {
	Templates []wfv1.WorkflowTemplate
	Workflows []wfv1.Workflow

	objects []object
}

// object is one object as it goes to the API server.
type object struct {
	plural     string
	namespaced bool
	name       string
	apiVersion string
	doc        map[string]any
}

// A File is a YAML or JSON file of objects.
type File struct {
	Name string
	Data []byte
}

// Read reads objects. What the simulated cluster has no use for is left out;
// of templates and workflows every field must be known.
func Read(files ...File) (Loaded, error) {
	var l Loaded
	for _, f := range files {
		docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(f.Data)))
		for {
			b, err := docs.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = l.add(b)
			}
			if err != nil {
				return l, steps.Wrong("it must hold Kubernetes objects as YAML or JSON", "read %q: %w", f.Name, err)
			}
		}
	}
	return l, nil
}

func (l *Loaded) add(b []byte) error {
	var doc map[string]any
	if err := yaml.UnmarshalStrict(b, &doc); err != nil || len(doc) == 0 {
		return err
	}
	kind, _ := doc["kind"].(string)
	apiVersion, _ := doc["apiVersion"].(string)
	if kind == "" || apiVersion == "" {
		return errors.New("an object has no kind or no apiVersion")
	}
	plural, namespaced, ok := kubeapi.Resource(apiVersion, kind)
	if !ok {
		return nil
	}
	fillCommands(doc["spec"])
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	switch kind {
	case "Workflow":
		var w wfv1.Workflow
		if err := yaml.UnmarshalStrict(b, &w); err != nil {
			return err
		}
		l.Workflows = append(l.Workflows, w)
		return nil // it is created when it runs
	case "WorkflowTemplate":
		var t wfv1.WorkflowTemplate
		if err := yaml.UnmarshalStrict(b, &t); err != nil {
			return err
		}
		l.Templates = append(l.Templates, t)
	}
	meta, _ := doc["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	if name == "" {
		return fmt.Errorf("a %s has no name", kind)
	}
	l.objects = append(l.objects, object{plural: plural, namespaced: namespaced, name: name, apiVersion: apiVersion, doc: doc})
	return nil
}

// fillCommands gives every container without a command one.
func fillCommands(spec any) {
	m, _ := spec.(map[string]any)
	list, _ := m["templates"].([]any)
	for _, t := range list {
		t, _ := t.(map[string]any)
		if c, ok := t["container"].(map[string]any); ok && c["command"] == nil {
			c["command"] = []any{imageEntrypoint}
		}
	}
}

// Template returns the template of that name, or the only one.
func (l Loaded) Template(name string) (wfv1.WorkflowTemplate, error) {
	var names []string
	for _, t := range l.Templates {
		if t.Name == name || name == "" && len(l.Templates) == 1 {
			return t, nil
		}
		names = append(names, t.Name)
	}
	slices.Sort(names)
	if name == "" {
		return wfv1.WorkflowTemplate{}, steps.Wrong("name one with --template", "there are %d WorkflowTemplates to choose from: %v", len(names), names)
	}
	return wfv1.WorkflowTemplate{}, steps.Wrong(fmt.Sprintf("there are: %v", names), "there is no WorkflowTemplate %q", name)
}

// Load puts the objects into a namespace of the cluster, whatever namespace
// they are written for.
func (c *Cluster) Load(ctx context.Context, namespace string, l Loaded) error {
	for _, o := range l.objects {
		path := "/apis/" + o.apiVersion
		if o.apiVersion == "v1" {
			path = "/api/v1"
		}
		if o.namespaced {
			path += "/namespaces/" + namespace
		}
		b, err := json.Marshal(o.doc)
		if err != nil {
			return err
		}
		err = c.kube.Discovery().RESTClient().Post().AbsPath(path, o.plural).Body(b).Do(ctx).Error()
		if apierrors.IsAlreadyExists(err) && !o.namespaced {
			continue // several namespaces share it
		}
		if err != nil {
			return fmt.Errorf("load %s %q: %w", o.plural, o.name, err)
		}
	}
	if n := len(l.Templates); n > 0 {
		return c.Known(ctx, namespace, l.Templates[n-1].Name)
	}
	return nil
}

// Known waits until the controller knows the template, and with it all that
// were created before. A Workflow that refers to one that it has not heard of
// fails at once. That it knows can only be told by trying.
func (c *Cluster) Known(ctx context.Context, namespace, template string) error {
	workflows := c.argo.ArgoprojV1alpha1().Workflows(namespace)
	suspended := true
	for {
		probe, err := workflows.Create(ctx, &wfv1.Workflow{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "probe-"},
			Spec:       wfv1.WorkflowSpec{WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: template}, Suspend: &suspended},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("probe for WorkflowTemplate %q: %w", template, err)
		}
		for s := range c.follow(ctx, namespace, probe.Name) {
			if probe, err = decode(s.JSON); err != nil || probe.Status.Phase != wfv1.WorkflowUnknown {
				break
			}
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = workflows.Delete(ctx, probe.Name, metav1.DeleteOptions{})
		}
		if err != nil || !strings.Contains(probe.Status.Message, "not found") {
			return err
		}
	}
}
