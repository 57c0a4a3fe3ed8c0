package lint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	unknownTag = &Rule{
		ID: "unknown-tag", Class: Mistake,
		What: "A tag names nothing that exists there. Argo leaves it as it is: the container gets the braces.",
		Fix:  "name what exists at this place: {{inputs.…}}, {{tasks.…}}, {{steps.…}}, {{item}} or {{workflow.…}}",
	}
	unclosedTag = &Rule{
		ID: "unclosed-tag", Class: Mistake,
		What: "Two opening braces without two closing ones swallow the text up to the next tag.",
		Fix:  "close the tag with }}, or keep the braces apart",
	}
	missingDependency = &Rule{
		ID: "missing-dependency", Class: Mistake,
		What: "A task or step uses what another one leaves behind without waiting for it.",
		Fix:  "name that task in depends, or put the step into a later group",
	}
	itemKey = &Rule{
		ID: "item-key", Class: Mistake,
		What: "A key of {{item.…}} is not a key of the items.",
		Fix:  "use a key that every item has",
	}
	tagRules = []*Rule{unknownTag, unclosedTag, missingDependency, itemKey}
)

// A tag is what stands between {{ and }}.
type tag struct {
	start, end int // of the tag with its braces
	text       string
	expression bool
}

// name is what a simple tag names.
func (t tag) name() string { return strings.TrimSpace(t.text) }

// scan finds the tags of a text as Argo does. unclosed is where braces open
// and never close, or -1.
func scan(s string) (tags []tag, unclosed int) {
	for at := 0; ; {
		open := strings.Index(s[at:], "{{")
		if open < 0 {
			return tags, -1
		}
		open += at
		length := strings.Index(s[open+2:], "}}")
		if length < 0 {
			return tags, open
		}
		at = open + 2 + length + 2
		text, expression := strings.CutPrefix(s[open+2:at-2], "=")
		tags = append(tags, tag{start: open, end: at, text: text, expression: expression})
	}
}

func hasTag(s string) bool { return strings.Contains(s, "{{") }

// replaceTags puts a word in the place of every tag.
func replaceTags(s string, word func(tag) string) string {
	tags, _ := scan(s)
	var b strings.Builder
	at := 0
	for _, t := range tags {
		b.WriteString(s[at:t.start])
		b.WriteString(word(t))
		at = t.end
	}
	b.WriteString(s[at:])
	return b.String()
}

// checkTags looks at every tag of every string of an object's spec.
func (l *linter) checkTags(o *object) {
	v := visitor{l: l, o: o, scopes: o.scopes}
	v.walk(o.lookup(o.specAt), o.specAt, v.scopes[o.specAt])
}

type visitor struct {
	l      *linter
	o      *object
	scopes map[path]*symbols
}

func (v visitor) walk(node any, at path, s *symbols) {
	if own := v.scopes[at]; own != nil {
		s = own
	}
	switch n := node.(type) {
	case string:
		v.tags(n, at, s)
	case []any:
		for i, c := range n {
			v.walk(c, at.index(i), s)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(n)) {
			if k == "description" {
				continue // prose
			}
			v.tags(k, at.key(k), s)
			v.walk(n[k], at.key(k), s)
		}
	}
}

func (v visitor) tags(text string, at path, s *symbols) {
	if !hasTag(text) || strings.Contains(text, "{%") { // another template language
		return
	}
	tags, unclosed := scan(text)
	if unclosed >= 0 {
		v.l.report(v.o, unclosedTag, at, fmt.Sprintf("%q never ends", short(text[unclosed:], 20)),
			onLine(v.o.doc.lineIn(at, text, unclosed)), subject("Cannot find end tag"))
	}
	for _, t := range tags {
		here := onLine(v.o.doc.lineIn(at, text, t.start))
		if t.expression {
			v.l.expression(v.o, at, t.text, s, here)
		} else {
			v.simple(t, at, s, here)
		}
	}
}

func (v visitor) simple(t tag, at path, s *symbols, here option) {
	name := t.name()
	about := subject("{{" + t.text + "}}")
	switch seen := s.see(name); {
	case seen.known:
		v.l.likelyItemKey(v.o, at, name, s, here)
		return
	case seen.later != nil:
		v.l.report(v.o, missingDependency, at, fmt.Sprintf("{{%s}} is used without waiting for %s", name, seen.later), here, about,
			subject("missing dependency '"+seen.later.name+"'"))
		return
	case seen.fannedOut != nil:
		v.l.report(v.o, fanOutArtifact, at, fmt.Sprintf("{{%s}}: %s runs once per item", name, seen.fannedOut), here)
		return
	}
	if s.items != nil && strings.HasPrefix(name, "item.") {
		v.l.report(v.o, itemKey, at, fmt.Sprintf("{{%s}}: %s", name, s.items.without(strings.TrimPrefix(name, "item."))), here, about)
		return
	}
	if !meantForArgo(name) {
		return
	}
	opts := []option{here, about}
	if near := s.nearest(name); near != "" {
		opts = append(opts, fix("did you mean {{"+near+"}}?"))
	} else if strings.HasPrefix(name, "workflow.parameters.") {
		opts = append(opts, fix("declare the parameter under spec.arguments.parameters, or mend its name"))
	}
	v.l.report(v.o, unknownTag, at, fmt.Sprintf("{{%s}} names nothing that exists here", name), opts...)
}

var (
	argoRoots = []string{"inputs", "outputs", "steps", "tasks", "workflow", "item", "retries", "lastRetry", "pod"}
	dotted    = regexp.MustCompile(`^[A-Za-z_][\w-]*(\.[\w\[\]-]+)*$`)
	argoParts = regexp.MustCompile(`^[\w-]+\.(parameters|artifacts|outputs)\.`)
)

// isArgoName says whether a tag starts as one of Argo's.
func isArgoName(name string) bool {
	root, _, _ := strings.Cut(name, ".")
	return dotted.MatchString(name) && (slices.Contains(argoRoots, root) || slices.Contains([]string{"node", "status", "duration", "exitCode", "resourcesDuration"}, root))
}

// meantForArgo tells a tag that was meant for Argo from one of another
// template language, which Argo lets pass on purpose.
func meantForArgo(name string) bool {
	root, rest, isPath := strings.Cut(name, ".")
	if slices.Contains(argoRoots, root) {
		return isPath || root == "item" || root == "retries"
	}
	if !isPath || !dotted.MatchString(name) {
		return false
	}
	if argoParts.MatchString(name) || root == "parameters" && rest != "" {
		return true
	}
	return slices.ContainsFunc(argoRoots[:6], func(r string) bool {
		near := 1 + len(r)/6
		return strings.EqualFold(root, r) || root[0] == r[0] && distance(root, r) <= near
	})
}
