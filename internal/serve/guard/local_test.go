package guard

import (
	"net/url"
	"strings"
	"testing"
)

func TestLocalKeeps(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"/", "/recordings/a", "/recordings/a?t=1.5&q=a%20b#seg-3", "/a//b", "/?next=//evil.example", "/\u00e9", "/%e2%80%ae"} {
		if got := Local(next); got != next {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}

// resolve is where a browser goes from a page of here, by
// https://url.spec.whatwg.org/#concept-basic-url-parser: spaces and control
// characters at the ends are cut, tabs and line ends are dropped anywhere, a
// backslash is a slash, and any number of slashes may come before a host.
func resolve(t *testing.T, text string) string {
	t.Helper()
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	head, tail := text, ""
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		head, tail = text[:i], text[i:]
	}
	head = strings.ReplaceAll(head, `\`, "/")
	if strings.HasPrefix(head, "//") {
		host, _, _ := strings.Cut(strings.TrimLeft(head, "/"), "/")
		return host
	}
	if head != "" && head[0] != '/' {
		if scheme, _, ok := strings.Cut(head, ":"); ok && !strings.Contains(scheme, "/") {
			return scheme + ":"
		}
	}
	here := url.URL{Scheme: "https", Host: "here.example", Path: "/sign-in"}
	u, err := here.Parse(head + tail)
	if err != nil {
		return "" // stays where it is
	}
	return u.Host
}

func FuzzLocal(f *testing.F) {
	for _, next := range []string{
		"", "/", "//evil.example", `/\evil.example`, `\/evil.example`, "https://evil.example", "https:evil.example", "javascript:alert(1)", "/%2f%2fevil.example",
		"%2f%2fevil.example", "/\t/evil.example", "/\n/evil.example", " //evil.example", "\x01//evil.example", "/a/..//evil.example", "/.//evil.example", "/ /evil.example", "/a?b#c", "/:@evil.example",
	} {
		f.Add(next)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := Local(next)
		if got != next && got != "/" {
			t.Errorf("%q leads to %q, neither itself nor /", next, got)
		}
		if strings.ContainsAny(got, "\r\n\x00") || !strings.HasPrefix(got, "/") {
			t.Errorf("%q leads to %q", next, got)
		}
		// What follows is sent as it is, or as url.URL writes it.
		if host := resolve(t, got); host != "here.example" && host != "" {
			t.Errorf("%q leads to %q, which is at %q", next, got, host)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", next, got, err)
		}
		if host := resolve(t, u.String()); host != "here.example" {
			t.Errorf("%q leads to %q, which is at %q", next, u, host)
		}
		if u, err := url.ParseQuery("next=" + escape(next)); err != nil || u.Get("next") != got || len(u) != 1 {
			t.Errorf("%q does not survive an address: %v", next, u)
		}
	})
}
