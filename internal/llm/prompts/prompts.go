// Package prompts holds what a language model is told: one text file per
// question, built in, and replaced file by file by those of a folder.
//
// A file has two parts with a line of three dashes between them: what the
// model is to do, and what it is given. In both, {{name}} stands for a value;
// which there are is the same for the built-in file and its replacement.
package prompts

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/steps"
)

// Version is the built-in prompts'. It changes when the code around them does
// in a way that changes answers; a changed text is noticed by itself.
const Version = "1"

//go:embed *.txt
var builtIn embed.FS

// maxSize bounds a prompt file, in bytes: a larger one is something else.
const maxSize = 64 << 10

// A Prompt is one question's text.
type Prompt struct {
	Name   string
	System string
	User   string
}

// A Set is all prompts, by name.
type Set map[string]Prompt

// values names what each prompt may hold, and what it must: without that the
// model would know nothing of the meeting.
var values = map[string]struct {
	may  []string
	must string
}{
	"topics":   {[]string{"lines", "people", "language"}, "lines"},
	"title":    {[]string{"topics", "people", "language"}, "topics"},
	"subjects": {[]string{"topics", "people", "language", "count"}, "topics"},
	"detail":   {[]string{"lines", "people", "language", "subject"}, "lines"},
	"recap":    {[]string{"paragraphs", "people", "language"}, "paragraphs"},
	"actions":  {[]string{"lines", "people", "language"}, "lines"},
}

// Load reads the prompts: those in the folder, where it has them, and the
// built-in ones. An empty name means no folder.
func Load(folder string) (Set, error) {
	if folder != "" {
		switch info, err := os.Stat(folder); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, unusable("folder %q of prompts does not exist", folder)
		case err != nil:
			return nil, unusable("folder %q of prompts cannot be read", folder)
		case !info.IsDir():
			return nil, unusable("folder %q of prompts is a file", folder)
		}
	}
	set := Set{}
	for name := range values {
		text, err := read(folder, name+".txt")
		if err != nil {
			return nil, err
		}
		if set[name], err = parse(name, text); err != nil {
			return nil, err
		}
	}
	return set, nil
}

const hint = "check TRACKSCRIBE_PROMPTS; without it the built-in prompts are used"

func unusable(format string, args ...any) error { return steps.Wrong(hint, format, args...) }

func read(folder, file string) (string, error) {
	if folder != "" {
		b, err := os.ReadFile(filepath.Join(folder, file))
		switch {
		case err == nil && len(b) > maxSize:
			return "", unusable("prompt %q has more than %d bytes", file, maxSize)
		case err == nil:
			return string(b), nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", unusable("prompt %q cannot be read", file)
		}
	}
	b, err := builtIn.ReadFile(file)
	return string(b), err
}

var (
	placeholder = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	divider     = regexp.MustCompile(`(?m)^---[ \t]*\r?$`)
)

func parse(name, text string) (Prompt, error) {
	p := Prompt{Name: name, User: strings.TrimSpace(text)}
	if at := divider.FindStringIndex(text); at != nil {
		p.System, p.User = strings.TrimSpace(text[:at[0]]), strings.TrimSpace(text[at[1]:])
	}
	v := values[name]
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(v.may, m[1]) {
			return p, unusable("prompt %q: there is no {{%s}}, only %s", name+".txt", m[1], "{{"+strings.Join(v.may, "}}, {{")+"}}")
		}
	}
	if !strings.Contains(p.User, "{{"+v.must+"}}") {
		return p, unusable("prompt %q: its part after --- lacks {{%s}}", name+".txt", v.must)
	}
	return p, nil
}

// Fill puts the values in their places. What a value holds is not looked at
// again: it comes from people.
func (p Prompt) Fill(with map[string]string) (system, user string) {
	fill := func(s string) string {
		return placeholder.ReplaceAllStringFunc(s, func(m string) string { return with[m[2:len(m)-2]] })
	}
	return fill(p.System), fill(p.User)
}

// Digest identifies the texts of the prompts with these names.
func (s Set) Digest(names ...string) string {
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00", n, s[n].System, s[n].User)
	}
	return "prompts " + Version + " " + hex.EncodeToString(h.Sum(nil)[:16])
}
