package kubeapi

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	jsonpatch "github.com/evanphx/json-patch"
	"sigs.k8s.io/yaml"
)

// Content types of patches.
const (
	jsonPatch  = "application/json-patch+json"
	applyPatch = "application/apply-patch+yaml"
)

// fresh refuses a document that was made from an older version than old, if it
// says from which.
func fresh(old, doc document) error {
	if v := text(metadata(doc), "resourceVersion"); v != "" && v != text(metadata(old), "resourceVersion") {
		return &apiError{http.StatusConflict, "Conflict", "the object has been modified; please apply your changes to the latest version and try again"}
	}
	return nil
}

// patch applies a patch to old. A strategic merge patch is taken for a merge
// patch: they differ in lists that are merged by a key, and nobody here sends
// such.
func patch(old document, contentType string, body []byte) (document, error) {
	before, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	var after []byte
	if contentType == jsonPatch {
		p, err := jsonpatch.DecodePatch(body)
		if err == nil {
			after, err = p.Apply(before)
		}
		if err != nil {
			return nil, &apiError{http.StatusUnprocessableEntity, "Invalid", err.Error()}
		}
	} else {
		after, err = jsonpatch.MergePatch(before, body)
		if err != nil {
			return nil, &apiError{http.StatusBadRequest, "BadRequest", err.Error()}
		}
	}
	return decode(after)
}

// part keeps of a changed document what the request may change: the status
// through its subresource, everything else without.
func (r *request) part(old, doc document) document {
	if !r.resource.status {
		return doc
	}
	from, status := doc, old
	if r.sub == "status" {
		from, status = old, doc
	}
	from = maps.Clone(from)
	if v, ok := status["status"]; ok {
		from["status"] = v
	} else {
		delete(from, "status")
	}
	return from
}

// apply is server-side apply without ownership of fields: what is there is
// merged with what is applied, and nothing is ever taken away.
func (s *Server) apply(r *request, body []byte) (*object, int, error) {
	body, err := yaml.YAMLToJSON(body)
	if err != nil {
		return nil, 0, &apiError{http.StatusBadRequest, "BadRequest", err.Error()}
	}
	o, err := s.store.update(r.resource, r.key, func(old document) (document, error) {
		doc, err := patch(old, "", body)
		if err != nil {
			return nil, err
		}
		return r.part(old, doc), nil
	})
	var refused *apiError
	if !errors.As(err, &refused) || refused.code != http.StatusNotFound {
		return o, http.StatusOK, err
	}
	doc, err := decode(body)
	if err != nil {
		return nil, 0, err
	}
	metadata(doc)["name"] = r.key.name
	o, err = s.store.create(r.resource, r.key.namespace, doc)
	return o, http.StatusCreated, err
}
