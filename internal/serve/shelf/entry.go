package shelf

import (
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
)

// An Entry is what is told of a recording in a list.
type Entry struct {
	ID    string       `json:"id"`
	Name  string       `json:"name,omitempty"`  // room or folder
	Title string       `json:"title,omitempty"` // of the latest result
	State engine.State `json:"state"`           // of the newest run: queued, running, succeeded, failed or canceled
	Run   string       `json:"run,omitempty"`   // the newest
	Runs  int          `json:"runs"`            // how many there were
	// Recorded is when the meeting began, Asked when the newest run was asked
	// for, Ended when it ended.
	Recorded *time.Time `json:"recorded,omitempty"`
	Asked    time.Time  `json:"asked"`
	Ended    *time.Time `json:"ended,omitempty"`
	Duration float64    `json:"duration,omitempty"` // of the recording, in seconds
	Progress float64    `json:"progress"`           // 0 to 1, of the newest run
	Step     string     `json:"step,omitempty"`     // that is being done, or that failed
	Error    string     `json:"error,omitempty"`    // why the newest run failed
	// HasResult says that there is a finished result, of this run or an earlier
	// one.
	HasResult    bool `json:"hasResult"`
	AudioDeleted bool `json:"audioDeleted,omitempty"`
}
