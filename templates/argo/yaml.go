package argo

import (
	"bytes"
	"encoding/json"

	"sigs.k8s.io/yaml"
)

// encode writes an object, or a list of objects as documents of one stream. It
// refuses tags that nothing resolves.
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
	doc, err := tree(v)
	if err != nil {
		return nil, err
	}
	if err := checkTags(doc); err != nil {
		return nil, err
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(b)
}

// tree returns an object as maps and lists, without the noise that Kubernetes'
// types make: empty structs, null times.
func tree(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var doc any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if root, ok := doc.(map[string]any); ok {
		delete(root, "status") // the cluster's to tell
	}
	doc, _ = prune("", doc)
	return doc, nil
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
