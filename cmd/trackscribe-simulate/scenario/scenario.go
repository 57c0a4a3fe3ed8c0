// Package scenario says what happens to the pods of a simulated run, and is
// the kubelet's runtime that makes it happen: which fail, how often and with
// which exit code, which are lost, which take their time, and what they put
// out. Nothing is left to chance.
package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// ExitTerminated is what a container exits with that was told to end.
const ExitTerminated = 143

// A Scenario says what happens in a run. The zero value lets every pod succeed
// at once.
type Scenario struct {
	Fail  []Fail
	Lose  []Fail // pods that are taken away while they run
	Delay []Delay
	// Outputs are the values of output parameters, by template and parameter;
	// what a script prints is its parameter "result".
	Outputs map[string]map[string]string
}

// A Target is a step or one track of it. It is the name of a template or of a
// task or, in our own pipelines, of a step wherever it runs.
type Target struct {
	Step  string
	Track int // -1: all
}

func (t Target) String() string {
	if t.Track < 0 {
		return t.Step
	}
	return fmt.Sprintf("%s[%d]", t.Step, t.Track)
}

// A Fail makes attempts of a target fail.
type Fail struct {
	Target
	Times int // first attempts that fail; 0: all
	Exit  int
}

func (f Fail) String() string {
	s := f.Target.String()
	if f.Times > 0 {
		s += fmt.Sprintf("x%d", f.Times)
	}
	if f.Exit > 0 {
		s += fmt.Sprintf("=%d", f.Exit)
	}
	return s
}

// A Delay makes a target's attempts take their time.
type Delay struct {
	Target
	For time.Duration
}

// Tracks returns the value of an output parameter that lists n tracks.
func Tracks(n int) string {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	b, _ := json.Marshal(list) // numbers cannot fail
	return string(b)
}

// A Script is a scenario in one run. It counts what it did.
type Script struct {
	scenario Scenario

	mu   sync.Mutex
	done map[string]int // how often each fail and loss came, by pod it is for
	used map[string]bool
}

// Script begins the scenario anew, for one run.
func (s Scenario) Script() *Script {
	return &Script{scenario: s, done: map[string]int{}, used: map[string]bool{}}
}

// Unused returns what the scenario wanted but what no pod was there for.
func (s *Script) Unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for flag, all := range s.scenario.wishes() {
		for _, w := range all {
			if !s.used[flag+w.String()] {
				list = append(list, fmt.Sprintf("--%s %s", flag, w))
			}
		}
	}
	slices.Sort(list)
	return list
}

func (s Scenario) wishes() map[string][]fmt.Stringer {
	m := map[string][]fmt.Stringer{}
	for _, f := range s.Fail {
		m["fail"] = append(m["fail"], f)
	}
	for _, f := range s.Lose {
		m["lose"] = append(m["lose"], f)
	}
	for _, d := range s.Delay {
		m["delay"] = append(m["delay"], d.Target)
	}
	return m
}

// Run does what the scenario says for the pod.
func (s *Script) Run(ctx context.Context, p *kubelet.Pod) kubelet.Result {
	if d := s.delay(p); d > 0 {
		if err := p.Running(ctx); err != nil {
			return kubelet.Result{Exit: 1, Message: err.Error()}
		}
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return kubelet.Result{Exit: ExitTerminated, Message: context.Cause(ctx).Error()}
		}
	}
	if f, ok := s.take("lose", s.scenario.Lose, p); ok {
		if err := p.SeenRunning(ctx); err != nil {
			return kubelet.Result{Exit: ExitTerminated, Message: fmt.Sprintf("lose %s: %v", f, err)}
		}
		return kubelet.Result{Exit: ExitTerminated, Lost: true, Message: "the pod is taken away"}
	}
	if f, ok := s.take("fail", s.scenario.Fail, p); ok {
		return kubelet.Result{Exit: f.Exit, Message: f.Step + " fails, as asked"}
	}
	outputs, err := s.outputs(p)
	return kubelet.Result{Outputs: outputs, Unsaved: err}
}

func (s *Script) delay(p *kubelet.Pod) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var longest time.Duration
	for _, d := range s.scenario.Delay {
		if d.concerns(p) {
			s.used["delay"+d.Target.String()] = true
			longest = max(longest, d.For)
		}
	}
	return longest
}

// take finds what happens to this attempt of the pod, and counts it.
func (s *Script) take(flag string, list []Fail, p *kubelet.Pod) (Fail, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range list {
		if !f.concerns(p) {
			continue
		}
		// Attempts are counted per pod of the fan-out.
		id := fmt.Sprintf("%s %s %s[%d]", flag, f, p.Task, p.Track)
		if f.Times > 0 && s.done[id] >= f.Times {
			continue
		}
		s.done[id]++
		s.used[flag+f.String()] = true
		return f, true
	}
	return Fail{}, false
}

// concerns reports whether the pod does the target's work. A pod that does
// several steps for all tracks is concerned by each track.
func (t Target) concerns(p *kubelet.Pod) bool {
	within := p.Steps()
	if t.Step != p.Template.Name && t.Step != p.Task && !slices.Contains(within, t.Step) {
		return false
	}
	return t.Track < 0 || t.Track == p.Track || p.Track < 0 && len(within) > 1
}

// outputs makes what the pod's template promises.
func (s *Script) outputs(p *kubelet.Pod) (wfv1.Outputs, error) {
	out := wfv1.Outputs{Artifacts: p.Template.Outputs.Artifacts}
	values := s.scenario.Outputs[p.Template.Name]
	if v, ok := values["result"]; ok {
		out.Result = &v
	}
	for _, param := range p.Template.Outputs.Parameters {
		from := param.ValueFrom
		if from == nil || from.Path == "" {
			continue
		}
		if v, ok := values[param.Name]; ok {
			param.Value = wfv1.AnyStringPtr(v)
		} else if from.Default != nil {
			param.Value = from.Default
		} else {
			return out, fmt.Errorf("output parameter %q of template %q has no value: set it: --set %[2]s.%[1]s=VALUE", param.Name, p.Template.Name)
		}
		out.Parameters = append(out.Parameters, param)
	}
	return out, nil
}
