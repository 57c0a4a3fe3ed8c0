package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	kjson "sigs.k8s.io/json"
)

var (
	unknownField = &Rule{
		ID: "unknown-field", Class: Mistake,
		What: "A field does not exist in Argo 3.7; the cluster ignores it without a word.",
		Fix:  "mend the field's name, or put it where it belongs",
	}
	badValue = &Rule{
		ID: "bad-value", Class: Mistake,
		What: "A value is not of the field's type.",
		Fix:  "give the field a value of its type",
	}
)

// decode reads the typed object, strictly. It says false for kinds that are
// none of ours.
func (l *linter) decode(o *object) bool {
	if newTyped(o.kind) == nil {
		return false
	}
	o.specAt = o.at.key("spec")
	if o.kind == "CronWorkflow" {
		o.specAt = o.specAt.key("workflowSpec")
	}
	l.stepFields(o)
	// A bad value is taken out and named, so that the rest is still checked.
	const most = 20
	for range most {
		into := newTyped(o.kind)
		strict, err := decodeStrict(o.tree, into)
		if err == nil {
			l.unknownFields(o, o.at, strict)
			o.setTyped(into)
			return true
		}
		at := narrow(o.tree, func(part any) bool { _, err := decodeStrict(part, newTyped(o.kind)); return err != nil })
		l.report(o, badValue, o.at.join(at), decodeText(err), asText(err))
		if at == "" {
			break
		}
		drop(o.tree, at)
	}
	return false
}

// asText offers quotes where YAML made something else of a text.
func asText(err error) option {
	return func(f *Finding) {
		switch text := err.Error(); {
		case !strings.Contains(text, "of type string"):
		case strings.Contains(text, "cannot unmarshal bool"):
			f.Fix = "put it into quotes: YAML reads y, n, yes, no, on and off as true or false"
		case strings.Contains(text, "cannot unmarshal number"):
			f.Fix = "put it into quotes"
		}
	}
}

func newTyped(kind string) any {
	switch kind {
	case "Workflow":
		return &wfv1.Workflow{}
	case "WorkflowTemplate":
		return &wfv1.WorkflowTemplate{}
	case "ClusterWorkflowTemplate":
		return &wfv1.ClusterWorkflowTemplate{}
	case "CronWorkflow":
		return &wfv1.CronWorkflow{}
	default:
		return nil
	}
}

func decodeStrict(tree, into any) (strict []error, err error) {
	b, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	err = guard(func() error {
		strict, err = kjson.UnmarshalStrict(b, into, kjson.DisallowUnknownFields)
		return err
	})
	return strict, err
}

// decodeText keeps of a decoder's message what is about the value.
func decodeText(err error) string {
	text := firstLine(err.Error())
	text = strings.TrimPrefix(text, "json: ")
	if before, after, ok := strings.Cut(text, "Go struct field "); ok {
		_, kind, _ := strings.Cut(after, " of type ")
		text = before + "a field of type " + kind
	}
	return text
}

func (l *linter) unknownFields(o *object, base path, strict []error) {
	for _, e := range strict {
		var f kjson.FieldError
		if !errors.As(e, &f) {
			continue
		}
		at := base.join(path(f.FieldPath()))
		l.report(o, unknownField, at, fmt.Sprintf("field %q does not exist", at.last()), likely(at.last(), fieldNames()))
	}
}

// stepFields decodes every step by itself, because Argo's type for a group of
// steps is strict about some fields in its own way and about others not at
// all. Unknown ones are taken out.
func (l *linter) stepFields(o *object) {
	templates, _ := o.lookup(o.specAt.key("templates")).([]any)
	for t := range templates {
		at := o.specAt.key("templates").index(t).key("steps")
		groups, _ := o.lookup(at).([]any)
		for g, group := range groups {
			list, _ := group.([]any)
			for s, step := range list {
				strict, _ := decodeStrict(step, &wfv1.WorkflowStep{}) // a bad value is found with the whole
				l.unknownFields(o, at.index(g).index(s), strict)
				for _, e := range strict {
					var f kjson.FieldError
					if m, ok := step.(map[string]any); ok && errors.As(e, &f) {
						delete(m, f.FieldPath())
					}
				}
			}
		}
	}
}

// fieldNames are the names of all fields that Argo's objects have.
var fieldNames = sync.OnceValue(func() []string {
	names, seen := map[string]bool{}, map[reflect.Type]bool{}
	var collect func(t reflect.Type)
	collect = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				names[name] = true
			}
			collect(f.Type)
		}
	}
	for _, kind := range []string{"Workflow", "WorkflowTemplate", "CronWorkflow"} {
		collect(reflect.TypeOf(newTyped(kind)))
	}
	return slices.Sorted(maps.Keys(names))
})

// narrow finds the smallest part of a tree that fails by itself.
func narrow(tree any, fails func(part any) bool) path {
	switch t := tree.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(t)) {
			alone := func(part any) bool { return fails(map[string]any{k: part}) }
			if alone(t[k]) {
				return path("").key(k).join(narrow(t[k], alone))
			}
		}
	case []any:
		for i, v := range t {
			alone := func(part any) bool { return fails([]any{part}) }
			if alone(v) {
				return path("").index(i).join(narrow(v, alone))
			}
		}
	}
	return ""
}

// drop takes a field out of a tree.
func drop(tree any, at path) {
	step, isIndex, rest := at.next()
	switch t := tree.(type) {
	case map[string]any:
		if rest == "" {
			delete(t, step)
			return
		}
		drop(t[step], rest)
	case []any:
		i, err := strconv.Atoi(step)
		switch {
		case err != nil || !isIndex || i >= len(t):
		case rest == "":
			t[i] = nil
		default:
			drop(t[i], rest)
		}
	}
}
