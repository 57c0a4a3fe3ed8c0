package lint

import (
	"context"
	"strings"
	"testing"
)

// An example is a small manifest and the one finding that it is made for. An
// empty rule means that there may be none.
type example struct {
	name string
	rule string
	line int
	text string
}

const workflow = `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: sample-}
`

const leaf = `
  - name: leaf
    inputs: {parameters: [{name: num}]}
    container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.num}}"]}
`

// mistakes are examples of what the seeds do not show.
var mistakes = []example{
	{"not YAML", "invalid-yaml", 2, "a: 1\nb: [\n"},
	{"field of a step", "unknown-field", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: leaf, whn: x, arguments: {parameters: [{name: num, value: x}]}}]]` + leaf},
	{"field inside a step's arguments", "unknown-field", 11, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        template: leaf
        arguments: {parameters: [{name: num, valu: x, value: y}]}` + leaf},
	{"later step", "missing-dependency", 12, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: a, template: leaf, arguments: {parameters: [{name: num, value: x}]}}
      - name: b
        template: leaf
        when: "{{steps.a.outputs.result}} == x"
        arguments: {parameters: [{name: num, value: x}]}` + leaf},
	{"task in a condition that is not waited for", "missing-dependency", 9, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    dag: {tasks: [{name: a, template: leaf, arguments: {parameters: [{name: num, value: x}]}},
      {name: b, template: leaf, when: "{{tasks.a.status}} == Succeeded", arguments: {parameters: [{name: num, value: x}]}}]}` + leaf},
	{"task in an expression that is not waited for", "missing-dependency", 9, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    dag: {tasks: [{name: a, template: leaf, arguments: {parameters: [{name: num, value: x}]}},
      {name: b, template: leaf, arguments: {parameters: [{name: num, value: "{{=tasks.a.outputs.result + '!'}}"}]}}]}` + leaf},
	{"item outside a fan-out", "unknown-tag", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "busybox:1", command: [echo], args: ["{{item}}"]}
`},
	{"retries without a retryStrategy", "unknown-tag", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "busybox:1", command: [echo], args: ["{{retries}}"]}
