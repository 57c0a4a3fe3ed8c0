package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

func TestSamplesAreValid(t *testing.T) {
	t.Parallel()
	for _, d := range Documents() {
		for _, sample := range []any{full()[d.Name], empty()[d.Name]} {
			text := encode(t, sample)
			if err := CheckOwn(d.Name, text); err != nil {
				t.Errorf("%s refused: %v\n%s", d.Name, err, text)
			}
			if err := checkFile(t, d, text); err != nil {
				t.Errorf("%s refused by the file in docs/schema: %v\n%s", d.Name, err, text)
			}
		}
	}
}

// Every required field of every object is taken away, set to null and given a
// wrong type in turn, and the file in docs/schema must refuse each.
func TestBrokenDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	for _, d := range Documents() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			text := encode(t, full()[d.Name])
			broken := 0
			for _, f := range fieldsOf(d.Type) {
				for _, how := range []string{"remove", "null", "wrong type"} {
					refused := checkFile(t, d, breakAt(t, text, f.path, how)) != nil
					if want := how != "remove" || !f.optional; refused != want {
						t.Errorf("%s of %s: refused %v, want %v", how, strings.Join(f.path, "."), refused, want)
					}
					broken++
				}
			}
			if broken < 6 {
				t.Errorf("only %d ways to break it were tried", broken)
			}
		})
	}
}

func TestUnknownFields(t *testing.T) {
	t.Parallel()
	for _, d := range Documents() {
		text := bytes.Replace(encode(t, full()[d.Name]), []byte("{"), []byte(`{"later":1,`), 1)
		if err := Check(d.Name, text); err != nil {
			t.Errorf("%s: an unknown field is refused: %v", d.Name, err)
		}
		if err := checkFile(t, d, text); err != nil {
			t.Errorf("%s: an unknown field is refused by the file: %v", d.Name, err)
		}
		if CheckOwn(d.Name, text) == nil {
			t.Errorf("%s: an unknown field of our own goes unnoticed", d.Name)
		}
	}
}

// A list that was never made would be null in JSON; consumers want [].
func TestNilListsAreRefused(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"result":     artifact.Result{},
		"transcript": artifact.Transcript{},
		"topics":     artifact.Topics{},
		"waveform":   artifact.Waveform{Step: 0.02},
		"recording":  artifact.Recording{},
		"title":      artifact.Title{},
		"summary":    artifact.Summary{Kind: "summary"},
		"peaks":      artifact.Peaks{Step: 0.02},
	} {
		if Check(name, encode(t, value)) == nil {
			t.Errorf("%s: null lists are accepted", name)
		}
	}
}

func TestValuesOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new string }{
		{"transcript", `"probability":0.9`, `"probability":1.1`},
		{"transcript", `"start":1`, `"start":-1`},
		{"transcript", `"track":0`, `"track":0.5`},
		{"result", digest, "abc"},
		{"result", "2025-11-24T10:30:00Z", "yesterday"},
		{"summary", `"kind":"highlights"`, `"kind":"poem"`},
		{"waveform", `[0,`, `[`},
		{"peaks", `AAEC`, `not base64!`},
		{"peaks", `"step":0.02`, `"step":0`},
	}
	for _, tt := range tests {
		good := encode(t, full()[tt.name])
		bad := bytes.Replace(good, []byte(tt.old), []byte(tt.new), 1)
		if bytes.Equal(good, bad) {
			t.Errorf("%s holds no %s", tt.name, tt.old)
		}
		if Check(tt.name, bad) == nil {
			t.Errorf("%s accepted with %s", tt.name, tt.new)
		}
	}
}

func TestNotADocument(t *testing.T) {
	t.Parallel()
	if Check("poem", []byte("{}")) == nil || CheckOwn("poem", []byte("{}")) == nil {
		t.Error("a document nobody knows is accepted")
	}
	for _, text := range []string{"", "[]", "null", `{"engine":`, `"topics"`} {
		if Check("topics", []byte(text)) == nil {
			t.Errorf("%q accepted", text)
		}
	}
}

func checkFile(t *testing.T, d Document, document []byte) error {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "schema", d.Name+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return checkText(d.ID(), text, document)
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A field is one field of a document, found at path; lists are entered at
// their first value.
type field struct {
	path     []string
	optional bool // omitempty in the Go type
}

func fieldsOf(t reflect.Type, path ...string) []field {
	var fields []field
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		p := append(slices.Clone(path), name)
		fields = append(fields, field{p, option == "omitempty"})
		switch {
		case f.Type.Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(f.Type, p...)...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(f.Type.Elem(), append(p, "0")...)...)
		}
	}
	return fields
}

func breakAt(t *testing.T, text []byte, path []string, how string) []byte {
	t.Helper()
	root := decode(t, text)
	at := root
	for _, name := range path[:len(path)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[name]
		case []any:
			at = v[0]
		}
	}
	object, last := at.(map[string]any), path[len(path)-1]
	switch how {
	case "remove":
		delete(object, last)
	case "null":
		object[last] = nil
	default:
		object[last] = []any{true} // no field is a list of booleans
	}
	return encode(t, root)
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(fmt.Errorf("decode sample: %w", err))
	}
	return v
}
