package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteText writes findings for people: a line that editors can follow, the
// field, and what to do.
func WriteText(w io.Writer, findings []Finding) error {
	for _, f := range findings {
		at := strings.TrimSpace(f.Object + " " + f.Path)
		if at != "" {
			at = "    at:  " + at + "\n"
		}
		if _, err := fmt.Fprintf(w, "%s:%d: %s: %s\n%s    fix: %s\n", f.File, f.Line, f.Rule, f.Message, at, f.Fix); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes findings as a JSON array.
func WriteJSON(w io.Writer, findings []Finding) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(findings)
}
