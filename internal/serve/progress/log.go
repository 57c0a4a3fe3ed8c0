package progress

import (
	"encoding/json"
	"sync"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Message is one event as clients get it.
type Message struct {
	// ID is where the stream is taken up again after this message.
	ID    string          `json:"id"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// snapshots is how many DAG_STATUS a log keeps: each says all that the ones
// before it said.
const snapshots = 64

// A Log is what was told of one run so far. Other processes tell the same of the
// run, in parts that have the same names (a node that ended, with what it made)
// but not in the same order: so a place in the log is told as a number, for this
// log, and as the set of parts that were told, for any other.
type Log struct {
	run   string
	epoch string
	parts map[string]int // bit of each part

	mu      sync.Mutex
	entries []entry
	dags    []int // indexes of the snapshots that are kept
	dag     DAG   // of the last snapshot
	seen    uint64
	ended   bool
	changed chan struct{} // closed and replaced at every change
}

// entry is one message of a log.
type entry struct {
	name string
	data json.RawMessage // nil: a snapshot that another has replaced
	part int             // -1: of no part
	nth  int             // within the part
	last bool            // of its part
	seen uint64          // parts told before this entry
}

// newLog returns an empty log. Epoch tells it from every other log of the run.
func newLog(g graph.Graph, run, epoch string) *Log {
	l := &Log{run: run, epoch: epoch, parts: map[string]int{}, changed: make(chan struct{})}
	name := func(part string) { l.parts[part] = len(l.parts) }
	for _, s := range []string{StatusProcessing, StatusEnded, StatusError} {
		name(s)
	}
	for _, n := range g.Nodes {
		for _, s := range []string{stepInProgress, stepCompleted, stepFailed} {
			name(n.Name() + " " + s)
		}
	}
	return l
}

// add tells the messages of one part, unless it was told before; part is empty
// for what is told whenever it is so. ended says that nothing follows.
func (l *Log) add(part string, ended bool, all ...told) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bit := -1
	if part != "" {
		bit = l.parts[part]
		if l.seen&(1<<bit) != 0 {
			all = nil
		}
	}
	for i, t := range all {
		data, err := json.Marshal(t.data)
		if err != nil { // a number that is none; nothing else can fail
			data = json.RawMessage("null")
		}
		e := entry{name: t.name, data: data, part: bit, nth: i, last: i == len(all)-1, seen: l.seen}
		if dag, ok := t.data.(DAG); ok {
			l.dag = dag
			l.dags = append(l.dags, len(l.entries))
			if len(l.dags) > snapshots {
				l.entries[l.dags[0]].data = nil
				l.dags = l.dags[1:]
			}
		}
		l.entries = append(l.entries, e)
	}
	if bit >= 0 {
		l.seen |= 1 << bit
	}
	l.ended = l.ended || ended
	close(l.changed)
	l.changed = make(chan struct{})
}

// latest returns how the run stood when that was told last; false: never.
func (l *Log) latest() (DAG, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dag, len(l.dags) > 0
}

// before returns the parts that the log told up to an entry, that one included.
func (l *Log) before(i int) uint64 {
	e := l.entries[i]
	if e.part >= 0 && e.last {
		return e.seen | 1<<e.part
	}
	return e.seen
}
