package lint

import (
	"slices"
	"strings"
)

// symbols are the names that a tag may use at some place of a manifest.
type symbols struct {
	// up are the names around: of the template, of the object.
	up    *symbols
	names map[string]bool
	// open are prefixes under which only the run can know the names.
	open []string
	// left is what the tasks and steps of a template leave behind, by the
	// start of its names, such as "tasks.a.".
	left map[string]*leftover
	// at is the task or step whose place this is. Of the template around it
	// only what is over by then is known.
	at *call
	// after says that the place is a hook of at, which knows at's own outputs.
	after bool
	// items says what a fan-out hands over; nil outside one.
	items *items
}

// A leftover is what one task or step leaves behind.
type leftover struct {
	call  *call
	names map[string]bool // without the prefix
	open  bool
}

func newSymbols(names ...string) *symbols {
	return (*symbols)(nil).with(names...)
}

// with returns the symbols and some more.
func (s *symbols) with(names ...string) *symbols {
	c := &symbols{up: s, names: map[string]bool{}}
	if s != nil {
		c.items = s.items
	}
	c.add(names...)
	return c
}

func (s *symbols) add(names ...string) {
	for _, n := range names {
		s.names[n] = true
	}
}

// A sight is what is known of a name.
type sight struct {
	known bool
	// later is the call that leaves it behind, but is not over yet.
	later *call
	// fannedOut is the fan-out of which it is an artifact.
	fannedOut *call
}

// see looks a name up, from the inside out.
func (s *symbols) see(name string) sight {
	var at *symbols
	for ; s != nil; s = s.up {
		at = s.place(at)
		if s.names[name] || slices.ContainsFunc(s.open, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return sight{known: true}
		}
		prefix, rest := splitOutput(name)
		left := s.left[prefix]
		if left == nil || !left.open && !left.names[rest] {
			continue
		}
		own := at != nil && at.after && at.at == left.call
		switch {
		case !own && !at.isOver(left.call):
			return sight{later: left.call}
		case !own && left.call.fansOut() && strings.HasPrefix(rest, "outputs.artifacts."):
			return sight{fannedOut: left.call}
		}
		return sight{known: true}
	}
	return sight{}
}

// place is the innermost place so far in the template that comes next: that
// of an inline template is followed by that of the task it stands in.
func (s *symbols) place(inner *symbols) *symbols {
	if s.at == nil || inner != nil && inner.at.in == s.at.in {
		return inner
	}
	return s
}

// splitOutput cuts tasks.a.outputs.result after the task's name.
func splitOutput(name string) (prefix, rest string) {
	_, after, _ := strings.Cut(name, ".")
	_, rest, ok := strings.Cut(after, ".")
	if !ok {
		return "", name
	}
	return name[:len(name)-len(rest)], rest
}

// isOver says whether a call is over at this place.
func (s *symbols) isOver(c *call) bool {
	if s == nil || s.at.in != c.in {
		return true
	}
	over := s.at.predecessors()
	return over == nil || over[c.name]
}

func (s *symbols) has(name string) bool { return s.see(name).known }

// each visits every known name, and every open prefix.
func (s *symbols) each(visit func(name string, open bool)) {
	var at *symbols
	for ; s != nil; s = s.up {
		at = s.place(at)
		for n := range s.names {
			visit(n, false)
		}
		for _, p := range s.open {
			visit(p, true)
		}
		for prefix, left := range s.left {
			if !at.isOver(left.call) && !(at.after && at.at == left.call) {
				continue
			}
			for n := range left.names {
				visit(prefix+n, false)
			}
			if left.open {
				visit(prefix, true)
			}
		}
	}
}

// hasPath says whether an expression may use a path: a name, what is in one,
// or what holds some.
func (s *symbols) hasPath(p string) bool {
	if s.has(p) {
		return true
	}
	found := false
	s.each(func(n string, open bool) {
		found = found || strings.HasPrefix(n, p+".") || !open && strings.HasPrefix(p, n+".") && !holdsNames(n)
	})
	return found
}

// holdsNames says whether a name stands for all names below it, which does not
// make every name below it known.
func holdsNames(name string) bool {
	for _, end := range []string{".parameters", ".labels", ".annotations"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "item"
}

// nearest returns the known name that a wrong one was probably meant to be.
func (s *symbols) nearest(name string) string {
	best, least := "", max(2, len(name)/6)+1
	s.each(func(n string, open bool) {
		if d := distance(name, n); !open && (d < least || d == least && best != "" && n < best) {
			best, least = n, d
		}
	})
	return best
}
