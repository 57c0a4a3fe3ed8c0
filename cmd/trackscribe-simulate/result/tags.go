package result

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// tagStart begins one of Argo's tags. A tag that nothing was put in for stays
// as it is, and Argo does not mind.
const tagStart = "{{"

// tags finds the tags that survived anywhere in pods, nodes and outputs.
func tags(o *cluster.Outcome) []string {
	found := map[string]int{}
	for _, p := range o.Pods {
		for _, f := range podTags(p.Pod) {
			found[fmt.Sprintf("template %q: %s", p.Pod.Template.Name, f)]++
		}
	}
	for _, n := range o.Workflow.Status.Nodes {
		for _, f := range nodeTags(n) {
			found[fmt.Sprintf("node of template %q: %s", n.TemplateName, f)]++
		}
	}
	for _, f := range walk("outputs", asJSON(o.Workflow.Status.Outputs)) {
		found["workflow: "+f]++
	}
	var list []string
	for _, f := range slices.Sorted(maps.Keys(found)) {
		if n := found[f]; n > 1 {
			f += fmt.Sprintf(" (%d times)", n)
		}
		list = append(list, "a tag was not resolved: "+f)
	}
	return list
}

func podTags(p *kubelet.Pod) []string {
	pod := p.Object.DeepCopy()
	for i, c := range pod.Spec.InitContainers {
		for j, e := range c.Env {
			if e.Name == common.EnvVarTemplate {
				pod.Spec.InitContainers[i].Env[j].Value = "" // looked at below, as far as it matters
			}
		}
	}
	var list []string
	for _, c := range pod.Spec.Containers {
		list = append(list, walk(c.Name, asJSON(c))...)
	}
	pod.Spec.Containers = nil
	list = append(list, walk("spec", asJSON(pod.Spec))...)
	list = append(list, walk("labels", asJSON(pod.Labels))...)
	list = append(list, walk("annotations", asJSON(pod.Annotations))...)
	t := p.Template
	list = append(list, walk("inputs", asJSON(t.Inputs))...)
	list = append(list, walk("outputs", asJSON(t.Outputs))...)
	if t.Script != nil {
		list = append(list, walk("script", t.Script.Source)...)
	}
	return list
}

func nodeTags(n wfv1.NodeStatus) []string {
	list := walk("name", n.Name)
	list = append(list, walk("displayName", n.DisplayName)...)
	list = append(list, walk("inputs", asJSON(n.Inputs))...)
	return append(list, walk("outputs", asJSON(n.Outputs))...)
}

// walk finds the strings with a tag in them, and says where they are.
func walk(at string, v any) []string {
	var list []string
	switch v := v.(type) {
	case string:
		if strings.Contains(v, tagStart) {
			list = append(list, fmt.Sprintf("%s is %q", at, v))
		}
	case []any:
		for i, e := range v {
			list = append(list, walk(fmt.Sprintf("%s[%d]", at, i), e)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, walk(at+"."+name, v[name])...)
		}
	}
	return list
}

func asJSON(v any) any {
	var out any
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("result: %v", err)) // what came from the API is JSON
	}
	return out
}
