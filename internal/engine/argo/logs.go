package argo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/trackscribe/trackscribe/internal/run"
)

// A LogLine is one line that a pod of a task wrote.
type LogLine struct {
	Task    string // "pad-track[2]", or the template of a pod that does several
	Attempt int
	Text    string
}

// Pod is one pod whose log can be read.
type Pod struct {
	Name    string
	Task    string
	Attempt int
	Steps   []string // and track, as tasks are named
	begun   bool
	ended   bool
}

// Pods returns the pods of a run, in the order in which they began.
func (s Status) Pods() []Pod {
	byName := map[string]*Pod{}
	var order []string
	for _, t := range s.Tasks {
		for i, a := range t.Attempts {
			if a.Pod == "" {
				continue
			}
			p := byName[a.Pod]
			if p == nil {
				p = &Pod{Name: a.Pod, Task: t.Name(), Attempt: i + 1}
				byName[a.Pod], order = p, append(order, a.Pod)
			} else {
				p.Task = run.TaskName(t.Template, t.Track)
			}
			p.Steps = append(p.Steps, t.Name(), t.Step)
			p.begun, p.ended = !a.Pending, !a.Finished.IsZero()
		}
	}
	var list []Pod
	for _, name := range order {
		list = append(list, *byName[name])
	}
	return list
}

// Logs tells the lines that a run's pods wrote, as they come with Follow, else
// pod by pod. want selects pods; nil: all. gone is told of pods that are not
// there any more.
func (s Sight) Logs(ctx context.Context, name string, opt LogOptions, want func(Pod) bool, line func(LogLine), gone func(Pod)) error {
	wf, err := s.Cluster.Get(ctx, name)
	if err != nil {
		return err
	}
	var mu sync.Mutex // line and gone are told by one pod at a time
	one := func(p Pod) error {
		for text, err := range s.Cluster.log(ctx, name, p.Name, opt) {
			mu.Lock()
			switch {
			case errors.Is(err, ErrNotFound):
				gone(p)
				err = nil
			case err == nil && remark(text):
				mu.Unlock()
				continue
			case err == nil:
				line(LogLine{Task: p.Task, Attempt: p.Attempt, Text: text})
				mu.Unlock()
				continue
			}
			mu.Unlock()
			return err
		}
		return nil
	}
	chosen := func(st Status) []Pod {
		return slices.DeleteFunc(st.Pods(), func(p Pod) bool { return !p.begun || want != nil && !want(p) })
	}
	st := StatusOf(wf, s.Graph)
	if !opt.Follow || st.State.Ended() {
		opt.Follow = false
		for _, p := range chosen(st) {
			if err := one(p); err != nil {
				return err
			}
		}
		return nil
	}
	return s.followLogs(ctx, name, chosen, one)
}

// remark reports whether a line is one that Argo's executor writes among those
// of every step, to say that all is well.
func remark(text string) bool {
	return strings.HasPrefix(text, "time=") && strings.Contains(text, " level=info ") && strings.Contains(text, " argo=true")
}

// followLogs reads the log of each pod from when it has begun, to the end of
// the run.
func (s Sight) followLogs(ctx context.Context, name string, chosen func(Status) []Pod, one func(Pod) error) error {
	var all sync.WaitGroup
	defer all.Wait()
	var mu sync.Mutex
	var failed error
	reading := map[string]bool{}
	for wf, err := range Watch(ctx, s.Cluster, name) {
		if err != nil {
			return err
		}
		for _, p := range chosen(StatusOf(wf, s.Graph)) {
			if reading[p.Name] {
				continue
			}
			reading[p.Name] = true
			all.Go(func() {
				if err := one(p); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	return failed
}
