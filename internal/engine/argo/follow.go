package argo

import (
	"context"
	"iter"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Sight says how runs are looked at.
type Sight struct {
	Cluster Cluster
	Graph   graph.Graph
	// Store, when set, tells more: what was taken over from earlier runs, how
	// steps stand that share a pod, why a step failed.
	Store store.Store
	// Blind, when set, is told once why the store or the pods' warnings cannot
	// be read; the run is then shown without.
	Blind func(error)
}

// look is one look at one run, or a series of them.
type look struct {
	Sight
	records *records
	pods    map[string]warning // the latest, by pod
}

func (s Sight) look() *look {
	l := &look{Sight: s, pods: map[string]warning{}}
	if s.Store != nil {
		l.records = newRecords(s.Store, s.Graph)
	}
	return l
}

func (l *look) blind(err error) {
	if l.Blind != nil {
		l.Blind(err)
		l.Blind = nil
	}
}

// Status returns how the run of a Workflow stands.
func (s Sight) Status(ctx context.Context, wf *wfv1.Workflow) Status {
	return s.look().status(ctx, wf)
}

func (l *look) status(ctx context.Context, wf *wfv1.Workflow) Status {
	st := StatusOf(wf, l.Graph)
	if l.records != nil && len(st.Tasks) > 0 && st.Recording != "" {
		if err := l.records.enrich(ctx, &st); err != nil && ctx.Err() == nil {
			l.blind(err)
			l.records = nil
		}
	}
	for i, t := range st.Tasks {
		if t.State != engine.Queued || len(t.Attempts) == 0 {
			continue
		}
		// Kubernetes knows sooner and better than Argo why a pod waits. After a
		// retry it still knows of the pod that had the name before.
		last := t.Attempts[len(t.Attempts)-1]
		if w := l.pods[last.Pod]; w.text != "" && !w.at.Before(last.Started) {
			st.Tasks[i].Message, st.Tasks[i].Hint = w.text, advise(st.Namespace, w.text)
		}
	}
	return st
}

// lookAgain is how often the store is asked about steps that share a pod: the
// cluster does not tell when one of them ends.
const lookAgain = 2 * time.Second

// Follow yields how the run of a Workflow stands, each time that changes, to
// its end.
func (s Sight) Follow(parent context.Context, name string) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		ctx, cancel := context.WithCancel(parent)
		defer cancel()
		l := s.look()
		changes := engine.Stream(ctx, Watch(ctx, s.Cluster, name))
		warnings := engine.Stream(ctx, podWarningsOf(ctx, s.Cluster))
		again := time.NewTicker(lookAgain)
		defer again.Stop()
		var wf *wfv1.Workflow
		var st Status
		for {
			select {
			case c, ok := <-changes:
				if !ok {
					if parent.Err() != nil {
						yield(st, context.Cause(parent))
					}
					return
				}
				if c.Err != nil {
					yield(st, c.Err)
					return
				}
				wf = c.Value
			case w, ok := <-warnings:
				if !ok {
					warnings = nil
					continue
				}
				if w.Err != nil {
					l.blind(w.Err)
					continue
				}
				l.warn(w.Value)
			case <-again.C:
				if l.records == nil || !st.sharing() {
					continue
				}
			}
			if wf == nil {
				continue
			}
			st = l.status(ctx, wf)
			if !yield(st, nil) {
				return
			}
		}
	}
}

// sharing reports whether steps that share a pod are being done.
func (s Status) sharing() bool {
	for _, t := range s.Tasks {
		if t.Shared && !t.State.Ended() {
			return true
		}
	}
	return false
}

// warning is what Kubernetes warned of.
type warning struct {
	text string
	at   time.Time
}

// warn remembers the latest warning of a pod.
func (l *look) warn(ev corev1.Event) {
	text := firstLine(strings.TrimPrefix(ev.Message, "Error: "))
	if ev.Reason != "Failed" { // which says nothing
		text = ev.Reason + ": " + text
	}
	at := ev.LastTimestamp.Time
	if at.IsZero() {
		at = ev.EventTime.Time
	}
	if ev.Series != nil {
		at = ev.Series.LastObservedTime.Time
	}
	l.pods[ev.InvolvedObject.Name] = warning{text, at}
}

// podWarningsOf yields the warnings of the namespace's pods for as long as ctx
// lasts. It ends with an error only when they cannot be had at all.
func podWarningsOf(ctx context.Context, c Cluster) iter.Seq2[corev1.Event, error] {
	return func(yield func(corev1.Event, error) bool) {
		for w := (reconnect{once: true}); ; {
			var err error
			for ev, e := range c.warnings(ctx) {
				if err = e; err != nil {
					break
				}
				w.found()
				if !yield(ev, nil) {
					return
				}
			}
			if err = w.wait(ctx, err); err != nil {
				if ctx.Err() == nil {
					yield(corev1.Event{}, err)
				}
				return
			}
		}
	}
}
