package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html.tmpl
var pageText string

//go:embed style.css
var styleText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// HTML writes report.html. An audio file that is no plain file name is an
// error; everything else that is odd in the input is shown as well as it can
// be.
func HTML(w io.Writer, in Input) error {
	if !plainName(in.AudioFile) {
		return errors.New("write report: the audio file is not a plain file name")
	}
	style := strings.TrimSpace(styleText)
	// The policy allows this one style sheet, by its hash, and the audio file
	// beside the page; no script can run whatever a name holds.
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; media-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"

	var page bytes.Buffer // so that a failure writes nothing
	err := pageTemplate.Execute(&page, struct {
		*view
		Policy string
		Style  template.CSS
	}{newView(in), policy, template.CSS(style)})
	if err != nil {
		return fmt.Errorf("fill report: %w", err)
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// plainName says whether s is empty or a file name without folders, schemes
// and characters that mean something in a URL.
func plainName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r) {
			return false
		}
	}
	return !strings.HasPrefix(s, ".")
}
