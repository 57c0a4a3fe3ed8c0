package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// A page is what the tests look at of report.html.
type page struct {
	elements []xml.StartElement
	text     map[string]string // text of the last element of each name
	all      string            // all text outside the style sheet
}

// parse reads the page as strictly nested markup, which is more than a browser
// asks for: what a name smuggled in would break it.
func parse(t testing.TB, html string) page {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict = false
	d.AutoClose = []string{"meta"}
	p := page{text: map[string]string{}}
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("page is not well nested: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			p.elements = append(p.elements, token.Copy())
			open = append(open, token.Name.Local)
			p.text[token.Name.Local] = ""
		case xml.EndElement:
			if last := open[len(open)-1]; last != token.Name.Local {
				t.Fatalf("<%s> is closed by </%s>", last, token.Name.Local)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				p.text[open[len(open)-1]] += string(token)
				if open[len(open)-1] != "style" {
					p.all += string(token)
				}
			}
		}
	}
	if len(open) > 0 {
		t.Fatalf("elements left open: %v", open)
	}
	return p
}

func attribute(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// allowed are the elements and attributes that the page is made of.
var (
	allowedElements = strings.Fields(`html head meta title style body a header h1 p time span ul ol li b small svg rect
		nav main section h2 h3 details summary figure figcaption desc g line text path audio div footer`)
	allowedAttributes = strings.Fields(`lang charset http-equiv content name class href id datetime aria-label aria-hidden
		aria-labelledby role width height x y x1 x2 y1 y2 dx dy d viewBox preserveAspectRatio text-anchor controls preload src`)
)

// checkPage holds what is true of every report.
func checkPage(t testing.TB, html string) page {
	t.Helper()
	p := parse(t, html)
	ids := map[string]bool{}
	level := 0
	for _, e := range p.elements {
		if !slices.Contains(allowedElements, e.Name.Local) {
			t.Errorf("page has a <%s>", e.Name.Local)
		}
		for _, a := range e.Attr {
			if !slices.Contains(allowedAttributes, a.Name.Local) {
				t.Errorf("<%s> has an attribute %q", e.Name.Local, a.Name.Local)
			}
		}
		if id, ok := attribute(e, "id"); ok {
			if ids[id] || id == "" || strings.ContainsAny(id, " \"'<>") {
				t.Errorf("id %q is used twice or is none", id)
			}
			ids[id] = true
		}
		if name := e.Name.Local; len(name) == 2 && name[0] == 'h' && name != "hr" {
			next := int(name[1] - '0')
			if next > level+1 {
				t.Errorf("heading <%s> follows one of level %d", name, level)
			}
			level = next
		}
	}
	for _, e := range p.elements {
		href, _ := attribute(e, "href")
		src, _ := attribute(e, "src")
		switch {
		case strings.HasPrefix(href, "#") && ids[href[1:]]:
		case href == "", strings.HasPrefix(href, "audio.webm#t="), href == "audio.webm":
		default:
			t.Errorf("link to %q leads nowhere", href)
		}
		if src != "" && src != "audio.webm" {
			t.Errorf("page loads %q", src)
		}
	}
	return p
}
