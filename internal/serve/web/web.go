// Package web draws the pages of `trackscribe serve`: the list of recordings,
// a recording with its live graph and its result, messages and the sign-in.
//
// It promises: a page holds no inline script or style, so that a strict
// content security policy can stand; names, titles and errors are text,
// whatever they hold; everything but what is live works without script; a part
// that is fetched by itself equals what the whole page holds. It reads nothing
// and decides nothing: who may see what is the caller's.
package web

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

//go:embed static templates
var files embed.FS

// Options set up a site; the zero value works.
type Options struct {
	Titles map[string]string // of steps, for people; a step without one is named
}

// A Site draws pages. It is safe for use by many at once.
type Site struct {
	pages  *template.Template
	assets map[string]*asset
}

// A Viewer is who looks at a page.
type Viewer struct {
	Name     string
	MayWrite bool // shows the forms that start runs
	SignedIn bool // shows the way out
}

// A ListView is one page of the list.
type ListView struct {
	Entries      []shelf.Entry
	Total        int
	Query, State string
	Next, Prev   string // addresses of the neighbouring pages
	Now          time.Time
	Viewer       Viewer
}

// A RecordingView is what is known of a recording.
type RecordingView struct {
	Entry  shelf.Entry
	DAG    progress.DAG
	Report *report.Input // nil: nothing yet
	Files  []artifact.ResultFile
	Player *Player
	Runs   []shelf.Run
	Steps  []string // from which it may be processed anew
	Viewer Viewer
	Now    time.Time
}

// A MessageView is a page that says one thing.
type MessageView struct {
	Title, Text, Hint string
	Status            int
}

// A SignInView says how one may sign in.
type SignInView struct {
	OIDC, Token bool
	Next, Error string
}

// parts are the names of the sections that can be fetched, in page order.
var parts = []string{"head", "graph", "findings", "player", "transcript", "notes", "files"}

// New parses the templates and prepares the assets.
func New(o Options) (*Site, error) {
	s := &Site{}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	s.pages, err = template.New("").Funcs(template.FuncMap{
		"asset": s.address, "state": stateOf, "ago": ago, "stamp": stamp, "spell": spell, "size": size, "percent": percent,
		"step": func(name string) string { return cmp.Or(o.Titles[name], name) },
	}).ParseFS(files, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	return s, nil
}

// page is what every page has around its content.
type page struct {
	Title  string
	Kind   string
	Viewer Viewer
	V      any
}

// List writes the list of recordings.
func (s *Site) List(w io.Writer, v ListView) error {
	return s.write(w, "list", page{"Recordings", "list", v.Viewer, v})
}

// Recording writes a recording's page.
func (s *Site) Recording(w io.Writer, v RecordingView) error {
	r, err := newRecording(v, true)
	if err != nil {
		return err
	}
	return s.write(w, "recording", page{r.Title, "recording", v.Viewer, r})
}

// Part writes one section of a recording's page.
func (s *Site) Part(w io.Writer, name string, v RecordingView) error {
	if !IsPart(name) {
		return fmt.Errorf("there is no part %q", name)
	}
	r, err := newRecording(v, slices.Contains([]string{"findings", "transcript", "notes"}, name))
	if err != nil {
		return err
	}
	return s.write(w, "part-"+name, r)
}

// Message writes a page that says one thing, such as that something failed.
func (s *Site) Message(w io.Writer, v MessageView) error {
	return s.write(w, "message", page{Title: v.Title, Kind: "message", V: v})
}

// SignIn writes the sign-in page.
func (s *Site) SignIn(w io.Writer, v SignInView) error {
	return s.write(w, "signin", page{Title: "Sign in", Kind: "message", V: v})
}

// write fills a template; what fails writes nothing.
func (s *Site) write(w io.Writer, name string, v any) error {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, v); err != nil {
		return fmt.Errorf("fill page: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// IsPart reports whether there is a section of that name.
func IsPart(name string) bool { return slices.Contains(parts, name) }
