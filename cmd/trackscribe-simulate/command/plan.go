package command

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/own"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/scenario"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// namespace is where a simulated workflow lives.
const namespace = "simulated"

// A plan is a workflow to run and what runs its pods.
type plan struct {
	objects  cluster.Loaded
	workflow *wfv1.Workflow
	// runtime makes what runs the pods, and a function that tells, afterwards,
	// what went wrong with it.
	runtime func(context.Context, *cluster.Cluster) (kubelet.Runtime, func() []string, error)
}

// plan works out what to run, before anything is started.
func (o *options) plan(ctx context.Context, env Env) (*plan, error) {
	params, err := pairs("parameter", o.params)
	if err != nil {
		return nil, err
	}
	switch {
	case o.matrix:
		return nil, nil
	case o.exec:
		return o.planExec(ctx, env, params)
	case len(o.args) > 0:
		return o.planFiles(env, params)
	default:
		return o.planOwn(params)
	}
}

// planOwn runs our own pipeline with scripted pods.
func (o *options) planOwn(params map[string]string) (*plan, error) {
	g := pipeline.New()
	if err := operate.Check(g, params, nil); err != nil {
		return nil, err
	}
	p, err := own.Render(g, argo.Options{Granularity: argo.Granularity(o.granularity)})
	if err != nil {
		return nil, err
	}
	r := p.Run("recording", "run")
	r.Params = params
	t, err := p.Objects.Template(p.Template)
	if err != nil {
		return nil, err
	}
	return o.scripted(p.Objects, p.Workflow(namespace, r), t.Spec)
}

// planFiles runs what the files hold, with scripted pods.
func (o *options) planFiles(env Env, params map[string]string) (*plan, error) {
	var files []cluster.File
	for _, name := range o.args {
		read := func() ([]byte, error) { return os.ReadFile(name) }
		if name == "-" {
			read = func() ([]byte, error) { return io.ReadAll(env.Stdin) }
		}
		b, err := read()
		if err != nil {
			return nil, err
		}
		files = append(files, cluster.File{Name: name, Data: b})
	}
	l, err := cluster.Read(files...)
	if err != nil {
		return nil, err
	}
	wf, spec, err := o.choose(l)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		p := wfv1.Parameter{Name: name, Value: wfv1.AnyStringPtr(params[name])}
		wf.Spec.Arguments.Parameters = slices.DeleteFunc(wf.Spec.Arguments.Parameters, func(old wfv1.Parameter) bool { return old.Name == name })
		wf.Spec.Arguments.Parameters = append(wf.Spec.Arguments.Parameters, p)
	}
	return o.scripted(l, wf, spec)
}

// choose finds the one thing to run among what was read.
func (o *options) choose(l cluster.Loaded) (*wfv1.Workflow, wfv1.WorkflowSpec, error) {
	switch {
	case o.template == "" && len(l.Workflows) == 1:
		wf := l.Workflows[0].DeepCopy()
		if wf.Name == "" {
			wf.Name = wf.GenerateName + "simulated"
		}
		wf.Namespace = namespace
		if ref := wf.Spec.WorkflowTemplateRef; ref != nil {
			t, err := l.Template(ref.Name)
			return wf, t.Spec, err
		}
		return wf, wf.Spec, nil
	case o.template == "" && len(l.Workflows) > 1:
		return nil, wfv1.WorkflowSpec{}, steps.Wrong("give one of them", "there are %d Workflows to choose from", len(l.Workflows))
	}
	t, err := l.Template(o.template)
	if err != nil {
		return nil, t.Spec, err
	}
	return &wfv1.Workflow{
		ObjectMeta: metav1.ObjectMeta{Name: t.Name, Namespace: namespace},
		Spec:       wfv1.WorkflowSpec{WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: t.Name}},
	}, t.Spec, nil
}

// scripted is a plan whose pods do what the flags say.
func (o *options) scripted(l cluster.Loaded, wf *wfv1.Workflow, spec wfv1.WorkflowSpec) (*plan, error) {
	s, err := o.scenario(templates(l, spec))
	if err != nil {
		return nil, err
	}
	return &plan{objects: l, workflow: wf, runtime: func(context.Context, *cluster.Cluster) (kubelet.Runtime, func() []string, error) {
		script := s.Script()
		return script, func() []string {
			var list []string
			for _, u := range script.Unused() {
				list = append(list, u+": no pod came to that")
			}
			return list
		}, nil
	}}, nil
}

