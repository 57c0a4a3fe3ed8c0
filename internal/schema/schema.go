// Package schema gives every document of package artifact its JSON Schema
// (draft 2020-12), made from the Go types, and checks documents against it.
//
// The files in docs/schema are for other programs: strict on what must be
// there, open to fields that come later, for consumers ignore what they do not
// know. CheckOwn is the closed form, for this repository's own output. The
// package is for tests and tools: nothing at run time depends on it.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

//go:generate env UPDATE_GOLDEN=1 go test . -run TestFilesAreCurrent

const (
	module = "github.com/trackscribe/trackscribe"
	draft  = "https://json-schema.org/draft/2020-12/schema"
	// common holds for every document.
	common = "Times are seconds from the recording's start; speakers are participant ids. Ignore fields that are not described here."
)

// A Document is one kind of JSON file that Trackscribe writes, or reads from
// others.
type Document struct {
	Name   string // "transcript": the schema is docs/schema/transcript.schema.json
	Result bool   // part of a result, for other programs; else it passes between steps, or comes from others
	Type   reflect.Type
}

// Documents lists every kind of document: a result's files first, then the
// ones between steps, in the order of the pipeline, then what others write.
func Documents() []Document {
	return []Document{
		{"result", true, reflect.TypeFor[artifact.Result]()},
		{"transcript", true, reflect.TypeFor[artifact.Transcript]()},
		{"topics", true, reflect.TypeFor[artifact.Topics]()},
		{"waveform", true, reflect.TypeFor[artifact.Waveform]()},
		{"cleanup-consent", true, reflect.TypeFor[artifact.Cleanup]()},
		{"post-zulip", true, reflect.TypeFor[artifact.Post]()},
		{"send-webhook", true, reflect.TypeFor[artifact.Deliveries]()},

		{"recording", false, reflect.TypeFor[artifact.Recording]()},
		{"participants", false, reflect.TypeFor[artifact.Participants]()},
		{"timeline", false, reflect.TypeFor[artifact.Timeline]()},
		{"words", false, reflect.TypeFor[artifact.TrackWords]()},
		{"title", false, reflect.TypeFor[artifact.Title]()},
		{"summary", false, reflect.TypeFor[artifact.Summary]()},
		{"peaks", false, reflect.TypeFor[artifact.Peaks]()},

		{"consent", false, reflect.TypeFor[artifact.ConsentDecisions]()},
	}
}

// Lookup finds the document of that name.
func Lookup(name string) (Document, error) {
	for _, d := range Documents() {
		if d.Name == name {
			return d, nil
		}
	}
	return Document{}, fmt.Errorf("look up schema %q: no such document", name)
}

// ID is the schema's identifier; nothing is fetched from there.
func (d Document) ID() string {
	return "https://" + module + "/docs/schema/" + d.Name + ".schema.json"
}

// File returns the bytes of docs/schema/<name>.schema.json. Descriptions are
// the Go comments, read from the source folder of package artifact, which must
// be given relative to internal/schema and from there.
func File(d Document, source string) ([]byte, error) {
	r := jsonschema.Reflector{}
	if err := r.AddGoComments(module+"/internal/schema", source, jsonschema.WithFullComment()); err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	s := reflectOpen(&r, d)
	s.Description += " " + common
	forEachSchema(s, func(s *jsonschema.Schema) { s.Description = strings.Join(strings.Fields(s.Description), " ") })

	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return out.Bytes(), nil
}

func reflectOpen(r *jsonschema.Reflector, d Document) *jsonschema.Schema {
	r.AllowAdditionalProperties = true
	return reflectDocument(r, d)
}

func reflectClosed(d Document) *jsonschema.Schema {
	return reflectDocument(&jsonschema.Reflector{}, d)
}

func reflectDocument(r *jsonschema.Reflector, d Document) *jsonschema.Schema {
	r.Anonymous = true // the identifier below, not one made from import paths
	r.ExpandedStruct = true
	s := r.ReflectFromType(d.Type)
	s.Version = draft
	s.ID = jsonschema.ID(d.ID())
	s.Title = d.Name + ".json"
	constrain(d.Type.Name(), s)
	for name, def := range s.Definitions {
		constrain(name, def)
	}
	return s
}

// forEachSchema visits the root, its definitions and all their fields.
func forEachSchema(s *jsonschema.Schema, visit func(*jsonschema.Schema)) {
	visit(s)
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		visit(p.Value)
	}
	for _, def := range s.Definitions {
		forEachSchema(def, visit)
	}
}
