package lint

import "testing"

// valid are examples that look like a mistake and are none.
var valid = []example{
	{name: "no document", text: ""},
	{name: "another kind", text: "apiVersion: v1\nkind: ConfigMap\ndata: {a: '{{input.parameters.x}}'}\n"},
	{name: "other template languages", text: workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    script:
      image: busybox:1
      command: [sh]
      source: |
        docker ps --format '{{.Names}} {{ user.name }}'
        {% for item in items %}{{ item }}{% endfor %}
`},
	{name: "tags with spaces, hooks and retries", text: workflow + `spec:
  entrypoint: main
  onExit: end
  arguments: {parameters: [{name: my-list, value: '[{"num": 1}, {"num": 2}]'}]}
  templates:
  - name: main
    dag:
      tasks:
      - name: first
        template: leaf
        arguments: {parameters: [{name: num, value: "{{ workflow.parameters.my-list }}"}]}
        hooks:
          exit: {template: leaf, arguments: {parameters: [{name: num, value: "{{tasks.first.outputs.result}}"}]}}
          late: {template: leaf, expression: 'tasks.first.status == "Running"', arguments: {parameters: [{name: num, value: x}]}}
      - name: each
        depends: first && !first.Failed
        template: leaf
        withParam: "{{workflow.parameters.my-list}}"
        when: "{{item.num}} > 1 && '{{tasks.first.status}}' == Succeeded"
        arguments: {parameters: [{name: num, value: "{{item.num}}-{{=sprig.upper(workflow.parameters['my-list'])}}"}]}
  - name: leaf
    inputs: {parameters: [{name: num}]}
    retryStrategy:
      limit: "{{inputs.parameters.num}}"
      expression: "asInt(lastRetry.exitCode) > 1 && ({{inputs.parameters.num}} == true || lastRetry.message matches 'x')"
      backoff: {duration: "30", factor: 2, maxDuration: 5m}
    container: {image: "busybox:1", command: [echo], args: ["{{retries}} {{pod.name}} {{workflow.creationTimestamp.Y}}"]}
  - name: end
    container: {image: "busybox:1", command: [echo], args: ["{{workflow.failures}}"]}
`},
	{name: "keys of items that only the run knows", text: workflow + `spec:
  entrypoint: main
  arguments: {parameters: [{name: list, value: "[]"}]}
  templates:
  - name: main
    steps:
    - - name: a
        template: leaf
        withParam: "{{workflow.parameters.list}}"
        arguments: {parameters: [{name: image, value: "{{item.images}}"}, {name: file-name, value: "{{item.fileName}}"}, {name: part1, value: "{{item.part2}}"}]}
  - name: leaf
    inputs: {parameters: [{name: image}, {name: file-name}, {name: part1}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{name: "keys that do not collide", text: workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: a, template: each, withItems: [1, 2], arguments: {parameters: [{name: num, value: "{{item}}"}]}}
    - - {name: b, template: heads, when: "{{workflow.name}} == x"}
      - {name: c, template: tails, when: "{{workflow.name}} != x"}
      - {name: d, template: update}
      - {name: e, template: update}
  - name: each
    inputs: {parameters: [{name: num}]}
    steps: [[{name: w, template: write, arguments: {parameters: [{name: m, value: "x{{inputs.parameters.num}}"}]}}]]
  - name: write
    inputs: {parameters: [{name: m}]}
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/{{inputs.parameters.m}}"}}, {name: p, path: /p, s3: {key: "{{workflow.name}}/all/"}}]}
    container: {image: "busybox:1", command: [echo]}
  - name: heads
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/coin"}}]}
    container: {image: "busybox:1", command: [echo]}
  - name: tails
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/coin"}}]}
    container: {image: "busybox:1", command: [echo]}
  - name: update
    inputs: {artifacts: [{name: i, path: /i, optional: true, s3: {key: "{{workflow.name}}/state"}}]}
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/state"}}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{name: "what is no secret", text: workflow + `spec:
  entrypoint: main
  arguments: {parameters: [{name: max-tokens, value: "4000"}, {name: token-url, value: "https://x/y"}, {name: password, value: ""}, {name: secret-name, value: a}]}
  templates:
  - name: main
    container:
      image: busybox:1
      command: [echo]
      env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: a, key: b}}}, {name: MY_TOKEN, value: "$(TOKEN)"}, {name: API_KEY, value: /run/key}]
`},
	{name: "library whose volumes and parameters come from its caller", text: `apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: library}
spec:
  templates:
  - name: a
    container: {image: "busybox:1", command: [echo], args: ["{{workflow.parameters.theirs}}"], volumeMounts: [{name: theirs, mountPath: /v}]}
`},
	{name: "parameters that come with a submission", text: `apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: bound}
spec:
  entrypoint: a
  templates:
  - name: a
    inputs: {parameters: [{name: asked}]}
    container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.asked}} {{workflow.parameters.event}}"]}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowEventBinding
metadata: {name: bind}
spec: {event: {selector: "true"}, submit: {workflowTemplateRef: {name: bound}, arguments: {parameters: [{name: event, valueFrom: {event: payload.x}}]}}}
`},
	{name: "inline templates", text: workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    inputs: {parameters: [{name: num, value: x}]}
    dag:
      tasks:
      - name: a
        withItems: [1, 2]
        inline:
          container: {image: "busybox:1", command: [echo], args: ["{{item}} {{inputs.parameters.num}}"]}
          outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/{{item}}"}}]}
`},
	{name: "tasks in an inline template of a fan-out", text: workflow + `spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - name: a
        withItems: [1, 2]
        inline:
          dag: {tasks: [{name: w, template: write, arguments: {parameters: [{name: num, value: "{{item}}"}]}}]}
  - name: write
    inputs: {parameters: [{name: num}]}
    outputs: {artifacts: [{name: o, path: /o, s3: {key: "{{workflow.name}}/{{inputs.parameters.num}}"}}]}
    container: {image: "busybox:1", command: [echo]}
`},
	{name: "anchors and merges", text: workflow + `spec:
  entrypoint: a
  templates:
  - &a {name: a, suspend: {duration: 1s}}
  - <<: *a
    name: b
`},
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, s := range valid {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if findings := check(s.text); len(findings) > 0 {
				t.Errorf("want no finding:\n%s", said(findings))
			}
		})
	}
}
