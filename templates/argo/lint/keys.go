package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	keyCollision = &Rule{
		ID: "key-collision", Class: Mistake,
		What: "Two runs write the same object key: every run of a fan-out, or two steps. The last one wins.",
		Fix:  "put what tells the runs apart into the key, such as {{inputs.parameters.index}}",
	}
	fanInPrefix = &Rule{
		ID: "fan-in-prefix", Class: Mistake,
		What: "An input artifact is read from a key of this run that no step writes.",
		Fix:  "build the key that is written and the key that is read from the same text",
	}
	keyRules = []*Rule{keyCollision, fanInPrefix}
)

// A stored artifact is one whose key stands in the manifest.
type stored struct {
	tmpl   *tmpl
	at     path // of the key
	bucket string
	key    string
}

// keyOf returns where an artifact is stored; ok is false when Argo chooses.
func keyOf(t *tmpl, at path, a *wfv1.ArtifactLocation) (s stored, ok bool) {
	s = stored{tmpl: t}
	switch {
	case a.S3 != nil:
		s.at, s.bucket, s.key = at.keys("s3", "key"), a.S3.Endpoint+"/"+a.S3.Bucket, a.S3.Key
	case a.GCS != nil:
		s.at, s.bucket, s.key = at.keys("gcs", "key"), a.GCS.Bucket, a.GCS.Key
	case a.OSS != nil:
		s.at, s.bucket, s.key = at.keys("oss", "key"), a.OSS.Endpoint+"/"+a.OSS.Bucket, a.OSS.Key
	case a.Azure != nil:
		s.at, s.bucket, s.key = at.keys("azure", "blob"), a.Azure.Endpoint+"/"+a.Azure.Container, a.Azure.Blob
	}
	return s, s.key != ""
}

// writes are the keys that a template writes. A key that ends in a slash is a
// folder, whose files have names of their own.
func (t *tmpl) writes() []stored {
	var list []stored
	for i := range t.Outputs.Artifacts {
		a := &t.Outputs.Artifacts[i]
		if s, ok := keyOf(t, t.at.keys("outputs", "artifacts").index(i), &a.ArtifactLocation); ok && !strings.HasSuffix(s.key, "/") {
			list = append(list, s)
		}
	}
	return list
}

func (l *linter) checkKeys(o *object) {
	for _, t := range o.templates {
		for _, c := range t.calls {
			if items := itemsOf(t, c); c.fansOut() && !(items.known && len(c.withItems) == 1) {
				f := fanOut{l: l, call: c, seen: map[string]bool{}}
				f.visit(c, map[string]bool{})
			}
		}
	}
	l.sameKeys(o)
	l.checkFanIn(o)
}

// A fanOut follows one fan-out through the templates that run for each item.
type fanOut struct {
	l    *linter
	call *call
	seen map[string]bool
}

// visit looks at what one call starts. varies are the caller's inputs that
// differ from item to item.
func (f fanOut) visit(c *call, varies map[string]bool) {
	t, _ := f.l.target(c)
	if t == nil {
		return
	}
	inner := map[string]bool{}
	for _, p := range c.args.Parameters {
		if p.Value != nil && f.differs(p.Value.String(), c, varies) {
			inner[p.Name] = true
		}
	}
	key := string(t.at) + t.obj.String() + strings.Join(slices.Sorted(maps.Keys(inner)), ",")
	if f.seen[key] {
		return
	}
	f.seen[key] = true
	for _, s := range t.writes() {
		if !f.differs(s.key, c, inner) {
			f.l.report(t.obj, keyCollision, s.at, fmt.Sprintf("every run of %s writes the key %q", f.call, short(s.key, 80)))
		}
	}
	for _, next := range t.calls {
		f.visit(next, inner)
	}
}

// differs says whether a text differs from item to item: it has the item, an
// input that differs, or what a step of the same item left behind.
func (f fanOut) differs(text string, c *call, varies map[string]bool) bool {
	tags, _ := scan(text)
	return slices.ContainsFunc(tags, func(t tag) bool {
		name := t.name()
		if t.expression {
			for input := range varies {
				if strings.Contains(name, input) {
					return true
				}
			}
			return strings.Contains(name, "item") && f.seesItem(c)
		}
		root, _, _ := strings.Cut(name, ".")
		input, isInput := strings.CutPrefix(name, "inputs.parameters.")
		return isInput && varies[input] || root == "pod" || root == "node" ||
			c != f.call && (root == "tasks" || root == "steps") ||
			root == "item" && f.seesItem(c)
	})
}

// seesItem says whether {{item}} at a call is the fan-out's: there, and in
// templates that stand inline in it.
func (f fanOut) seesItem(c *call) bool {
	for c != f.call {
		if c.fansOut() || c.in == nil || c.in.within == nil {
			return false
		}
		c = c.in.within
	}
	return true
}

// sameKeys looks for steps that are not of one fan-out, but write one key.
func (l *linter) sameKeys(o *object) {
	sites := map[*tmpl][]*call{}
	for _, c := range o.everyCall() {
		if target, _ := l.target(c); target != nil && c.when == "" && c.kind != "hook" && c.kind != "exit handler" {
			sites[target] = append(sites[target], c)
		}
	}
	first := map[string]*tmpl{}
	for _, t := range o.templates {
		for _, s := range t.writes() {
			if len(sites[t]) == 0 || !onlyGlobal(s.key) || t.reads(s.key) {
				continue
			}
			id := s.bucket + "\x00" + s.key
			switch other := first[id]; {
			case other != nil:
				l.report(o, keyCollision, s.at, fmt.Sprintf("%s and %s both write the key %q", other, t, short(s.key, 80)))
			case len(sites[t]) > 1:
				l.report(o, keyCollision, s.at, fmt.Sprintf("%s and %s both write the key %q", sites[t][0], sites[t][1], short(s.key, 80)))
			default:
				first[id] = t
			}
		}
	}
}

// onlyGlobal says whether a key is the same wherever in a run it is built.
func onlyGlobal(key string) bool {
	tags, _ := scan(key)
	return !slices.ContainsFunc(tags, func(t tag) bool { return t.expression || !strings.HasPrefix(t.name(), "workflow.") })
}

// reads says whether a template takes a key that it also writes: then writing
// it again is the point.
func (t *tmpl) reads(key string) bool {
	for i := range t.Inputs.Artifacts {
		if s, ok := keyOf(t, "", &t.Inputs.Artifacts[i].ArtifactLocation); ok && s.key == key {
			return true
		}
	}
	return false
}
