package argo

import (
	"fmt"
	"regexp"
	"slices"
)

var tag = regexp.MustCompile(`\{\{.*?\}\}`)

// globals are tags that resolve anywhere; parameters of the workflow, inputs
// and tasks are looked up.
var globals = []string{"{{workflow.status}}", "{{item}}"}

// checkTags makes sure that nothing reaches a container that Argo would leave
// as it stands: every tag of a document is a simple one, and what it names is
// there.
func checkTags(doc any) error {
	known := slices.Clone(globals)
	collect(doc, &known)
	for _, found := range tag.FindAllString(fmt.Sprint(doc), -1) {
		if !slices.Contains(known, found) {
			return fmt.Errorf("nothing resolves %s", found)
		}
	}
	return nil
}

// collect adds the tags that a document defines: parameters of the workflow and
// of templates, and outputs of tasks, which are called like their templates.
func collect(doc any, known *[]string) {
	spec := get(doc, "spec")
	for _, p := range list(get(spec, "arguments", "parameters")) {
		*known = append(*known, fmt.Sprintf("{{workflow.parameters.%v}}", get(p, "name")))
	}
	for _, t := range list(get(spec, "templates")) {
		for _, p := range list(get(t, "inputs", "parameters")) {
			*known = append(*known, fmt.Sprintf("{{inputs.parameters.%v}}", get(p, "name")))
		}
		for _, p := range list(get(t, "outputs", "parameters")) {
			*known = append(*known, fmt.Sprintf("{{tasks.%v.outputs.parameters.%v}}", get(t, "name"), get(p, "name")))
		}
	}
}

func get(v any, keys ...string) any {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}
