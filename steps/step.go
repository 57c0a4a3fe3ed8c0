package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An Input is one file that a step reads. Open may be called more than once;
// what it returns checks the file's sha256 when read to its end.
type Input struct {
	Name      string
	Track     int // index of the track it belongs to; -1 when to none
	Size      int64
	SHA256    string
	MediaType string
	Open      func(context.Context) (io.ReadCloser, error)
}

// Decode reads the whole file as a JSON document.
func (in Input) Decode(ctx context.Context, v any) error {
	r, err := in.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return Bad("", "read document %q: %w", in.Name, err)
	}
	return nil
}

// An Output is one file that a step wrote into its scratch folder. One without
// a path was not made this time.
type Output struct{ Path string }

// A Job is what a running step knows of its circumstances, and how it reports
// back. Its methods may be called from several goroutines only where they say
// so.
type Job struct {
	Recording string
	Run       string
	Track     int    // index of the track to work on; -1 when not in a fan-out
	Scratch   string // folder of its own, removed afterwards
	// Missing tells, by optional input port, why it is not there.
	Missing map[string]string
	// Progress reports the fraction done, 0 to 1. It may be called from any
	// goroutine and costs nothing to call often.
	Progress func(fraction float64)
	// Parts keeps finished pieces of long work, so that the next attempt goes on
	// where this one ends. They belong to the task's cache key: other inputs or
	// parameters have other parts. It may be used from any goroutine.
	Parts Documents

	report Report
}

// Documents keeps JSON documents under names of a step's own, such as
// "chunk-3".
type Documents interface {
	// Load reads a document; ok is false when there is none.
	Load(ctx context.Context, name string, v any) (ok bool, err error)
	// Save writes a document, whole or not at all.
	Save(ctx context.Context, name string, v any) error
}

// noDocuments is for jobs whose maker keeps none.
type noDocuments struct{}

func (noDocuments) Load(context.Context, string, any) (bool, error) { return false, nil }
func (noDocuments) Save(context.Context, string, any) error         { return nil }

// A Report is what a step tells beside its outputs.
type Report struct {
	Engine   string   // what did the work: a model, a server, "lexical"
	Usage    Usage    // what it used up
	Warnings []string // what people should know; no names, no secrets
}

// Usage is what a step consumed of things that cost money.
type Usage struct {
	AudioSeconds float64 `json:"audioSeconds,omitempty"`
	TokensIn     int     `json:"tokensIn,omitempty"`
	TokensOut    int     `json:"tokensOut,omitempty"`
	Calls        int     `json:"calls,omitempty"`
	Bytes        int64   `json:"bytes,omitempty"` // sent
}

// Plus returns the sum of two usages.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		AudioSeconds: u.AudioSeconds + v.AudioSeconds,
		TokensIn:     u.TokensIn + v.TokensIn,
		TokensOut:    u.TokensOut + v.TokensOut,
		Calls:        u.Calls + v.Calls,
		Bytes:        u.Bytes + v.Bytes,
	}
}

// Path returns where the output file of that name goes.
func (j *Job) Path(name string) string { return filepath.Join(j.Scratch, name) }

// Used records what did the work and what it consumed.
func (j *Job) Used(engine string, u Usage) { j.report.Engine, j.report.Usage = engine, u }

// Warn adds a line that people should see.
func (j *Job) Warn(format string, args ...any) {
	j.report.Warnings = append(j.report.Warnings, fmt.Sprintf(format, args...))
}

// A Step is a spec with the function behind it.
type Step struct {
	Spec
	// Basis names what else equal inputs and parameters depend on, such as the
	// digest of a prompt; it is part of the cache key. Nil: nothing.
	Basis func(params map[string]string) (string, error)

	run func(ctx context.Context, job *Job, given Given) ([]Made, error)
}

// Given holds a step's inputs and parameters as the runner found them.
type Given struct {
	Inputs map[string][]Input // by port, in track order
	Params map[string]string
}

// Made is one file that a step wrote.
type Made struct {
	Port      string
	Index     int // track index for an output that is one file per track, else -1
	Name      string
	Path      string // in the scratch folder
	MediaType string
}

// New makes a step of a declared spec and a typed function. I and O must be the
// types the spec was declared with.
func New[I, O any](spec Spec, fn func(context.Context, *Job, I) (O, error)) Step {
	return Step{Spec: spec, run: func(ctx context.Context, job *Job, given Given) ([]Made, error) {
		var in I
		if err := bind(ctx, spec, reflect.ValueOf(&in).Elem(), given); err != nil {
			return nil, err
		}
		out, err := fn(ctx, job, in)
		if err != nil {
			return nil, err
		}
		return collect(job, spec, reflect.ValueOf(out))
	}}
}

