package trace

import (
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
)

// course is how a run went, read out of its events.
type course struct {
	asked, begun, end time.Time // begun: its first task
	state             engine.State
	exit              int
	attempts          []*attempt // by their first events
}

// key is what makes an attempt one of its own.
type key struct {
	step           string
	track, attempt int
}

// An attempt is one try of a task.
type attempt struct {
	key
	start, end time.Time
	state      engine.State
	exit       int
}

// read reads a run's events. They may be those that an engine told or those
// that the store remembers, which has no beginning of an attempt that failed; an
// event that comes twice is one.
func read(asked time.Time, events []engine.Event) course {
	c := course{asked: asked, state: engine.Running}
	found := map[key]*attempt{}
	newest := map[key]int{} // the attempt that a task is at
	for _, ev := range events {
		if ev.Time.IsZero() {
			continue
		}
		if c.asked.IsZero() || ev.Time.Before(c.asked) {
			c.asked = ev.Time
		}
		if ev.Time.After(c.end) {
			c.end = ev.Time
		}
		switch {
		case ev.Step == "" && ev.State.Ended():
			c.state, c.exit = ev.State, ev.Exit
			continue
		case ev.Step == "", ev.State == engine.Queued:
			continue
		}
		task := key{step: ev.Step, track: ev.Track}
		at := task
		// A task that is canceled or skipped may not say at which attempt.
		if at.attempt = ev.Attempt; at.attempt <= 0 {
			at.attempt = max(newest[task], 1)
		}
		newest[task] = max(newest[task], at.attempt)
		a := found[at]
		if a == nil {
			a = &attempt{key: at, start: ev.Time.Add(-max(ev.Took, 0))}
			if a.start.Before(c.asked) {
				a.start = c.asked
			}
			found[at] = a
			c.attempts = append(c.attempts, a)
		}
		a.saw(ev)
	}
	c.begun = c.end
	for _, a := range c.attempts {
		if a.end.IsZero() { // it ended with the run
			a.end = c.end
		}
		if a.start.Before(c.begun) {
			c.begun = a.start
		}
	}
	return c
}

// saw takes an event in. What ended stays so: a process that follows late may
// tell of progress again.
func (a *attempt) saw(ev engine.Event) {
	if ev.Time.Before(a.start) {
		a.start = ev.Time
	}
	switch {
	case ev.State.Ended(), ev.State == engine.Retrying:
		if !a.state.Ended() {
			a.state, a.exit, a.end = ev.State, ev.Exit, ev.Time
		}
	case a.state == "":
		a.state = ev.State
	}
}

func (a *attempt) name() string   { return run.TaskName(a.step, a.track) }
func (a *attempt) number() string { return strconv.Itoa(a.attempt) }

func (a *attempt) attributes() []attribute.KeyValue {
	list := []attribute.KeyValue{
		attribute.String("trackscribe.step", a.step),
		attribute.Int("trackscribe.attempt", a.attempt),
		attribute.String("trackscribe.state", string(a.state)),
	}
	if a.track >= 0 {
		list = append(list, attribute.Int("trackscribe.track", a.track))
	}
	return list
}
