package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	yamlnode "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

var (
	invalidYAML = &Rule{
		ID: "invalid-yaml", Class: Mistake,
		What: "A document is not YAML.",
		Fix:  "mend the syntax at that line",
	}
	duplicateKey = &Rule{
		ID: "duplicate-key", Class: Mistake,
		What: "A key is given twice in one mapping; one of the values is lost.",
		Fix:  "keep one of them",
	}
	loadRules = []*Rule{invalidYAML, duplicateKey, unknownField, badValue}
)

// A document is one YAML document of a file. Lines of its nodes count from
// its own start; line is what comes before.
type document struct {
	file string
	line int
	root *yamlnode.Node
}

// load reads the documents of a file.
func (l *linter) load(f File) {
	for _, part := range split(f.Data) {
		l.loadDocument(f.Name, part)
	}
}

// A part is the bytes of one document, and the number of lines before it.
type part struct {
	line int
	data []byte
}

var separator = regexp.MustCompile(`^---(\s|$)`)

// split cuts a file at its document markers. A line that starts with three
// dashes is a marker everywhere in YAML, in a block of text too.
func split(data []byte) []part {
	parts := []part{{}}
	n := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		if separator.Match(line) {
			parts = append(parts, part{line: n})
			line = slices.Concat([]byte("   "), line[3:])
		}
		last := &parts[len(parts)-1]
		last.data = append(last.data, line...)
		n++
	}
	return parts
}

func (l *linter) loadDocument(file string, p part) {
	d := &document{file: file, line: p.line}
	o := &object{doc: d}
	var tree any
	err := guard(func() error {
		b, err := yaml.YAMLToJSON(p.data)
		if err != nil {
			return err
		}
		// Numbers stay as they are written.
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		return dec.Decode(&tree)
	})
	if err != nil {
		line, text := yamlError(err)
		l.report(o, invalidYAML, "", text, onLine(p.line+line))
		return
	}
	// Only for lines: a document that this parser refuses is still checked.
	_ = guard(func() error {
		var n yamlnode.Node
		err := yamlnode.Unmarshal(p.data, &n)
		if err == nil && len(n.Content) > 0 {
			d.root = n.Content[0]
		}
		return err
	})
	if root, ok := tree.(map[string]any); ok {
		l.loadObject(d, "", root)
	}
}

var yamlErrorLine = regexp.MustCompile(`line (\d+): `)

// yamlError takes the line out of a parser's message.
func yamlError(err error) (line int, text string) {
	text = err.Error()
	line = 1
	if m := yamlErrorLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // the pattern has digits only
		text = strings.Replace(text, m[0], "", 1)
	}
	for _, noise := range []string{"error converting YAML to JSON: ", "yaml: "} {
		text = strings.TrimPrefix(text, noise)
	}
	return line, firstLine(text)
}

// loadObject takes an object of a document, or the items of a list.
func (l *linter) loadObject(d *document, at path, tree map[string]any) {
	o := &object{doc: d, at: at, tree: tree}
	o.kind, _ = tree["kind"].(string)
	meta, _ := tree["metadata"].(map[string]any)
	o.name, _ = meta["name"].(string)
	if o.name == "" {
		o.name, _ = meta["generateName"].(string)
	}
	o.namespace, _ = meta["namespace"].(string)
	if at == "" {
		l.duplicates(o, d.root, "")
	}
	version, _ := tree["apiVersion"].(string)
	switch {
	case o.kind == "List":
		items, _ := tree["items"].([]any)
		for i, item := range items {
			if m, ok := item.(map[string]any); ok {
				l.loadObject(d, at.key("items").index(i), m)
			}
		}
	case !strings.HasPrefix(version, "argoproj.io/"):
	case o.kind == "WorkflowEventBinding":
		l.bind(tree)
	case l.decode(o):
		l.objects = append(l.objects, o)
	}
}

// bind notes what an event binding passes to the template that it submits.
// The binding itself is not checked.
func (l *linter) bind(tree map[string]any) {
	var b wfv1.WorkflowEventBinding
	if _, err := decodeStrict(tree, &b); err != nil || b.Spec.Submit == nil || b.Spec.Submit.Arguments == nil {
		return
	}
	ref := b.Spec.Submit.WorkflowTemplateRef
	kind := "WorkflowTemplate"
	if ref.ClusterScope {
		kind = "ClusterWorkflowTemplate"
	}
	for _, p := range b.Spec.Submit.Arguments.Parameters {
		l.bound[kind+"/"+ref.Name] = append(l.bound[kind+"/"+ref.Name], wfv1.Parameter{Name: p.Name})
	}
}

// duplicates reports keys that are given twice.
func (l *linter) duplicates(o *object, n *yamlnode.Node, at path) {
	if n == nil {
		return
	}
	switch n.Kind {
	case yamlnode.MappingNode:
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			child := at.key(k.Value)
			if seen[k.Value] && k.Tag != "!!merge" {
				l.report(o, duplicateKey, child, fmt.Sprintf("key %q is given twice", k.Value), onLine(o.doc.line+k.Line))
			}
			seen[k.Value] = true
			l.duplicates(o, n.Content[i+1], child)
		}
	case yamlnode.SequenceNode:
		for i, c := range n.Content {
			l.duplicates(o, c, at.index(i))
		}
	}
}
