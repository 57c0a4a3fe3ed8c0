package lint

import (
	"context"
	"os"
	"strings"
	"testing"
)

// A seed is one mistake, put into testdata/base.yaml.
type seed struct {
	name     string
	old, new string
	// rule is the one that has to see it.
	rule string
	// argo says whether Argo's own linter sees it too.
	argo bool
}

const (
	onNumber  = `"--number={{inputs.parameters.number}}"`
	onAlbum   = `"--album={{workflow.parameters.album-id}}"`
	onFiles   = "                - name: files\n                  value: \"{{tasks.resize-photo.outputs.parameters.file}}\"\n"
	onSheet   = "        command: [/photos, sheet]\n"
	onRetry   = "      retryStrategy:\n"
	onExit    = "  onExit: notify\n"
	onKey     = "albums/{{workflow.uid}}/photos/{{inputs.parameters.number}}.json"
	onDepends = "            depends: resize-photo\n"
)

// seeds are fifty mistakes that people make, each in an otherwise valid
// template.
var seeds = []seed{
	{"input for inputs", onNumber, `"--number={{input.parameters.number}}"`, "unknown-tag", false},
	{"unknown input parameter", onNumber, `"--number={{inputs.parameters.numbr}}"`, "unknown-tag", true},
	{"task for tasks", "{{tasks.list-photos.outputs.parameters.photos}}", "{{task.list-photos.outputs.parameters.photos}}", "unknown-tag", false},
	{"unknown task", "{{tasks.list-photos.outputs.parameters.photos}}", "{{tasks.list-photo.outputs.parameters.photos}}", "unknown-tag", true},
	{"unknown output parameter", "{{tasks.list-photos.outputs.parameters.photos}}", "{{tasks.list-photos.outputs.parameters.photo}}", "unknown-tag", true},
	{"unknown key of the item", "{{item.number}}", "{{item.nunber}}", "item-key", false},
	{"unknown workflow parameter", onAlbum, `"--album={{workflow.parameters.albumid}}"`, "unknown-tag", false},
	{"unknown input in an expression", onNumber, `"--number={{=inputs.parameters['numbr']}}"`, "unknown-variable", false},
	{"expression with a syntax error", onNumber, `"--number={{=inputs.parameters['number' + }}"`, "bad-expression", false},
	{"hyphen in an expression", onAlbum, `"--album={{=workflow.parameters.album-id}}"`, "expression-hyphen", false},
	{"retry expression", "lastRetry.exitCode == '75'", "lastRety.exitcod ==== '75'", "bad-expression", false},
	{"backoff duration", "duration: 10s", "duration: tensecs", "duration", false},
	{"retry limit", `limit: "2"`, `limit: "two"`, "retry-limit", false},
	{"depends on an unknown task", "depends: list-photos\n", "depends: list-photo\n", "unknown-dependency", true},
	{"depends on an unknown result", "depends: list-photos\n", "depends: list-photos.Succeded\n", "depends-syntax", true},
	{"depends with a syntax error", "depends: list-photos\n", "depends: list-photos &&\n", "depends-syntax", false},
	{"unknown template", "template: sheet\n", "template: sheets\n", "unknown-template", true},
	{"argument not passed", onFiles, "                []\n", "missing-argument", true},
	{"argument not declared", onFiles, onFiles + "                - {name: bogus, value: x}\n", "unknown-argument", false},
	{"unknown exit handler", onExit, "  onExit: notifyy\n", "unknown-template", true},
	{"unknown template of a hook", onExit, onExit + "  hooks:\n    running:\n      expression: workflow.status == \"Running\"\n      template: nope\n", "unknown-template", false},
	{"hook expression", onExit, onExit + "  hooks:\n    running:\n      expression: workflow.statuss === \n      template: notify\n", "bad-expression", false},
	{"unknown field", "serviceAccountName:", "serviceAcountName:", "unknown-field", true},
	{"input for inputs in a key", onKey, "albums/{{workflow.uid}}/photos/{{input.parameters.number}}.json", "unknown-tag", false},
	{"fan-in prefix that nobody writes", "key: albums/{{workflow.uid}}/photos\n", "key: albums/{{workflow.uid}}/photo\n", "fan-in-prefix", false},
	{"timeout", onRetry, "      timeout: 30x\n" + onRetry, "duration", false},
	{"deadline", onRetry, "      activeDeadlineSeconds: soon\n" + onRetry, "argo-invalid", true},
	{"empty enum", "enum: [small, large]", "enum: []", "argo-invalid", true},
	{"default that is not allowed", "value: small", "value: medium", "argo-invalid", true},
	{"mount without volume", onSheet, onSheet + "        volumeMounts: [{name: work, mountPath: /work}]\n", "missing-volume", false},
	{"quantity", onSheet, onSheet + "        resources: {requests: {memory: 4Gb}}\n", "bad-value", true},
	{"tag that never ends", onRetry, "      podSpecPatch: '{{{nope'\n" + onRetry, "unclosed-tag", true},
	{"two tasks of one name", "          - name: sheet\n", "          - name: list-photos\n", "argo-invalid", true},
	{"cycle", "          - name: list-photos\n", "          - name: list-photos\n            depends: sheet\n", "argo-invalid", true},
	{"output of a task that is not waited for", onDepends, "", "missing-dependency", true},
	{"list from a container that prints none", "{{tasks.list-photos.outputs.parameters.photos}}", "{{tasks.list-photos.outputs.result}}", "with-param-result", false},
	{"empty semaphore", onExit, onExit + "  synchronization:\n    semaphores: [{}]\n", "empty-lock", false},
	{"strategy of podGC", onExit, onExit + "  podGC: {strategy: OnPodComplete}\n", "argo-invalid", true},
	{"strategy of artifactGC", onExit, onExit + "  artifactGC: {strategy: OnWorkflowDone}\n", "unknown-strategy", false},
	{"unknown entrypoint", "entrypoint: album", "entrypoint: albun", "unknown-template", true},
	{"when with a syntax error", onDepends, onDepends + "            when: \"{{tasks.resize-photo.outputs.parameters.file}} = = x\"\n", "when-syntax", false},
	{"unknown artifact", onFiles, onFiles + "              artifacts:\n                - {name: all, from: \"{{tasks.resize-photo.outputs.artifacts.nope}}\"}\n", "unknown-tag", true},
	{"artifact of a fan-out", onFiles, onFiles + "              artifacts:\n                - {name: all, from: \"{{tasks.resize-photo.outputs.artifacts.photo}}\"}\n", "fan-out-artifact", false},
	{"unknown template of another object", "            template: sheet\n", "            templateRef: {name: nope, template: sheet}\n", "unknown-template", true},
	{"age of a memoized result", onRetry, "      memoize: {key: x, cache: {configMap: {name: c}}, maxAge: forever}\n" + onRetry, "duration", false},
	{"empty image", "        image: photos:v1\n" + onSheet, "        image: \"\"\n" + onSheet, "argo-invalid", true},
	{"key given twice", onRetry, "      retryStrategy: {limit: 1}\n" + onRetry, "duplicate-key", true},
	{"field of a secret reference", onSheet, onSheet + "        env: [{name: K, valueFrom: {secretKeyRef: {nam: x, key: token}}}]\n", "unknown-field", true},
	{"underscore in depends", "          - name: sheet\n" + onDepends, "          - name: list_photos\n            template: list-photos\n          - name: sheet\n            depends: resize-photo && list_photos\n", "unknown-dependency", true},
	{"unknown function in a key", onKey, "albums/{{workflow.uid}}/photos/{{=sprig.nope(inputs.parameters.number)}}.json", "unknown-function", false},
}

