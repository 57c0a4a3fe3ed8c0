package steps_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/steps"
)

type (
	doc struct {
		N int `json:"n"`
	}
	in struct {
		One   doc          `in:"one"`
		Maybe *doc         `in:"maybe"`
		All   []doc        `in:"all,each"`
		Bytes *steps.Input `in:"bytes"`
		Loud  bool         `param:"loud" default:"false"`
		Times int          `param:"times" default:"2"`
	}
	out struct {
		Sum   doc          `out:"sum" file:"sum.json"`
		Parts []doc        `out:"parts,each" file:"part.json"`
		Note  steps.Output `out:"note" file:"note.txt" media:"text/plain"`
	}
)

var spec = steps.Declare[in, out](steps.Spec{Name: "add-up", Version: "1", Summary: "test"})

// adder adds up its inputs; it writes a note only when it is told to be loud.
func adder() steps.Step {
	return steps.New(spec, func(_ context.Context, job *steps.Job, in in) (out, error) {
		o := out{Sum: doc{in.One.N * in.Times}}
		if in.Maybe != nil {
			o.Sum.N += in.Maybe.N
		}
		for _, d := range in.All {
			o.Sum.N += d.N
			o.Parts = append(o.Parts, d)
		}
		if in.Loud {
			o.Note.Path = job.Path("note.txt")
			return o, os.WriteFile(o.Note.Path, []byte("loud"), 0o600)
		}
		return o, nil
	})
}

func file(content string) steps.Input {
	return steps.Input{Name: "x.json", Track: -1, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

func TestDeclare(t *testing.T) {
	t.Parallel()
	if p, _ := spec.Input("maybe"); !p.Optional || p.Each || p.Type != "steps_test.doc" {
		t.Errorf("maybe: %+v", p)
	}
	if p, _ := spec.Input("all"); p.Optional || !p.Each {
		t.Errorf("all: %+v", p)
	}
	if p, _ := spec.Input("bytes"); p.Type != steps.Bytes || !p.Optional {
		t.Errorf("bytes: %+v", p)
	}
	if p, _ := spec.Output("parts"); !p.Each || p.MediaType != "application/json" {
		t.Errorf("parts: %+v", p)
	}
	if len(spec.Params) != 2 || spec.Params[1].Kind != "int" || spec.Params[1].CheckParam("x") == nil || spec.Params[1].CheckParam("3") != nil {
		t.Errorf("parameters: %+v", spec.Params)
	}
}

func TestDeclareRefusesNonsense(t *testing.T) {
	t.Parallel()
	named := steps.Spec{Name: "x", Version: "1", Summary: "test"}
	for name, declare := range map[string]func(){
		"no name": func() { steps.Declare[in, out](steps.Spec{}) },
		"no tag":  func() { steps.Declare[struct{ A doc }, out](named) },
		"no file name": func() {
			steps.Declare[in, struct {
				A doc `out:"a"`
			}](named)
		},
		"each, no slice": func() {
			steps.Declare[struct {
				A doc `in:"a,each"`
			}, out](named)
		},
		"odd parameter": func() {
			steps.Declare[struct {
				A []int `param:"a"`
			}, out](named)
		},
		"name not kebab": func() {
			steps.Declare[struct {
				A doc `in:"A_b"`
			}, out](named)
		},
		"no media for it": func() {
			steps.Declare[in, struct {
				A steps.Output `out:"a" file:"a"`
			}](named)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: declared without a panic", name)
				}
			}()
			declare()
		}()
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	job := &steps.Job{Scratch: t.TempDir(), Track: -1}
	made, _, err := adder().Run(t.Context(), job, steps.Given{
		Inputs: map[string][]steps.Input{"one": {file(`{"n":1}`)}, "all": {file(`{"n":10}`), file(`{"n":20}`)}},
		Params: map[string]string{"loud": "true", "times": "3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, m := range made {
		b, err := os.ReadFile(m.Path)
		if err != nil {
			t.Fatal(err)
		}
		got += fmt.Sprintf("%s[%d] %s: %s\n", m.Port, m.Index, m.Name, bytes.Join(bytes.Fields(b), nil))
	}
	want := "sum[-1] sum.json: {\"n\":33}\nparts[0] part.0.json: {\"n\":10}\nparts[1] part.1.json: {\"n\":20}\nnote[-1] note.txt: loud\n"
	if got != want {
		t.Errorf("made\n%swant\n%s", got, want)
	}
}

func TestRunRefusesBadInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given steps.Given
		class steps.Class
	}{
		"missing input":  {steps.Given{Params: map[string]string{"loud": "false", "times": "1"}}, steps.Misuse},
		"bad parameter":  {steps.Given{Inputs: map[string][]steps.Input{"one": {file(`{}`)}}, Params: map[string]string{"loud": "perhaps", "times": "1"}}, steps.Misuse},
		"bad document":   {steps.Given{Inputs: map[string][]steps.Input{"one": {file(`{`)}}, Params: map[string]string{"loud": "false", "times": "1"}}, steps.Permanent},
		"one too many":   {steps.Given{Inputs: map[string][]steps.Input{"one": {file(`{}`), file(`{}`)}}, Params: map[string]string{"loud": "false", "times": "1"}}, steps.Misuse},
		"missing number": {steps.Given{Inputs: map[string][]steps.Input{"one": {file(`{}`)}}, Params: map[string]string{"loud": "false"}}, steps.Misuse},
	} {
		_, _, err := adder().Run(t.Context(), &steps.Job{Scratch: t.TempDir()}, c.given)
		if err == nil || steps.Classify(err) != c.class {
			t.Errorf("%s: error %v, want class %s", name, err, c.class)
		}
	}
}

type permanent struct{ error }

func (permanent) Permanent() bool { return true }

func TestClassifyAndHint(t *testing.T) {
	t.Parallel()
	bad := steps.Bad("do this", "broken %q", "x")
	for _, c := range []struct {
		err   error
		class steps.Class
		hint  string
	}{
		{bad, steps.Permanent, "do this"},
		{fmt.Errorf("around it: %w", bad), steps.Permanent, "do this"},
		{errors.Join(errors.New("first"), bad), steps.Permanent, "do this"},
		{steps.Wrong("", "no"), steps.Misuse, ""},
		{permanent{errors.New("x")}, steps.Permanent, ""},
		{context.DeadlineExceeded, steps.Transient, ""},
		{fs.ErrNotExist, steps.Transient, ""},
	} {
		if got := steps.Classify(c.err); got != c.class {
			t.Errorf("class of %v is %s, want %s", c.err, got, c.class)
		}
		if got := steps.Hint(c.err); got != c.hint {
			t.Errorf("hint of %v is %q, want %q", c.err, got, c.hint)
		}
	}
	if reason, ok := steps.SkipReason(fmt.Errorf("x: %w", steps.Skip("nothing to do"))); !ok || reason != "nothing to do" {
		t.Errorf("skip reason %q, %v", reason, ok)
	}
}
