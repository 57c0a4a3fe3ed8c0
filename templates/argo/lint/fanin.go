package lint

import (
	"fmt"
	"strings"
)

// checkFanIn compares the keys that are read with those that are written.
func (l *linter) checkFanIn(o *object) {
	written := l.writtenKeys(o)
	for _, s := range l.readKeys(o) {
		pattern := keyPattern(s.key)
		found := false
		for _, w := range written {
			if p := keyPattern(w); leadsTo(pattern, p) || leadsTo(p, pattern) {
				found = true
				break
			}
		}
		if found {
			continue
		}
		near := nearKey(s.key, written)
		ofThisRun := strings.Contains(s.key, "workflow.uid}}") || strings.Contains(s.key, "workflow.name}}")
		switch {
		case near != "":
			l.report(o, fanInPrefix, s.at, fmt.Sprintf("no step writes under %q", short(s.key, 80)), fix(fmt.Sprintf("did you mean %q, as it is written?", near)))
		case ofThisRun:
			l.report(o, fanInPrefix, s.at, fmt.Sprintf("no step writes under %q", short(s.key, 80)))
		}
	}
}

// readKeys are the keys of input artifacts and of artifacts that are passed.
func (l *linter) readKeys(o *object) []stored {
	var list []stored
	for _, t := range o.templates {
		for i := range t.Inputs.Artifacts {
			if s, ok := keyOf(t, t.at.keys("inputs", "artifacts").index(i), &t.Inputs.Artifacts[i].ArtifactLocation); ok {
				list = append(list, s)
			}
		}
		for _, c := range t.calls {
			if _, missing := l.target(c); missing {
				return nil // what it writes is not known
			}
			for i := range c.args.Artifacts {
				if s, ok := keyOf(t, c.argsAt.key("artifacts").index(i), &c.args.Artifacts[i].ArtifactLocation); ok {
					list = append(list, s)
				}
			}
		}
	}
	return list
}

// anything stands in a pattern for a tag that only the run knows.
const anything = '\x00'

// writtenKeys are the keys that any template among the files writes. Where
// Argo chooses the key, it starts with the workflow's name.
func (l *linter) writtenKeys(o *object) []string {
	var list []string
	for _, other := range l.objects {
		for _, t := range other.templates {
			for i := range t.Outputs.Artifacts {
				s, ok := keyOf(t, "", &t.Outputs.Artifacts[i].ArtifactLocation)
				switch {
				case ok:
					list = append(list, s.key)
				case other == o:
					list = append(list, "{{workflow.name}}/"+string(anything))
				}
			}
		}
	}
	return list
}

// keyPattern keeps the tags that are the same in the whole run.
func keyPattern(key string) string {
	return strings.TrimSuffix(replaceTags(key, func(t tag) string {
		if !t.expression && strings.HasPrefix(t.name(), "workflow.") {
			return "{{" + t.name() + "}}"
		}
		return string(anything)
	}), "/")
}

// leadsTo says whether some key of pattern a is a key of pattern b, or a
// folder above one.
func leadsTo(a, b string) bool {
	known := map[[2]int]bool{}
	var match func(i, j int) bool
	match = func(i, j int) bool {
		if seen, ok := known[[2]int{i, j}]; ok {
			return seen
		}
		known[[2]int{i, j}] = false
		ok := false
		switch {
		case i == len(a):
			ok = j == len(b) || b[j] == '/' || b[j] == anything
		case a[i] == anything:
			ok = match(i+1, j) || j < len(b) && match(i, j+1)
		case j == len(b):
		case b[j] == anything:
			ok = match(i, j+1) || match(i+1, j)
		case a[i] == b[j]:
			ok = match(i+1, j+1)
		}
		known[[2]int{i, j}] = ok
		return ok
	}
	return match(0, 0)
}

// nearKey finds a written key that starts as this one does and then differs
// by a slip.
func nearKey(key string, written []string) string {
	parts := strings.Split(strings.TrimSuffix(key, "/"), "/")
	for _, w := range written {
		other := strings.Split(w, "/")
		tagged := false
		for i := 0; i < len(parts) && i < len(other); i++ {
			if parts[i] == other[i] {
				tagged = tagged || hasTag(parts[i])
				continue
			}
			if tagged && !hasTag(parts[i]) && !hasTag(other[i]) && distance(parts[i], other[i]) <= 2 {
				return strings.Join(other[:i+1], "/")
			}
			break
		}
	}
	return ""
}
