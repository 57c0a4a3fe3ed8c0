package progress

import (
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A DAG is how a run stands, node by node: the payload of DAG_STATUS. Names and
// values are those that the peer planned (Reflector's pull request 854), with
// more beside them.
type DAG struct {
	Run    string       `json:"workflow_run_id"`
	Status engine.State `json:"status"` // of the run: queued, running, succeeded, failed or canceled
	// Error and Hint say why a run failed and what to do about it.
	Error      string     `json:"error,omitempty"`
	Hint       string     `json:"hint,omitempty"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Progress   float64    `json:"progress"` // 0 to 1, of all nodes
	Tasks      []Node     `json:"tasks"`    // in graph order
}

// The states of a node, in the peer's words.
const (
	NodeQueued    = "queued" // also while it waits for others
	NodeRunning   = "running"
	NodeCompleted = "completed"
	NodeFailed    = "failed"
	NodeCancelled = "cancelled"
)

// A Node is one node of the graph in a run.
type Node struct {
	Name       string     `json:"name"`
	Title      string     `json:"title"`  // for people: "Find the topics"
	Status     string     `json:"status"` // one of the states
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Seconds    *float64   `json:"duration_seconds"`
	Parents    []string   `json:"parents"`
	Error      *string    `json:"error"`
	Total      *int       `json:"children_total"`     // tracks; null: it does not fan out, or their number is not known
	Completed  *int       `json:"children_completed"` // of them
	Percent    *float64   `json:"progress_pct"`       // 0 to 100; null: it does not tell

	Hint     string   `json:"hint,omitempty"` // what to do about the error
	Attempts int      `json:"attempts"`       // 0: none yet; in a fan-out the most of any track
	Optional bool     `json:"optional"`       // the run survives its failure
	Cached   bool     `json:"cached"`         // by work of an earlier run
	Skipped  string   `json:"skipped,omitempty"`
	Waiting  []string `json:"waiting_for"` // parents that have not ended
	Message  string   `json:"message,omitempty"`
	Tracks   []Track  `json:"tracks,omitempty"`
}

// A Track is one track's part of a node that fans out.
type Track struct {
	Track      int        `json:"track"`
	Status     string     `json:"status"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Percent    *float64   `json:"progress_pct"`
	Attempts   int        `json:"attempts"`
	Cached     bool       `json:"cached"`
	Error      *string    `json:"error"`
	Message    string     `json:"message,omitempty"` // why it waits or is tried again
}

// Empty is the DAG of a run that has not begun.
func Empty(g graph.Graph, run string) DAG {
	d := DAG{Run: run, Status: engine.Queued, Tasks: []Node{}}
	for _, n := range g.Nodes {
		parents := g.Parents(n)
		if parents == nil {
			parents = []string{}
		}
		d.Tasks = append(d.Tasks, Node{
			Name: n.Name(), Title: n.Title, Status: NodeQueued, Parents: parents, Waiting: parents,
			Optional: n.Optional || n.Step.SideEffect,
		})
	}
	return d
}
