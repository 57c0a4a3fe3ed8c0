package shelf

import (
	"cmp"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/operate"
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

// A Run is one run in a recording's history.
type Run struct {
	ID    string       `json:"run"`
	State engine.State `json:"state"`
	Asked time.Time    `json:"asked"`

	Source string `json:"-"` // of the recording, as the run was asked for
}

// runs tells how the recording's runs stand. An older one that did not come to
// its end is as good as canceled: a newer one took over.
func (e Entry) runs(past []operate.Past) []Run {
	runs := make([]Run, len(past))
	for i, p := range past {
		runs[i] = Run{p.Run.ID, engine.State(cmp.Or(p.State, string(engine.Canceled))), p.Run.Created, p.Run.Source}
		if p.Run.ID == e.Run {
			runs[i].State = e.State
		}
	}
	return runs
}
