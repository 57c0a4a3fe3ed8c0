package argo

import (
	"bytes"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// encode writes an object, or a list of objects as documents of one stream,
// without the noise that Kubernetes' types make: empty structs, null times.
func encode(v any) ([]byte, error) {
	if list, ok := v.([]any); ok {
		var docs [][]byte
		for _, item := range list {
			doc, err := encode(item)
			if err != nil {
				return nil, err
			}
			docs = append(docs, doc)
		}
		return bytes.Join(docs, []byte("---\n")), nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	if root, ok := tree.(map[string]any); ok {
		delete(root, "status") // the cluster's to tell
	}
	tree, _ = prune("", tree)
	if b, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(b)
}

// meaningful are keys whose empty value says something.
var meaningful = map[string]bool{"emptyDir": true, "none": true, "podSelector": true, "steps": true, "value": true}

// prune removes what is empty from maps, however deep, and says whether
// anything is left.
func prune(key string, v any) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case string:
		return v, v != "" || meaningful[key]
	case []any:
		if meaningful[key] {
			return v, true
		}
		kept := []any{}
		for _, item := range v {
			p, _ := prune(key, item)
			kept = append(kept, p)
		}
		return kept, len(kept) > 0
	case map[string]any:
		for k, item := range v {
			p, ok := prune(k, item)
			if ok {
				v[k] = p
			} else {
				delete(v, k)
			}
		}
		return v, len(v) > 0 || meaningful[key]
	default:
		return v, true
	}
}

// parse reads rendered documents back, for checks.
func parse(data []byte) ([]any, error) {
	var list []any
	for doc := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var v any
		if err := yaml.Unmarshal(doc, &v); err != nil {
			return nil, fmt.Errorf("read back: %w", err)
		}
		list = append(list, v)
	}
	return list, nil
}
