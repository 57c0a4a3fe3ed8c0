// Package engine says what drives a graph: something that starts a run, reports
// it as one stream of events, and cancels it, children included. Whatever the
// engine, retries and timeouts come from the graph alone, the payload is ids
// only, fan-in is in track order, and starting the same run twice is one run.
package engine

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// An Engine drives graphs.
type Engine interface {
	// Deploy makes the graph known. It is idempotent.
	Deploy(ctx context.Context, g graph.Graph) error
	// Start begins the run, whose run.json lies in the store. A run that has
	// begun is left alone; one that ended unfinished goes on where it was.
	Start(ctx context.Context, r run.Run) error
	// Events replays what happened in the run since it was started here and
	// follows it to its end. The last event has no step and says how the run
	// ended. Ending the iteration does not end the run.
	Events(ctx context.Context, recording, id string) iter.Seq2[Event, error]
	// Cancel ends the run and everything it started, and returns when that is
	// done. Finished work stays.
	Cancel(ctx context.Context, recording, id string) error
}

// ErrUnknownRun says that the engine has no such run.
var ErrUnknownRun = errors.New("no such run")

// A State is where a task or a run stands.
type State string

// The states. A run itself goes from Running to one of Succeeded, Failed and
// Canceled.
const (
	Queued    State = "queued"   // may start, waits for its pool
	Running   State = "running"  // with a fraction, while it reports one
	Retrying  State = "retrying" // failed, will be tried again
	Succeeded State = "succeeded"
	Cached    State = "cached"  // succeeded, by work of an earlier run
	Skipped   State = "skipped" // had nothing to do, or what it reads is missing
	Failed    State = "failed"
	Canceled  State = "canceled"
)

// NoTracks is the message of a fan-out that is Skipped because there is nothing to
// fan out over.
const NoTracks = "no tracks"

// Ended reports whether nothing follows after the state.
func (s State) Ended() bool {
	switch s {
	case Succeeded, Cached, Skipped, Failed, Canceled:
		return true
	default:
		return false
	}
}

// An Event is one thing that happened in a run.
type Event struct {
	Time      time.Time     `json:"time"`
	Recording string        `json:"recording"`
	Run       string        `json:"run"`
	Step      string        `json:"step,omitempty"`   // empty: the run itself
	Track     int           `json:"track"`            // -1 when not in a fan-out
	Tracks    int           `json:"tracks,omitempty"` // with a fan-out's first event: how many there are
	State     State         `json:"state"`
	Attempt   int           `json:"attempt,omitempty"`
	Fraction  float64       `json:"fraction,omitempty"` // done, 0 to 1
	Took      time.Duration `json:"took,omitempty"`     // nanoseconds, with the ends
	Wait      time.Duration `json:"wait,omitempty"`     // nanoseconds until the next attempt
	Optional  bool          `json:"optional,omitempty"` // a failure the run survives
	Message   string        `json:"message,omitempty"`
	Hint      string        `json:"hint,omitempty"`
	// Exit is the class of a failure as an exit code: 64, 65 or 75.
	Exit int `json:"exit,omitempty"`
}

// End is what the store keeps of a run's last event.
func (e Event) End(now time.Time) run.End {
	return run.End{Run: e.Run, State: string(e.State), Message: e.Message, Finished: now.UTC()}
}
