package argo

import (
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
)

// history returns what has happened to a task, in order. Later statuses of the
// same run only add to it, so that events can be told one by one.
func history(t Task) []engine.Event {
	ev := engine.Event{Step: t.Step, Track: t.Track, Optional: t.Optional}
	var list []engine.Event
	add := func(at time.Time, state engine.State, edit func(*engine.Event)) {
		e := ev
		e.Time, e.State = at.UTC(), state
		if edit != nil {
			edit(&e)
		}
		list = append(list, e)
	}
	if t.Tracks > 0 && t.Track >= 0 {
		add(t.queued, engine.Queued, func(e *engine.Event) { e.Tracks = t.Tracks })
	}
	for i, a := range t.Attempts {
		number := func(e *engine.Event) { e.Attempt = i + 1 }
		if a.Pending && !t.State.Ended() {
			break
		}
		add(a.Started, engine.Running, number)
		last := i == len(t.Attempts)-1
		if a.Failed && (!last || t.State == engine.Retrying) {
			add(a.Finished, engine.Retrying, func(e *engine.Event) {
				e.Attempt, e.Message, e.Exit, e.Wait = i+1, a.Message, a.Exit, a.wait.Round(time.Second)
				if last {
					e.Message, e.Hint, e.Exit = t.Message, t.Hint, t.Exit
				}
			})
		}
	}
	if t.State.Ended() {
		add(t.Ended(), t.State, func(e *engine.Event) {
			e.Attempt, e.Took, e.Message, e.Hint, e.Exit = len(t.Attempts), t.Took, t.Message, t.Hint, t.Exit
		})
	}
	return list
}

// A Teller turns statuses into events: each thing that happened is told once.
type Teller struct {
	told    map[string]int          // by task: how much of its history
	passing map[string]engine.Event // by task: the last that was no part of it
	last    time.Time               // of the last event
	begun   bool
}

// NewTeller returns one that has told nothing yet.
func NewTeller() *Teller {
	return &Teller{told: map[string]int{}, passing: map[string]engine.Event{}}
}

// Tell returns what is new in a status, in the order in which it happened.
func (l *Teller) Tell(s Status, now time.Time) []engine.Event {
	var list []engine.Event
	if !s.Started.IsZero() && !l.begun {
		l.begun = true
		list = append(list, engine.Event{Time: s.Started.UTC(), Track: -1, State: engine.Running})
	}
	var fresh []engine.Event
	for _, t := range s.Tasks {
		past := history(t)
		known := min(l.told[t.Name()], len(past))
		fresh = append(fresh, past[known:]...)
		l.told[t.Name()] = len(past)
		if ev, ok := l.moment(t, now); ok {
			fresh = append(fresh, ev)
		}
	}
	slices.SortStableFunc(fresh, func(a, b engine.Event) int { return a.Time.Compare(b.Time) })
	list = append(list, fresh...)
	if s.State.Ended() {
		end := engine.Event{Time: s.Finished.UTC(), Track: -1, State: s.State, Message: s.Message, Hint: s.Hint, Exit: s.Exit}
		if !s.Started.IsZero() {
			end.Took = s.Finished.Sub(s.Started)
		}
		list = append(list, end)
	}
	for i, ev := range list {
		list[i].Recording, list[i].Run = s.Recording, s.Run
		// A pod that waited counts as begun when it was made. Who has been told
		// that it waits is not taken back to that time.
		if l.last = latest(l.last, ev.Time); ev.Time.Before(l.last) {
			list[i].Time = l.last
		}
	}
	return list
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// moment returns what holds for now and is worth telling: how far a task is, or
// why its pod does not start.
func (l *Teller) moment(t Task, now time.Time) (engine.Event, bool) {
	ev := engine.Event{Time: now.UTC(), Step: t.Step, Track: t.Track, State: t.State, Attempt: len(t.Attempts), Optional: t.Optional}
	switch {
	case t.State == engine.Running && t.Fraction > 0:
		ev.Fraction = t.Fraction
	case t.State == engine.Queued && t.Message != "":
		ev.Message, ev.Hint = t.Message, t.Hint
	default:
		return ev, false
	}
	last := l.passing[t.Name()]
	same := last.Message == ev.Message || last.Hint == ev.Hint && ev.Hint != "" // in other words
	if last.State == ev.State && same && last.Fraction == ev.Fraction {
		return ev, false
	}
	l.passing[t.Name()] = ev
	return ev, true
}
