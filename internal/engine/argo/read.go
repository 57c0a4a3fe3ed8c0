package argo

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// reader turns the nodes of a Workflow into tasks.
type reader struct {
	wf        *wfv1.Workflow
	graph     graph.Graph
	templates map[string]wfv1.Template
	leaves    map[string][]string // by template: the steps that it comes down to
	steps     []string            // of the whole run
	tasks     tasks
}

func newReader(wf *wfv1.Workflow, g graph.Graph) *reader {
	r := &reader{
		wf: wf, graph: g, templates: map[string]wfv1.Template{}, leaves: map[string][]string{}, tasks: tasks{},
	}
	if spec := wf.Status.StoredWorkflowSpec; spec != nil {
		for _, t := range spec.Templates {
			r.templates[t.Name] = t
		}
		// A template that only refers to another has templates of the same names.
		for _, t := range wf.Status.StoredTemplates {
			r.templates[t.Name] = t
		}
		r.steps = r.stepsOf(spec.Entrypoint)
	} else { // the controller has not seen it yet
		for _, n := range g.Nodes {
			r.steps = append(r.steps, n.Name())
		}
	}
	return r
}

// templateOf names the template of a node.
func templateOf(n wfv1.NodeStatus) string {
	if n.TemplateRef != nil {
		return n.TemplateRef.Template
	}
	return n.TemplateName
}

// stepsOf returns the steps that a template comes down to.
func (r *reader) stepsOf(template string) []string {
	if list, ok := r.leaves[template]; ok {
		return list
	}
	r.leaves[template] = nil // a template that calls itself ends here
	t := r.templates[template]
	var list []string
	if own := t.Metadata.Annotations[argo.AnnotationSteps]; own != "" {
		list = strings.Split(own, ",")
	}
	if t.DAG != nil {
		for _, task := range t.DAG.Tasks {
			list = append(list, r.stepsOf(task.Template)...)
		}
	}
	for _, parallel := range t.Steps {
		for _, s := range parallel.Steps {
			list = append(list, r.stepsOf(s.Template)...)
		}
	}
	r.leaves[template] = list
	return list
}

func (r *reader) read() {
	for _, n := range r.wf.Status.Nodes {
		switch {
		case n.Type == wfv1.NodeTypeTaskGroup:
			r.fanOut(n)
		case n.Type == wfv1.NodeTypeDAG, n.Type == wfv1.NodeTypeSteps, n.Type == wfv1.NodeTypeStepGroup:
			// Its parts are read by themselves.
		case n.NodeFlag != nil && n.NodeFlag.Retried:
			// An attempt is read with what it is an attempt of.
		default:
			r.node(n)
		}
	}
	for _, step := range r.steps {
		if len(r.tasks[step]) == 0 {
			r.tasks.at(r.graph, step, -1)
		}
	}
	r.tasks.absent(r.graph, runState(r.wf))
}

// fanOut makes the tasks of all tracks, also of those whose turn has not come.
func (r *reader) fanOut(group wfv1.NodeStatus) {
	var tracks []int
	for _, id := range group.Children {
		if n, ok := r.wf.Status.Nodes[id]; ok && within(n.Name, group.Name) {
			if track := r.track(n); track >= 0 {
				tracks = append(tracks, track)
			}
		}
	}
	for _, step := range r.stepsOf(templateOf(group)) {
		for _, track := range tracks {
			t := r.tasks.at(r.graph, step, track)
			t.Tracks, t.queued = len(tracks), group.StartedAt.Time
		}
	}
}

// track returns the index of the track that a node works on, or -1.
func (r *reader) track(n wfv1.NodeStatus) int {
	for range 10 { // no template is nested deeper
		if n.Inputs != nil {
			for _, p := range n.Inputs.Parameters {
				if p.Name != argo.ParamTrack || p.Value == nil {
					continue
				}
				if i, err := strconv.Atoi(p.Value.String()); err == nil {
					return i
				}
			}
		}
		outer, ok := r.wf.Status.Nodes[n.BoundaryID]
		if !ok {
			break
		}
		n = outer
	}
	return -1
}

// node reads a node that stands for a whole task, or for all the tasks of a
// pod, or for a part of the graph that was left out.
func (r *reader) node(n wfv1.NodeStatus) {
	attempts := r.attempts(n)
	steps := r.stepsOf(templateOf(n))
	for _, step := range steps {
		t := r.tasks.at(r.graph, step, r.track(n))
		t.Attempts, t.Template, t.Shared = attempts, templateOf(n), len(steps) > 1 && len(attempts) > 0
		t.Unsure = t.Shared
		t.State, t.Message = r.state(n, attempts)
		if t.queued.IsZero() {
			t.queued = n.StartedAt.Time
		}
		if len(attempts) == 0 {
			continue
		}
		last := attempts[len(attempts)-1]
		switch t.State {
		case engine.Running:
			if !t.Shared {
				t.Fraction = last.Fraction
			}
		case engine.Failed:
			t.Exit = last.Exit
		}
		if t.State.Ended() && !last.Finished.IsZero() {
			t.Took = last.Finished.Sub(attempts[0].Started)
		}
		if t.Hint = last.hint; t.Hint == "" || t.State != engine.Failed {
			t.Hint = advise(r.wf.Namespace, t.Message)
		}
	}
}

