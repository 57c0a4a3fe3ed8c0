package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// items is what is known of the list that a fan-out runs over.
type items struct {
	call  *call
	known bool            // the list stands in the manifest
	keys  map[string]bool // keys that every item has; nil when items are no mappings
}

func itemsOf(t *tmpl, c *call) *items {
	list := c.withItems
	switch {
	case c.withSequence != nil:
		return &items{call: c, known: true}
	case c.withParam != "":
		text, ok := literalParam(t, c.withParam)
		if !ok || json.Unmarshal([]byte(text), &list) != nil {
			return &items{call: c}
		}
	}
	it := &items{call: c, known: len(list) > 0}
	for i, item := range list {
		if hasTag(item.String()) || item.GetType() == wfv1.List {
			return &items{call: c}
		}
		var keys map[string]bool
		if item.GetType() == wfv1.Map {
			keys = map[string]bool{}
			for k := range item.GetMapVal() {
				keys[k] = i == 0 || it.keys[k]
			}
			maps.DeleteFunc(keys, func(_ string, everywhere bool) bool { return !everywhere })
		}
		it.keys = keys
	}
	return it
}

// literalParam returns the text of a value that stands in the manifest: as it
// is, or as the default of the one parameter that it names.
func literalParam(t *tmpl, value string) (string, bool) {
	if !hasTag(value) {
		return value, true
	}
	tags, _ := scan(value)
	if len(tags) != 1 || tags[0].expression || strings.TrimSpace(value) != value[tags[0].start:tags[0].end] {
		return "", false
	}
	if name, ok := strings.CutPrefix(tags[0].name(), "workflow.parameters."); ok {
		return literalValue(t.obj.params[name])
	}
	if name, ok := strings.CutPrefix(tags[0].name(), "inputs.parameters."); ok {
		for _, p := range t.Inputs.Parameters {
			if p.Name == name {
				return literalValue(p)
			}
		}
	}
	return "", false
}

func literalValue(p wfv1.Parameter) (string, bool) {
	v := p.GetValue()
	return v, v != "" && !hasTag(v)
}

func (it *items) without(key string) string {
	if len(it.keys) == 0 {
		return fmt.Sprintf("the items have no key %q", key)
	}
	return fmt.Sprintf("the items have no key %q, but %s", key, strings.Join(slices.Sorted(maps.Keys(it.keys)), ", "))
}