// templates returns those that may be used, also by reference to another
// WorkflowTemplate.
func templates(l cluster.Loaded, spec wfv1.WorkflowSpec) []wfv1.Template {
	list := slices.Clone(spec.Templates)
	seen := map[string]bool{}
	for i := 0; i < len(list); i++ {
		refs := []*wfv1.TemplateRef{}
		if list[i].DAG != nil {
			for _, task := range list[i].DAG.Tasks {
				refs = append(refs, task.TemplateRef)
			}
		}
		for _, group := range list[i].Steps {
			for _, step := range group.Steps {
				refs = append(refs, step.TemplateRef)
			}
		}
		for _, ref := range refs {
			if ref == nil || seen[ref.Name] {
				continue
			}
			seen[ref.Name] = true
			if t, err := l.Template(ref.Name); err == nil { // else the controller says so
				list = append(list, t.Spec.Templates...)
			}
		}
	}
	return list
}

// scenario reads the flags that say what happens to pods.
func (o *options) scenario(list []wfv1.Template) (scenario.Scenario, error) {
	var s scenario.Scenario
	names := stepNames(list)
	fanOuts(list, func(template, param string) { s.SetOutput(template, param, scenario.Tracks(o.tracks)) })
	for _, text := range o.outputs {
		if err := s.ParseOutput(text); err != nil {
			return s, err
		}
	}
	for _, text := range o.fail {
		f, err := scenario.ParseFail(text, names)
		if err != nil {
			return s, err
		}
		s.Fail = append(s.Fail, f)
	}
	for _, text := range o.lose {
		f, err := scenario.ParseLoss(text, names)
		if err != nil {
			return s, err
		}
		s.Lose = append(s.Lose, f)
	}
	for _, text := range o.delay {
		d, err := scenario.ParseDelay(text, names)
		if err != nil {
			return s, err
		}
		s.Delay = append(s.Delay, d)
	}
	return s, missing(list, s)
}

// stepNames are the names that a flag may use.
func stepNames(list []wfv1.Template) []string {
	names := map[string]bool{}
	for _, t := range list {
		if t.IsPodType() {
			names[t.Name] = true
		}
		if list := t.Metadata.Annotations[argo.AnnotationSteps]; list != "" {
			for _, step := range strings.Split(list, ",") {
				names[step] = true
			}
		}
		if t.DAG != nil {
			for _, task := range t.DAG.Tasks {
				names[task.Name] = true
			}
		}
		for _, group := range t.Steps {
			for _, step := range group.Steps {
				names[step.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// fanOuts finds the output parameters that something fans out over.
func fanOuts(list []wfv1.Template, found func(template, param string)) {
	for _, t := range list {
		if t.DAG == nil {
			continue
		}
		templates := map[string]string{}
		for _, task := range t.DAG.Tasks {
			templates[task.Name] = task.Template
		}
		for _, task := range t.DAG.Tasks {
			ref := strings.TrimSuffix(strings.TrimPrefix(task.WithParam, "{{tasks."), "}}")
			from, param, ok := strings.Cut(ref, ".outputs.parameters.")
			if template := templates[strings.TrimSpace(from)]; ok && template != "" {
				found(template, strings.TrimSpace(param))
			}
		}
	}
}

// missing reports an output parameter that nothing gives a value: its pod could
// not but fail.
func missing(list []wfv1.Template, s scenario.Scenario) error {
	for _, t := range list {
		for _, p := range t.Outputs.Parameters {
			if _, ok := s.Outputs[t.Name][p.Name]; ok || p.ValueFrom == nil || p.ValueFrom.Path == "" || p.ValueFrom.Default != nil {
				continue
			}
			return steps.Wrong(fmt.Sprintf("say which: --set %s.%s=VALUE", t.Name, p.Name),
				"output parameter %q of template %q has no value: its pods are scripted", p.Name, t.Name)
		}
	}
	return nil
}
