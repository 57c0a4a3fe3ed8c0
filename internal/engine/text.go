package engine

import (
	"fmt"
	"time"
)

// Text says in a few words what happened to a task.
func (ev Event) Text() string {
	switch ev.State {
	case Running:
		if ev.Attempt > 1 {
			return fmt.Sprintf("running, attempt %d", ev.Attempt)
		}
		return "running"
	case Retrying:
		return fmt.Sprintf("attempt %d failed, trying again in %s: %s", ev.Attempt, ev.Wait, ev.Message)
	case Succeeded:
		return "done in " + Short(ev.Took)
	case Cached:
		return "done before, taken over"
	case Skipped:
		return "skipped: " + ev.Message
	case Failed:
		if ev.Optional {
			return "failed, the run goes on without it: " + ev.Message
		}
		return "failed: " + ev.Message
	default:
		return string(ev.State)
	}
}

// Short writes a time that something took as people say it.
func Short(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
