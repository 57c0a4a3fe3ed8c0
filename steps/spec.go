// Package steps is the contract between the pipeline's work and whatever
// drives it. A step is a function from typed inputs to typed outputs; its
// ports and parameters are declared once, as tagged fields of its input and
// output types, and everything else (the runner, the renderers, the docs)
// derives from that declaration.
//
// Nothing here knows an engine, a store, a command line or Kubernetes, and
// nothing here or in a step reads the environment or the clock. What a step
// needs of the outside world it takes as a small interface of its own.
package steps

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// A Spec is what a step promises: its name and version, what it reads, what it
// writes, what it needs. Inputs, Outputs and Params come from the step's types
// (see [Declare]).
type Spec struct {
	Name    string // kebab-case, a DNS-1123 label
	Version string // changes whenever equal inputs may give different outputs
	Summary string // one line: what the step does
	Inputs  []Port
	Outputs []Port
	Params  []Param
	Needs   []Need // what it needs of the outside

	// Check reports what is wrong with parameters, each of which is right by
	// itself, but not together. Nil: nothing ever is.
	Check func(params map[string]string) error `json:"-"`

	// Volatile marks a step that reads the outside world or publishes to it:
	// its work is never taken from the cache of an earlier run.
	Volatile bool
	// SideEffect marks a step that acts on other people's systems. It is never
	// cached, and its failure never turns a finished run into a failed one.
	SideEffect bool
}

// A Port is one named input or output.
type Port struct {
	Name      string
	Doc       string
	Type      string // the document's Go type, or [Bytes]
	File      string // outputs: the file's name
	MediaType string // outputs
	// Each marks an output that is one file per track and thereby the list to
	// fan out over, or an input that collects one file from every track.
	Each     bool
	Optional bool // inputs: the step does without it
	Show     bool // outputs: worth a person's look while the run goes on
}

// Bytes is the type of a port that is an opaque stream.
const Bytes = "bytes"

// A Param is a setting that changes the step's result; it is part of the cache
// key.
type Param struct {
	Name    string
	Doc     string
	Kind    string // string, int, float, bool
	Default string
	Enum    []string // the values there are; empty: any of the kind
}

// A Need is something of the outside world, for the step table and, under
// Kubernetes, for what a pod is given: the secrets of the settings that belong
// to the need.
type Need struct {
	Name string // "source", "speech-model", "store", …
	Doc  string
}

var (
	inputType  = reflect.TypeFor[Input]()
	outputType = reflect.TypeFor[Output]()
	kebab      = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// Declare completes a spec from the step's input type I and output type O. It
// panics on a declaration that makes no sense: that is a mistake in the code,
// found by the first test that loads the package.
//
// Fields of I:
//
//	Audio   steps.Input      `in:"audio" doc:"…"`          one file, streamed
//	Who     artifact.X       `in:"participants"`           one JSON document
//	Title   *artifact.Title  `in:"title"`                  optional document
//	Picture *steps.Input     `in:"picture"`                optional file
//	Words   []artifact.Y     `in:"words,each"`             one document per track, in track order
//	Lang    string           `param:"language" default:"en" enum:"en,fr"`
//
// Fields of O:
//
//	Mix    steps.Output      `out:"audio" file:"audio.webm" media:"audio/webm"`
//	Peaks  artifact.Peaks    `out:"peaks" file:"peaks.json"`
//	Tracks []artifact.Track  `out:"tracks,each" file:"track.json"` one file per track
//	Page   steps.Output      `out:"page" file:"page.html" media:"text/html" show:"true"` for people
func Declare[I, O any](s Spec) Spec {
	if !kebab.MatchString(s.Name) || s.Version == "" || s.Summary == "" {
		panic(fmt.Sprintf("steps: spec %q: a kebab-case name, a version and a summary are needed", s.Name))
	}
	for f := range fields[I]() {
		if name, ok := f.Tag.Lookup("param"); ok {
			s.Params = append(s.Params, Param{Name: name, Doc: f.Tag.Get("doc"), Kind: paramKind(s.Name, f), Default: f.Tag.Get("default"), Enum: enum(f)})
			continue
		}
		s.Inputs = append(s.Inputs, inputPort(s.Name, f))
	}
	for f := range fields[O]() {
		s.Outputs = append(s.Outputs, outputPort(s.Name, f))
	}
	return s
}

// Input returns the input port of that name.
func (s Spec) Input(name string) (Port, bool) { return find(s.Inputs, name) }

// Output returns the output port of that name.
func (s Spec) Output(name string) (Port, bool) { return find(s.Outputs, name) }

func find(ports []Port, name string) (Port, bool) {
	for _, p := range ports {
		if p.Name == name {
			return p, true
		}
	}
	return Port{}, false
}

func fields[T any]() func(func(reflect.StructField) bool) {
	t := reflect.TypeFor[T]()
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func tag(step string, f reflect.StructField, key string) (name string, each bool) {
	v, ok := f.Tag.Lookup(key)
	if !ok {
		panic(fmt.Sprintf("steps: %s: field %s has no %q tag", step, f.Name, key))
	}
	name, opt, _ := strings.Cut(v, ",")
	if !kebab.MatchString(name) || opt != "" && opt != "each" {
		panic(fmt.Sprintf("steps: %s: field %s: bad tag %q", step, f.Name, v))
	}
	return name, opt == "each"
}

func inputPort(step string, f reflect.StructField) Port {
	name, each := tag(step, f, "in")
	t := f.Type
	p := Port{Name: name, Doc: f.Tag.Get("doc"), Each: each}
	switch {
	case each && t.Kind() == reflect.Slice:
		t = t.Elem()
	case each:
		panic(fmt.Sprintf("steps: %s: input %q collects tracks, so its field must be a slice", step, name))
	case t.Kind() == reflect.Pointer:
		p.Optional = true
		t = t.Elem()
	}
	p.Type = typeName(t, inputType)
	return p
}

func outputPort(step string, f reflect.StructField) Port {
	name, each := tag(step, f, "out")
	t := f.Type
	p := Port{Name: name, Doc: f.Tag.Get("doc"), Each: each, File: f.Tag.Get("file"), MediaType: f.Tag.Get("media"), Show: f.Tag.Get("show") == "true"}
	if each {
		if t.Kind() != reflect.Slice {
			panic(fmt.Sprintf("steps: %s: output %q is one file per track, so its field must be a slice", step, name))
		}
		t = t.Elem()
	}
	p.Type = typeName(t, outputType)
	if p.MediaType == "" && p.Type != Bytes {
		p.MediaType = "application/json"
	}
	if p.File == "" || p.MediaType == "" {
		panic(fmt.Sprintf("steps: %s: output %q needs a file name and a media type", step, name))
	}
	return p
}

func typeName(t, stream reflect.Type) string {
	if t == stream {
		return Bytes
	}
	return t.String()
}

func enum(f reflect.StructField) []string {
	if v := f.Tag.Get("enum"); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func paramKind(step string, f reflect.StructField) string {
	switch f.Type.Kind() {
	case reflect.String:
		return "string"
	case reflect.Int:
		return "int"
	case reflect.Float64:
		return "float"
	case reflect.Bool:
		return "bool"
	default:
		panic(fmt.Sprintf("steps: %s: parameter field %s has type %s", step, f.Name, f.Type))
	}
}