`},
	{"line inside a block", "unknown-tag", 13, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    script:
      image: busybox:1
      command: [sh]
      source: |
        echo one
        echo {{input.parameters.num}}
`},
	{"key that not every item has", "item-key", 10, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: leaf, withItems: [{num: 1, m: 2}, {num: 3}], arguments: {parameters: [{name: num, value: "{{item.m}}"}]}}` + leaf},
	{"key of items that are no mappings", "item-key", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: leaf, withParam: "[1, 2]", arguments: {parameters: [{name: num, value: "{{item.num}}"}]}}]]` + leaf},
	{"key of a parameter's default", "item-key", 9, workflow + `spec:
  entrypoint: main
  arguments: {parameters: [{name: list, value: '[{"num": 1}]'}]}
  templates:
  - name: main
    steps: [[{name: a, template: leaf, withParam: "{{workflow.parameters.list}}", arguments: {parameters: [{name: num, value: "{{item.m}}"}]}}]]` + leaf},
	{"list that is none", "with-param", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: leaf, withParam: "1, 2", arguments: {parameters: [{name: num, value: "{{item}}"}]}}]]` + leaf},
	{"list from echo", "with-param-result", 10, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: list, template: list}
    - - {name: a, template: leaf, withParam: "{{steps.list.outputs.result}}", arguments: {parameters: [{name: num, value: "{{item}}"}]}}
  - name: list
    container: {image: "busybox:1", command: [/bin/echo], args: [a b]}` + leaf},
	{"item in quotes", "when-item", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: leaf, withItems: [1], when: "'{{item}}' == '1'", arguments: {parameters: [{name: num, value: x}]}}]]` + leaf},
	{"condition of a metric", "when-syntax", 7, workflow + `spec:
  entrypoint: leaf
  arguments: {parameters: [{name: num, value: x}]}
  metrics: {prometheus: [{name: runs, help: runs, when: "{{status}} = Failed", counter: {value: "1"}}]}
  templates:` + leaf},
	{"value that is not allowed", "argument-enum", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: pick, arguments: {parameters: [{name: size, value: huge}]}}]]
  - name: pick
    inputs: {parameters: [{name: size, enum: [small, large]}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{"hook without an expression", "bad-expression", 6, workflow + `spec:
  entrypoint: leaf
  hooks: {running: {template: leaf, arguments: {parameters: [{name: num, value: x}]}}}
  arguments: {parameters: [{name: num, value: x}]}
  templates:` + leaf},
	{"hook that is not handed its input", "missing-argument", 6, workflow + `spec:
  entrypoint: leaf
  hooks: {running: {template: leaf, expression: workflow.status == "Running"}}
  arguments: {parameters: [{name: num, value: x}]}
  templates:` + leaf},
	{"label from an unknown parameter", "unknown-variable", 6, workflow + `spec:
  entrypoint: leaf
  workflowMetadata: {labelsFrom: {num: {expression: workflow.parameters.m}}}
  arguments: {parameters: [{name: num, value: x}]}
  templates:` + leaf},
	{"outputs of an unknown step", "unknown-variable", 10, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: one-step, template: leaf, arguments: {parameters: [{name: num, value: x}]}}]]
    outputs:
      parameters: [{name: o, valueFrom: {expression: "steps['two-step'].outputs.result"}}]` + leaf},
	{"condition of an HTTP template", "bad-expression", 7, workflow + `spec:
  entrypoint: main
  templates:
  - {name: main, http: {url: "http://localhost", successCondition: "reponse.statusCode == 201"}}
`},
	{"backoff without a limit", "retry-backoff", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    retryStrategy: {backoff: {duration: 1s}}
    container: {image: "busybox:1", command: [echo]}
`},
	{"backoff without a duration", "retry-backoff", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    retryStrategy: {limit: 1, backoff: {factor: 2}}
    container: {image: "busybox:1", command: [echo]}
`},
	{"suspended for no time", "duration", 7, workflow + `spec:
  entrypoint: main
  templates:
  - {name: main, suspend: {duration: a while}}
`},
	{"delay of podGC", "duration", 6, workflow + `spec:
  entrypoint: leaf
  podGC: {strategy: OnPodSuccess, deleteDelayDuration: 1 minute}
  arguments: {parameters: [{name: num, value: x}]}
  templates:` + leaf},
	{"lifetime below zero", "duration", 6, workflow + `spec:
  entrypoint: leaf
  ttlStrategy: {secondsAfterSuccess: -1}
  arguments: {parameters: [{name: num, value: x}]}
  templates:` + leaf},
	{"memoization key with a slash", "memoize-key", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    memoize: {key: "a/{{workflow.name}}", maxAge: 1h, cache: {configMap: {name: c}}}
    container: {image: "busybox:1", command: [echo]}
`},
	{"key without the item", "key-collision", 10, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    dag: {tasks: [{name: a, template: write, withSequence: {count: 3}, arguments: {parameters: [{name: num, value: same}]}}]}
  - name: write
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "out/{{inputs.parameters.num}}"}}]}
    inputs: {parameters: [{name: num}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{"key without the outer item", "key-collision", 14, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: inner, withItems: [1, 2], arguments: {parameters: [{name: num, value: "{{item}}"}]}}]]
  - name: inner
    inputs: {parameters: [{name: num}]}
    steps: [[{name: b, template: write, withItems: [1, 2], arguments: {parameters: [{name: num, value: "{{item}}"}]}}]]
  - name: write
    inputs: {parameters: [{name: num}]}
    outputs: {artifacts: [{name: o, path: /o, gcs: {bucket: b, key: "out/{{inputs.parameters.num}}"}}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{"key of what was there before the fan-out", "key-collision", 13, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: a, template: leaf, arguments: {parameters: [{name: num, value: x}]}}
    - - {name: b, template: write, withItems: [1, 2], arguments: {parameters: [{name: num, value: "{{steps.a.outputs.result}}"}]}}
  - name: write
    inputs: {parameters: [{name: num}]}
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{inputs.parameters.num}}"}}]}
    container: {image: "busybox:1", command: [echo]}` + leaf},
	{"one key, two templates", "key-collision", 15, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: one}, {name: b, template: two}]]
  - name: one
    container: {image: "busybox:1", command: [echo]}
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/o"}}]}
  - name: two
    container: {image: "busybox:1", command: [echo]}
    outputs:
      artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/o"}}]