func TestSeededMistakes(t *testing.T) {
	t.Parallel()
	base := readBase(t)
	caught, argo := 0, 0
	for _, s := range seeds {
		text := s.in(t, base)
		findings := check(text)
		if hasRule(findings, s.rule) {
			caught++
		} else {
			t.Errorf("%s: no finding of %s, but %s", s.name, s.rule, said(findings))
		}
		alone := argoAlone(text)
		if alone {
			argo++
		}
		if alone != s.argo {
			t.Errorf("%s: Argo's own linter sees it: %v, want %v", s.name, alone, s.argo)
		}
	}
	t.Logf("of %d seeded mistakes lint sees %d, Argo's own linter %d", len(seeds), caught, argo)
	if len(seeds) != 50 || caught < 48 || argo != 25 {
		t.Errorf("of %d mistakes lint sees %d and Argo %d; want at least 48 and 25 of 50", len(seeds), caught, argo)
	}
}

func TestBaseIsClean(t *testing.T) {
	t.Parallel()
	if findings := check(readBase(t)); len(findings) > 0 {
		t.Errorf("the template without a mistake has findings:\n%s", said(findings))
	}
}

func (s seed) in(t *testing.T, base string) string {
	t.Helper()
	if !strings.Contains(base, s.old) {
		t.Fatalf("%s: the base has no %q", s.name, s.old)
	}
	return strings.Replace(base, s.old, s.new, 1)
}

// argoAlone says whether Argo's linter would complain: its strict parser or
// its validator.
func argoAlone(text string) bool {
	l := read([]File{{Name: "seed.yaml", Data: []byte(text)}})
	if len(l.findings) > 0 {
		return true
	}
	for _, o := range l.objects {
		if l.validate(context.Background(), o) != nil {
			return true
		}
	}
	return false
}

func readBase(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func check(text string) []Finding {
	return Check(context.Background(), []File{{Name: "test.yaml", Data: []byte(text)}}, Options{})
}

func hasRule(findings []Finding, rule string) bool {
	for _, f := range findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

func said(findings []Finding) string {
	var b strings.Builder
	_ = WriteText(&b, findings) // a builder takes everything
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}