// attempts returns the pods of a node, the first one first.
func (r *reader) attempts(n wfv1.NodeStatus) []Attempt {
	pods := []wfv1.NodeStatus{n}
	if n.Type == wfv1.NodeTypeRetry {
		pods = nil
		for _, id := range n.Children {
			if c, ok := r.wf.Status.Nodes[id]; ok && c.NodeFlag != nil && c.NodeFlag.Retried {
				pods = append(pods, c)
			}
		}
		slices.SortStableFunc(pods, func(a, b wfv1.NodeStatus) int { return a.StartedAt.Compare(b.StartedAt.Time) })
	}
	var list []Attempt
	for i, p := range pods {
		if p.Type != wfv1.NodeTypePod {
			continue
		}
		a := Attempt{
			Pod: podName(r.wf, p), Started: p.StartedAt.Time, Finished: p.FinishedAt.Time, Failed: p.FailedOrError(),
			Pending: p.Phase == wfv1.NodePending, Fraction: fraction(p.Progress),
		}
		a.Message, a.hint = said(p.Message)
		a.lost = p.Phase == wfv1.NodeError
		if p.Outputs != nil && p.Outputs.ExitCode != nil {
			a.Exit, _ = strconv.Atoi(*p.Outputs.ExitCode)
		}
		switch {
		case i+1 < len(pods):
			a.wait = pods[i+1].StartedAt.Sub(p.FinishedAt.Time)
		case a.Failed && !n.Fulfilled():
			a.wait = r.backoff(templateOf(n), i+1)
		}
		list = append(list, a)
	}
	return list
}

// said reads what a step said out of what Argo says of its pod: the exit code
// and, where the pod's last words are kept, the step's own error and hint.
func said(message string) (text, hint string) {
	text = strings.TrimPrefix(message, "main: ")
	if _, words, ok := strings.Cut(text, "): "); ok && strings.HasPrefix(text, "Error (exit code ") {
		text = words
		for line := range strings.Lines(words) {
			if e, ok := strings.CutPrefix(line, "error: "); ok {
				text = strings.TrimSpace(e)
			}
			if h, ok := strings.CutPrefix(line, "hint: "); ok {
				hint = strings.TrimSpace(h)
			}
		}
	}
	return text, hint
}

// shutdownMessage is what Argo writes on a node that a shutdown ended.
const shutdownMessage = "workflow shutdown with strategy"

// state is how a task stands of which nothing but its node is known.
func (r *reader) state(n wfv1.NodeStatus, attempts []Attempt) (engine.State, string) {
	var last Attempt
	if len(attempts) > 0 {
		last = attempts[len(attempts)-1]
	}
	switch n.Phase {
	case wfv1.NodeSucceeded:
		return engine.Succeeded, ""
	case wfv1.NodeSkipped:
		if strings.Contains(n.Message, "empty params") {
			return engine.Skipped, engine.NoTracks
		}
		return engine.Skipped, n.Message
	case wfv1.NodeOmitted:
		return engine.Skipped, "" // said when all tasks are known
	case wfv1.NodeFailed, wfv1.NodeError:
		message := last.Message
		if message == "" {
			message, _ = said(n.Message)
		}
		if r.wf.Spec.Shutdown != "" && (strings.Contains(message+n.Message, shutdownMessage) || last.Exit == 143 || last.Exit == 137) {
			return engine.Canceled, ""
		}
		return engine.Failed, message
	}
	switch {
	case r.wf.Status.Phase.Completed():
		return engine.Canceled, ""
	case len(attempts) == 0:
		return engine.Queued, n.Message
	case last.Pending:
		return engine.Queued, pending(last.Message)
	case last.Failed && r.again(n, len(attempts), last):
		return engine.Retrying, last.Message
	default: // also one that failed for good, as long as Argo has not said so
		return engine.Running, ""
	}
}

// pending is why a pod has not started, without what is said of every pod.
func pending(message string) string {
	if message == "PodInitializing" || message == "ContainerCreating" {
		return ""
	}
	return message
}

// again reports whether the template's policy tries again after attempt number
// count, which failed.
func (r *reader) again(n wfv1.NodeStatus, count int, last Attempt) bool {
	policy := r.templates[templateOf(n)].RetryStrategy
	if policy == nil || policy.Limit != nil && count > policy.Limit.IntValue() {
		return false
	}
	// The rendered policies try again what was lost and a list of exit codes.
	codes := exitCodes.FindString(policy.Expression)
	return last.lost || codes == "" || strings.Contains(codes, "'"+strconv.Itoa(last.Exit)+"'")
}

var exitCodes = regexp.MustCompile(`lastRetry\.exitCode in \[[^]]*\]`)

// backoff is how long the template's policy waits after attempt number count.
func (r *reader) backoff(template string, count int) time.Duration {
	policy := r.templates[template].RetryStrategy
	if policy == nil || policy.Backoff == nil {
		return 0
	}
	wait := func(text string) time.Duration {
		d, _ := wfv1.ParseStringToDuration(text)
		return d
	}
	factor := 1.0
	if f := policy.Backoff.Factor; f != nil {
		factor = float64(max(1, f.IntValue()))
	}
	d := graph.Retry{Limit: count, First: wait(policy.Backoff.Duration), Factor: factor, Max: 1 << 62}
	if most := wait(policy.Backoff.Cap); most > 0 {
		d.Max = most
	}
	pause, _ := d.Wait(count)
	return pause
}
