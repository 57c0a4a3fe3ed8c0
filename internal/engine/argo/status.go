package argo

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Waiting is the state of a task whose turn has not come. No event has it.
const Waiting engine.State = "waiting"

// A Status is how a run stands: its Workflow in the words of the graph.
type Status struct {
	Workflow  string
	Namespace string
	Template  string
	Recording string
	Run       string
	Store     string // where artifacts and results lie; "" when that is not known

	State    engine.State
	Message  string // of a run that failed
	Hint     string
	Exit     int
	Progress float64 // 0 to 1, as Argo counts it
	Created  time.Time
	Started  time.Time // zero: not yet
	Finished time.Time // zero: not yet

	Tasks []Task // in graph order, then by track

	argo string // what Argo says of the Workflow
}

// A Task is how one step of a run stands, for one track where it fans out.
type Task struct {
	Step     string
	Track    int // -1 when not in a fan-out
	Tracks   int // how many tracks the fan-out has; 0: not known, or no fan-out
	State    engine.State
	Attempts []Attempt
	Fraction float64
	Took     time.Duration // with the ends
	Message  string        // why it failed, was skipped, or waits for its pod
	Hint     string
	Exit     int
	Optional bool

	Template string // of its pod
	Shared   bool   // its pod does other steps too
	Unsure   bool   // what is told is the pod's: only the store knows how the step stands
	queued   time.Time
}

// Name names the task for people.
func (t Task) Name() string { return run.TaskName(t.Step, t.Track) }

// Begun returns when the task's first attempt began; zero: not yet.
func (t Task) Begun() time.Time {
	if len(t.Attempts) == 0 {
		return time.Time{}
	}
	return t.Attempts[0].Started
}

// Ended returns when its last attempt ended; zero: not yet.
func (t Task) Ended() time.Time {
	if len(t.Attempts) == 0 {
		return t.queued
	}
	return t.Attempts[len(t.Attempts)-1].Finished
}

// An Attempt is one pod of a task.
type Attempt struct {
	Pod      string
	Started  time.Time
	Finished time.Time // zero: not yet
	Failed   bool
	Pending  bool // its pod has not started
	Fraction float64
	Message  string
	Exit     int
	lost     bool // it was no failure of the step
	hint     string
	wait     time.Duration // until the next attempt
}

// StatusOf reads how the run of a Workflow stands. The graph puts the steps in
// order and says which are optional; it may be another version than the
// Workflow's.
func StatusOf(wf *wfv1.Workflow, g graph.Graph) Status {
	s := Status{
		Workflow: wf.Name, Namespace: wf.Namespace, Store: wf.Annotations[annotationStore],
		Recording: argument(wf, argo.ParamRecording), Run: argument(wf, argo.ParamRun), State: runState(wf), Progress: fraction(wf.Status.Progress),
		Created: wf.CreationTimestamp.Time, Started: wf.Status.StartedAt.Time, Finished: wf.Status.FinishedAt.Time,
	}
	s.argo = wf.Status.Message
	if ref := wf.Spec.WorkflowTemplateRef; ref != nil {
		s.Template = ref.Name
	}
	r := newReader(wf, g)
	r.read()
	s.fill(g, r.tasks, r.steps)
	return s
}

// fill sets the tasks, in order, and what follows from them.
func (s *Status) fill(g graph.Graph, all tasks, order []string) {
	rank := rankOf(g, order)
	s.Tasks = nil
	for _, byTrack := range all {
		for _, t := range byTrack {
			s.Tasks = append(s.Tasks, *t)
		}
	}
	slices.SortFunc(s.Tasks, func(a, b Task) int {
		return cmp.Or(cmp.Compare(rank[a.Step], rank[b.Step]), cmp.Compare(a.Track, b.Track))
	})
	s.explain()
}

// argument returns what a Workflow was given for a parameter.
func argument(wf *wfv1.Workflow, name string) string {
	if p := wf.Spec.Arguments.GetParameterByName(name); p != nil && p.Value != nil {
		return p.Value.String()
	}
	return ""
}

// explain says why the run failed: by the first step that did, in graph order.
func (s *Status) explain() {
	s.Message, s.Hint, s.Exit = "", "", 0
	switch s.State {
	case engine.Canceled:
		s.Message = "stopped"
	case engine.Failed:
		s.Message = s.argo
		s.Hint = advise(s.Namespace, s.Message)
		if t, ok := s.culprit(); ok {
			s.Message, s.Hint, s.Exit = t.Name()+": "+t.Message, t.Hint, t.Exit
			if t.Unsure {
				s.Message = "pod " + run.TaskName(t.Template, t.Track) + ": " + t.Message
			}
		}
	}
}

// culprit returns the task that made the run fail: the first in graph order
// that failed for good, or else that failed.
func (s *Status) culprit() (found Task, ok bool) {
	for _, t := range s.Tasks {
		if t.State != engine.Failed || t.Optional {
			continue
		}
		if t.Exit == int(steps.Permanent) || t.Exit == int(steps.Misuse) {
			return t, true
		}
		if !ok {
			found, ok = t, true
		}
	}
	return found, ok
}

func runState(wf *wfv1.Workflow) engine.State {
	switch wf.Status.Phase {
	case wfv1.WorkflowSucceeded:
		return engine.Succeeded
	case wfv1.WorkflowFailed, wfv1.WorkflowError:
		if wf.Spec.Shutdown != "" {
			return engine.Canceled
		}
		return engine.Failed
	case wfv1.WorkflowRunning:
		return engine.Running
	default:
		return engine.Queued
	}
}

func fraction(p wfv1.Progress) float64 {
	n, m, _ := strings.Cut(string(p), "/")
	done, err1 := strconv.ParseFloat(n, 64)
	all, err2 := strconv.ParseFloat(m, 64)
	if err1 != nil || err2 != nil || all <= 0 {
		return 0
	}
	return min(1, max(0, done/all))
}

// Counts returns how many tasks have ended, and how many are known.
func (s Status) Counts() (ended, all int) {
	for _, t := range s.Tasks {
		if t.State.Ended() {
			ended++
		}
	}
	return ended, len(s.Tasks)
}

// rankOf orders steps: those of the graph, then others.
func rankOf(g graph.Graph, others []string) map[string]int {
	rank := map[string]int{}
	for _, n := range g.Nodes {
		rank[n.Name()] = len(rank)
	}
	for _, name := range others {
		if _, ok := rank[name]; !ok {
			rank[name] = len(rank)
		}
	}
	return rank
}