// Run does the step's work on what it was given. A panic in the step becomes a
// permanent failure: it would happen again.
func (s Step) Run(ctx context.Context, job *Job, given Given) (made []Made, report Report, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Bad("this is a bug in trackscribe: please report it", "step %q panicked: %v", s.Name, r)
		}
	}()
	if job.Progress == nil {
		job.Progress = func(float64) {}
	}
	if job.Parts == nil {
		job.Parts = noDocuments{}
	}
	made, err = s.run(ctx, job, given)
	return made, job.report, err
}

func bind(ctx context.Context, spec Spec, in reflect.Value, given Given) error {
	for i := range in.NumField() {
		f, v := in.Type().Field(i), in.Field(i)
		if name, ok := f.Tag.Lookup("param"); ok {
			if err := setParam(v, given.Params[name]); err != nil {
				return Wrong("see: trackscribe steps", "parameter %q of step %q: %w", name, spec.Name, err)
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("in"), ",")
		port, _ := spec.Input(name)
		if err := bindPort(ctx, v, port, given.Inputs[name]); err != nil {
			return fmt.Errorf("input %q of step %q: %w", name, spec.Name, err)
		}
	}
	return nil
}

func bindPort(ctx context.Context, v reflect.Value, port Port, files []Input) error {
	if port.Each {
		list := reflect.MakeSlice(v.Type(), len(files), len(files))
		for i, f := range files {
			if err := bindFile(ctx, list.Index(i), f); err != nil {
				return err
			}
		}
		v.Set(list)
		return nil
	}
	switch {
	case len(files) == 0 && port.Optional:
		return nil
	case len(files) != 1:
		return Wrong("", "want one file, have %d", len(files))
	case port.Optional:
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	return bindFile(ctx, v, files[0])
}

func bindFile(ctx context.Context, v reflect.Value, f Input) error {
	if v.Type() == inputType {
		v.Set(reflect.ValueOf(f))
		return nil
	}
	return f.Decode(ctx, v.Addr().Interface())
}

func setParam(v reflect.Value, s string) (err error) {
	switch v.Kind() {
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(s, 10, 64)
		v.SetInt(n)
	case reflect.Float64:
		var x float64
		x, err = strconv.ParseFloat(s, 64)
		v.SetFloat(x)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(s)
		v.SetBool(b)
	default:
		v.SetString(s)
	}
	if err != nil {
		return fmt.Errorf("%q is no %s", s, v.Kind())
	}
	return nil
}

// CheckParam reports whether value suits the parameter.
func (p Param) CheckParam(value string) error {
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(p.Enum, ", "))
	}
	kinds := map[string]reflect.Type{"int": reflect.TypeFor[int](), "float": reflect.TypeFor[float64](), "bool": reflect.TypeFor[bool](), "string": reflect.TypeFor[string]()}
	return setParam(reflect.New(kinds[p.Kind]).Elem(), value)
}

func collect(job *Job, spec Spec, out reflect.Value) ([]Made, error) {
	var made []Made
	for i, port := range spec.Outputs {
		v := out.Field(i)
		if !port.Each {
			m, err := write(job, port, -1, port.File, v)
			if err != nil {
				return nil, err
			}
			if m.Path != "" {
				made = append(made, m)
			}
			continue
		}
		for k := range v.Len() {
			ext := filepath.Ext(port.File)
			name := fmt.Sprintf("%s.%d%s", strings.TrimSuffix(port.File, ext), k, ext)
			m, err := write(job, port, k, name, v.Index(k))
			if err != nil {
				return nil, err
			}
			made = append(made, m)
		}
	}
	return made, nil
}

func write(job *Job, port Port, index int, name string, v reflect.Value) (Made, error) {
	m := Made{Port: port.Name, Index: index, Name: name, MediaType: port.MediaType}
	if o, ok := v.Interface().(Output); ok {
		m.Path = o.Path
		return m, nil
	}
	b, err := json.MarshalIndent(v.Interface(), "", " ")
	if err != nil {
		return m, fmt.Errorf("encode %q: %w", name, err)
	}
	m.Path = job.Path(name)
	return m, os.WriteFile(m.Path, append(b, '\n'), 0o600)
}
