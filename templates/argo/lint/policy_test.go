package lint

import (
	"context"
	"strings"
	"testing"
)

// good is a workflow that keeps every rule of the house.
const good = `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: good-}
spec:
  entrypoint: main
  serviceAccountName: runner
  automountServiceAccountToken: false
  executor: {serviceAccountName: executor}
  securityContext:
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
  arguments:
    parameters: [{name: run, value: r}]
  templates:
  - name: main
    dag:
      tasks:
      - {name: list, template: list}
      - name: each
        depends: list
        template: each
        withParam: "{{tasks.list.outputs.parameters.numbers}}"
        arguments:
          parameters: [{name: number, value: "{{item}}"}]
      - {name: last, depends: each, template: list}
  - name: list
    retryStrategy:
      limit: 2
      retryPolicy: Always
      expression: lastRetry.exitCode == '75'
    outputs: {parameters: [{name: numbers, valueFrom: {path: /scratch/numbers}}]}
    volumes: [{name: scratch, emptyDir: {}}]
    container: &c
      image: registry/steps:v1
      command: [/step, list]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
  - name: each
    inputs: {parameters: [{name: number}]}
    outputs:
      artifacts:
      - name: page
        path: /scratch/page.html
        archive: {none: {}}
        s3: {key: "runs/{{workflow.parameters.run}}/{{inputs.parameters.number}}/page.html"}
    container:
      <<: *c
      args: ["{{inputs.parameters.number}}"]
`

// policies are changes to it, each of which breaks one rule. The text is what
// to replace, then what by, then the line of the finding.
var policies = []example{
	{"mutex", "removed-field", 6, "  serviceAccountName: runner\n|  synchronization: {mutex: {name: m}}\n"},
	{"retry of a DAG", "retry-not-on-leaf", 16, "  - name: main\n|  - name: main\n    retryStrategy: {limit: 1, retryPolicy: Always, expression: 'true'}\n"},
	{"default retry", "retry-not-on-leaf", 6, "  serviceAccountName: runner\n|  templateDefaults: {retryStrategy: {limit: 1, retryPolicy: Always, expression: 'true'}}\n"},
	{"retry of everything", "retry-not-on-leaf", 6, "  serviceAccountName: runner\n|  retryStrategy: {limit: 1}\n"},
	{"retry without a policy", "retry-open", 28, "      retryPolicy: Always\n|"},
	{"artifactGC", "artifact-gc", 6, "  serviceAccountName: runner\n|  artifactGC: {strategy: OnWorkflowDeletion}\n"},
	{"hook", "hook", 6, "  serviceAccountName: runner\n|  hooks: {late: {template: list, expression: workflow.status == \"Running\"}}\n"},
	{"expression", "expression-tag", 51, `"{{inputs.parameters.number}}"|"{{=inputs.parameters.number}}"`},
	{"spaces in a tag", "inexact-tag", 51, `"{{inputs.parameters.number}}"|"{{ inputs.parameters.number }}"`},
	{"tag of another language", "inexact-tag", 51, `"{{inputs.parameters.number}}"|"{{.Number}}"`},
	{"condition on a fan-out", "fan-out-when", 22, "        template: each\n|        template: each\n        when: \"{{item}} > 1\"\n"},
	{"gathered outputs", "aggregated-outputs", 25, "depends: each, template: list}|depends: each, template: each, arguments: {parameters: [{name: number, value: \"{{tasks.each.outputs.parameters}}\"}]}}"},
	{"key of one workflow", "key-of-run", 48, "runs/{{workflow.parameters.run}}/|runs/{{workflow.uid}}/"},
	{"arguments for nothing", "needless-argument", 18, "{name: list, template: list}|{name: list, template: list, arguments: {parameters: [{name: x, value: y}]}}"},
	{"root", "non-root", 32, "    runAsNonRoot: true\n|"},
	{"writable root", "read-only-root", 33, "        readOnlyRootFilesystem: true\n|"},
	{"capabilities", "drop-privileges", 33, "        capabilities: {drop: [ALL]}\n|"},
	{"seccomp", "seccomp", 32, "    seccompProfile: {type: RuntimeDefault}\n|"},
	{"limits", "resources", 33, ", limits: {memory: 64Mi}|"},
	{"latest", "image-latest", 34, "image: registry/steps:v1|image: registry:5000/steps"},
	{"command", "command", 33, "      command: [/step, list]\n|"},
	{"token", "service-account-token", 25, "  automountServiceAccountToken: false\n|"},
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	for _, s := range policies {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			before, after, _ := strings.Cut(s.text, "|")
			if !strings.Contains(good, before) {
				t.Fatalf("the good workflow has no %q", before)
			}
			text := []byte(strings.Replace(good, before, after, 1))
			files := []File{{Name: "test.yaml", Data: text}}
			if findings := Check(context.Background(), files, Options{}); len(findings) > 0 {
				t.Errorf("a rule of the house is called a mistake:\n%s", said(findings))
			}
			findings := Check(context.Background(), files, Options{Policy: true})
			if len(findings) == 0 {
				t.Fatalf("no finding of %s", s.rule)
			}
			for _, f := range findings {
				if f.Rule != s.rule || f.Severity != "warning" {
					t.Errorf("want %s only, got:\n%s", s.rule, said(findings))
					break
				}
			}
			if findings[0].Line != s.line {
				t.Errorf("in line %d, want %d:\n%s", findings[0].Line, s.line, said(findings))
			}
		})
	}
}

func TestGoodKeepsPolicies(t *testing.T) {
	t.Parallel()
	findings := Check(context.Background(), []File{{Name: "good.yaml", Data: []byte(good)}}, Options{Policy: true})
	if len(findings) > 0 {
		t.Errorf("the good workflow has findings:\n%s", said(findings))
	}
}
