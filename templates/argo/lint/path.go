package lint

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A path names a field, such as spec.templates[2].container.args[0]. A key
// with other letters is quoted: metadata.annotations["a.b/c"].
type path string

var plainKey = regexp.MustCompile(`^[\w-]+$`)

func (p path) key(k string) path {
	switch {
	case !plainKey.MatchString(k):
		return p + path("["+strconv.Quote(k)+"]")
	case p == "":
		return path(k)
	default:
		return p + "." + path(k)
	}
}

func (p path) keys(list ...string) path {
	for _, k := range list {
		p = p.key(k)
	}
	return p
}

func (p path) index(i int) path { return p + path("["+strconv.Itoa(i)+"]") }

// join appends a path to a path.
func (p path) join(q path) path {
	if p == "" || q == "" || strings.HasPrefix(string(q), "[") {
		return p + q
	}
	return p + "." + q
}

// last is the last key of a path.
func (p path) last() string {
	last := ""
	for p != "" {
		step, isIndex, rest := p.next()
		if !isIndex {
			last = step
		}
		p = rest
	}
	return last
}

// next splits off the first step of a path: a key, or an index as digits.
func (p path) next() (step string, isIndex bool, rest path) {
	s := strings.TrimPrefix(string(p), ".")
	if !strings.HasPrefix(s, "[") {
		end := strings.IndexAny(s, ".[")
		if end < 0 {
			end = len(s)
		}
		return s[:end], false, path(s[end:])
	}
	if quoted, err := strconv.QuotedPrefix(s[1:]); err == nil {
		key, _ := strconv.Unquote(quoted) // it is a quoted prefix
		return key, false, path(strings.TrimPrefix(s[1+len(quoted):], "]"))
	}
	inner, rest1, _ := strings.Cut(s[1:], "]")
	return inner, true, path(rest1)
}

// lookup returns what a decoded document holds at a path, or nil.
func lookup(tree any, p path) any {
	for p != "" && tree != nil {
		step, isIndex, rest := p.next()
		p = rest
		if !isIndex {
			m, _ := tree.(map[string]any)
			tree = m[step]
			continue
		}
		list, _ := tree.([]any)
		i, err := strconv.Atoi(step)
		if err != nil || i >= len(list) {
			return nil
		}
		tree = list[i]
	}
	return tree
}

// eachField visits every text of a tree, in the order of its keys.
func eachField(tree any, at path, visit func(at path, text string)) {
	switch t := tree.(type) {
	case string:
		visit(at, t)
	case []any:
		for i, v := range t {
			eachField(v, at.index(i), visit)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(t)) {
			eachField(t[k], at.key(k), visit)
		}
	}
}

// node returns the YAML node at a path, or the nearest one above it, and
// whether it is the very one.
func (d *document) node(p path) (n *yaml.Node, exact bool) {
	n = d.root
	for p != "" {
		step, isIndex, rest := p.next()
		child := childOf(n, step, isIndex)
		if child == nil {
			return n, false
		}
		n, p = child, rest
	}
	return n, true
}

func childOf(n *yaml.Node, step string, isIndex bool) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n == nil:
		return nil
	case isIndex && n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
	case !isIndex && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// place returns where a field is, or the nearest field above it.
func (d *document) place(p path) (line, column int) {
	n, _ := d.node(p)
	if n == nil {
		return d.line + 1, 1
	}
	return d.line + n.Line, n.Column
}

// lineIn returns the line of a position inside a field's text. Only a literal
// block keeps its lines; elsewhere it is the line where the text starts.
func (d *document) lineIn(p path, text string, offset int) int {
	n, exact := d.node(p)
	if n == nil || !exact || n.Style&yaml.LiteralStyle == 0 {
		return 0
	}
	return d.line + n.Line + 1 + strings.Count(text[:offset], "\n")
}
