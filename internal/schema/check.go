package schema

import (
	"bytes"
	"encoding/json"
	"fmt"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Check tells whether document is a valid file of that name, as another
// program would see it: unknown fields are fine.
func Check(name string, document []byte) error {
	d, err := Lookup(name)
	if err != nil {
		return err
	}
	return check(reflectOpen(&invopop.Reflector{}, d), document)
}

// CheckOwn is Check for documents that Trackscribe itself wrote: a field that
// is not in the schema is an error.
func CheckOwn(name string, document []byte) error {
	d, err := Lookup(name)
	if err != nil {
		return err
	}
	return check(reflectClosed(d), document)
}

func check(s *invopop.Schema, document []byte) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode schema: %w", err)
	}
	return checkText(string(s.ID), text, document)
}

// checkText checks document against the schema in text. Formats and encodings
// are asserted too, which draft 2020-12 leaves to the validator.
func checkText(id string, text, document []byte) error {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("parse schema: %w", err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return fmt.Errorf("parse document: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource(id, parsed); err != nil {
		return fmt.Errorf("add schema: %w", err)
	}
	compiled, err := c.Compile(id)
	if err != nil {
		return fmt.Errorf("compile schema: %w", err)
	}
	if err := compiled.Validate(value); err != nil {
		return fmt.Errorf("check document: %w", err)
	}
	return nil
}