`},
	{"slip in a key that another run may write", "fan-in-prefix", 11, workflow + `spec:
  entrypoint: main
  arguments: {parameters: [{name: run, value: x}]}
  templates:
  - name: main
    steps: [[{name: a, template: one}], [{name: b, template: two}]]
  - name: two
    inputs: {artifacts: [{name: i, path: /i, s3: {key: "runs/{{workflow.parameters.run}}/word"}}]}
    container: {image: "busybox:1", command: [echo]}
  - name: one
    container: {image: "busybox:1", command: [echo]}
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "runs/{{workflow.parameters.run}}/words/1.json"}}]}
`},
	{"mount in a sidecar", "missing-volume", 9, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "busybox:1", command: [echo]}
    sidecars: [{name: s, image: "busybox:1", command: [echo], volumeMounts: [{name: v, mountPath: /v}]}]
`},
	{"mutex without a name", "empty-lock", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    synchronization: {mutexes: [{namespace: a}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{"semaphore without its key", "empty-lock", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    synchronization: {semaphores: [{configMapKeyRef: {name: a}}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{"pull policy", "unknown-strategy", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "busybox:1", command: [echo], imagePullPolicy: IfAbsent}
`},
	{"password in the environment", "plain-secret", 8, workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "busybox:1", command: [echo], env: [{name: DB_PASSWORD, value: hunter2}]}
`},
	{"key in a parameter", "plain-secret", 6, workflow + `spec:
  entrypoint: leaf
  arguments: {parameters: [{name: num, value: x}, {name: apiKey, value: abc}]}
  templates:` + leaf},
	{"signed URL", "plain-secret", 6, workflow + `spec:
  entrypoint: leaf
  arguments: {parameters: [{name: num, value: "https://b.s3.amazonaws.com/k?X-Amz-Signature=0123456789abcdef0123"}]}
  templates:` + leaf},
	{"schedule that stops on nothing", "unknown-variable", 7, `apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: sample}
spec:
  schedules: ["* * * * *"]
  concurrencyPolicy: Forbid
  stopStrategy: {expression: cronworkflow.fails > 3}
  workflowSpec: {entrypoint: a, templates: [{name: a, suspend: {}}]}
`},
	{"schedule's condition", "when-syntax", 6, `apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: sample}
spec:
  schedules: ["* * * * *"]
  when: "{{= cronworkflow.failed < 3 }} &&& true"
  workflowSpec: {entrypoint: a, templates: [{name: a, suspend: {}}]}
`},
	{"second document", "unknown-template", 6, "a: b\n--- # two\n" + `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: sample}
spec: {entrypoint: nope, templates: [{name: a, suspend: {}}]}
`},
	{"object in a list", "unknown-template", 6, `kind: List
items:
- apiVersion: argoproj.io/v1alpha1
  kind: Workflow
  metadata: {name: sample}
  spec: {entrypoint: nope, templates: [{name: a, suspend: {}}]}
`},
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, s := range mistakes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			expect(t, s, check(s.text))
		})
	}
}

// expect wants just the one finding that a sample is made for, at its line.
func expect(t *testing.T, s example, findings []Finding) {
	t.Helper()
	if len(findings) != 1 || findings[0].Rule != s.rule || findings[0].Line != s.line {
		t.Errorf("want %s in line %d, got:\n%s", s.rule, s.line, said(findings))
	}
}

// TestFilesSeeEachOther lints a run beside the template that it names.
func TestFilesSeeEachOther(t *testing.T) {
	t.Parallel()
	template := File{Name: "template.yaml", Data: []byte(`apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared}
spec:
  entrypoint: a
  arguments: {parameters: [{name: lang, value: en, enum: [en, fr]}]}
  templates: [{name: a, suspend: {}}]
`)}
	run := func(arguments string) File {
		return File{Name: "run.yaml", Data: []byte(workflow + "spec:\n  workflowTemplateRef: {name: shared}\n  arguments: {parameters: [" + arguments + "]}\n")}
	}
	for _, tt := range []struct {
		name, arguments string
		with            bool
		rule            string
	}{
		{"good", "{name: lang, value: fr}", true, ""},
		{"template not there", "{name: lang, value: fr}", false, "unknown-template"},
		{"slip in the name", "{name: lnag, value: fr}", true, "unknown-argument"},
		{"value not allowed", "{name: lang, value: de}", true, "argument-enum"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := []File{run(tt.arguments)}
			if tt.with {
				files = append(files, template)
			}
			findings := Check(context.Background(), files, Options{})
			if tt.rule == "" && len(findings) > 0 || tt.rule != "" && (len(findings) != 1 || findings[0].Rule != tt.rule) {
				t.Errorf("want %q, got:\n%s", tt.rule, said(findings))
			}
		})
	}
}

// TestEveryRuleFires keeps out rules that find nothing.
func TestEveryRuleFires(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{"argo-submit": true} // TestSubmission
	for _, s := range seeds {
		shown[s.rule] = true
	}
	for _, s := range append(append([]example{}, mistakes...), policies...) {
		shown[s.rule] = true
	}
	seen := map[string]bool{}
	for _, r := range Rules() {
		if !shown[r.ID] {
			t.Errorf("no sample shows %s", r.ID)
		}
		if seen[r.ID] || r.What == "" || r.Fix == "" || r.Class == "" {
			t.Errorf("rule is twice there or half there: %+v", r)
		}
		seen[r.ID] = true
		if !strings.Contains(Markdown(), "| `"+r.ID+"` |") {
			t.Errorf("the page of rules lacks %s", r.ID)
		}
	}
}

// TestSubmission shows what Argo only refuses when a template is submitted,
// and no rule says better: an argument that points nowhere.
func TestSubmission(t *testing.T) {
	t.Parallel()
	findings := check(`apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: t}
spec:
  entrypoint: a
  arguments: {parameters: [{name: lang, enum: [en, fr], valueFrom: {path: /x}}]}
  templates: [{name: a, suspend: {}}]
`)
	if !hasRule(findings, "argo-submit") && !hasRule(findings, "argo-invalid") {
		t.Errorf("want a finding of Argo's validator, got:\n%s", said(findings))
	}
}
