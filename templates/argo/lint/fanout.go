package lint

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var (
	withParam = &Rule{
		ID: "with-param", Class: Mistake,
		What: "What withParam is given is no JSON list; the run ends with an error when it gets there.",
		Fix:  "give a JSON list, such as [1, 2]",
	}
	withParamResult = &Rule{
		ID: "with-param-result", Class: Mistake,
		What: "withParam reads the standard output of a container that prints no JSON list there.",
		Fix:  "let the step write the list to a file, declare the file as an output parameter, and name that one",
	}
	fanOutArtifact = &Rule{
		ID: "fan-out-artifact", Class: Mistake,
		What: "An artifact is taken from a fan-out. Argo gathers parameters of its runs, but never artifacts.",
		Fix:  "let every run write a key of its own under one prefix, and read the prefix",
	}
	fanOutRules = []*Rule{withParam, withParamResult, fanOutArtifact}
)

func (l *linter) checkFanOuts(o *object) {
	for _, t := range o.templates {
		for _, c := range t.calls {
			if c.withParam == "" {
				continue
			}
			at := c.at.key("withParam")
			if !hasTag(c.withParam) {
				var list []any
				if json.Unmarshal([]byte(c.withParam), &list) != nil {
					l.report(o, withParam, at, fmt.Sprintf("%q is no JSON list", short(c.withParam, 40)))
				}
			}
			l.checkWithResult(c, at)
		}
	}
}

var resultTag = regexp.MustCompile(`^\s*\{\{\s*(?:tasks|steps)\.([\w-]+)\.outputs\.result\s*\}\}\s*$`)

// checkWithResult looks at the step whose output is to be the list.
func (l *linter) checkWithResult(c *call, at path) {
	m := resultTag.FindStringSubmatch(c.withParam)
	if m == nil {
		return
	}
	for _, from := range c.in.calls {
		if from.name != m[1] {
			continue
		}
		t, _ := l.target(from)
		if t == nil || t.Container == nil {
			return
		}
		if why := printsNoList(t); why != "" {
			l.report(c.obj, withParamResult, at, fmt.Sprintf("the output of %s is to be the list, but %s", from, why))
		}
	}
}

// silent are programs that print nothing, or no JSON.
var silent = []string{"cp", "mv", "rm", "mkdir", "touch", "ln", "chmod", "chown", "sleep", "true", "false"}

// printsNoList says why a container prints no list, as far as its template
// shows it.
func printsNoList(t *tmpl) string {
	for _, p := range t.Outputs.Parameters {
		if p.ValueFrom != nil && p.ValueFrom.Path != "" {
			return fmt.Sprintf("%s writes its results to files, such as the output parameter %q", t, p.Name)
		}
	}
	words := commandLine(t.Container)
	if len(words) == 0 {
		return ""
	}
	program := words[0][strings.LastIndexByte(words[0], '/')+1:]
	switch {
	case slices.Contains(silent, program):
		return program + " prints nothing"
	case program == "echo" && !hasTag(words[len(words)-1]) && !strings.HasPrefix(strings.TrimSpace(strings.Join(words[1:], " ")), "["):
		return "echo prints no JSON list"
	}
	return ""
}

func commandLine(c *corev1.Container) []string { return slices.Concat(c.Command, c.Args) }

// likelyItemKey looks for a slip in a key of items that only the run knows:
// almost, but not quite, the name of the argument that it fills.
func (l *linter) likelyItemKey(o *object, at path, name string, s *symbols, here option) {
	key, ok := strings.CutPrefix(name, "item.")
	if !ok || s.items == nil || s.items.known {
		return
	}
	var names []string
	for _, p := range s.items.call.args.Parameters {
		names = append(names, p.Name)
	}
	for _, a := range s.items.call.args.Artifacts {
		names = append(names, a.Name)
	}
	if slices.Contains(names, key) {
		return
	}
	for _, n := range names {
		if isSlip(key, n) {
			l.report(o, itemKey, at, fmt.Sprintf("{{item.%s}} fills %q, but is spelled in another way", key, n), fix("did you mean {{item."+n+"}}?"), here)
			return
		}
	}
}

var notLetters = regexp.MustCompile(`[^a-z]`)

// isSlip tells a slip of the pen from another word: names that differ in
// digits, case, hyphens or a plural are other words.
func isSlip(a, b string) bool {
	a, b = notLetters.ReplaceAllString(strings.ToLower(a), ""), notLetters.ReplaceAllString(strings.ToLower(b), "")
	if min(len(a), len(b)) < 4 || a == b || a+"s" == b || b+"s" == a {
		return false
	}
	return distance(a, b) <= 1+min(len(a), len(b))/8
}
