package progress

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// piece is one part of a log, as it is to be told.
type piece struct {
	name string
	all  []told
}

// pieces are the parts of a run that went well, each of one to six messages.
func pieces(r *rand.Rand) []piece {
	list := []piece{{StatusProcessing, []told{{EventStatus, "processing"}}}}
	for _, n := range pipeline.New().Nodes {
		list = append(list, piece{n.Name() + " " + stepInProgress, []told{{EventProgress, n.Name() + " begins"}}})
		done := piece{name: n.Name() + " " + stepCompleted}
		for i := range 1 + r.IntN(6) {
			done.all = append(done.all, told{EventTopic, fmt.Sprint(n.Name(), " ", i)})
		}
		list = append(list, done)
	}
	return list
}

// telling is a log that is being told.
type telling struct {
	log  *Log
	todo []piece
}

func newTelling(r *rand.Rand, epoch string, all []piece) *telling {
	todo := slices.Clone(all)
	r.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	return &telling{newLog(pipeline.New(), "run-1", epoch), todo}
}

// step tells a few parts more, some twice, with snapshots between them.
func (l *telling) step(r *rand.Rand, n int) {
	for ; n > 0 && len(l.todo) > 0; n-- {
		for range r.IntN(3) {
			l.log.add("", false, told{EventDAG, DAG{}})
		}
		p := l.todo[0]
		l.todo = l.todo[1:]
		for range 1 + r.IntN(2) {
			l.log.add(p.name, false, p.all...)
		}
	}
}

// A client that breaks off anywhere and goes on with any of the logs of a run
// gets everything once.
func TestCursorsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		all := pieces(r)
		logs := []*telling{newTelling(r, "aa", all), newTelling(r, "bb", all), newTelling(r, "cc", all)}
		if seed%3 == 0 {
			logs = logs[:1] // one process
		}
		var got []string
		after := ""
		read := func(l *telling, most int) {
			c := l.log.cursor(after)
			messages, _, _ := l.log.Next(&c)
			last := -1
			for _, m := range messages[:min(most, len(messages))] {
				p, ok := parseID(m.ID)
				if !ok || p.seq <= last || p.run != "run-1" {
					t.Fatalf("seed %d: id %q after %d", seed, m.ID, last)
				}
				last, after = p.seq, m.ID
				if m.Event != EventDAG {
					got = append(got, string(m.Data))
				}
			}
		}
		for range 40 {
			l := logs[r.IntN(len(logs))]
			l.step(r, r.IntN(6))
			read(l, r.IntN(8))
		}
		l := logs[r.IntN(len(logs))]
		l.step(r, len(all))
		read(l, 1<<30)
		var want []string
		for _, p := range all {
			for _, one := range p.all {
				b, _ := json.Marshal(one.data)
				want = append(want, string(b))
			}
		}
		for _, p := range all { // within a part the order is always the same
			at := -1
			for _, one := range p.all {
				b, _ := json.Marshal(one.data)
				if i := slices.Index(got, string(b)); i < at {
					t.Fatalf("seed %d: part %q is out of order", seed, p.name)
				} else {
					at = i
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d: lost (-) and repeated (+):\n%s", seed, d)
		}
	}
}

// toldLog is a log of which everything has been told.
func toldLog(epoch string) *Log {
	r := rand.New(rand.NewPCG(1, 1))
	l := newTelling(r, epoch, pieces(r))
	l.step(r, 1000)
	return l.log
}

func count(l *Log, id string) int {
	c := l.cursor(id)
	all, _, _ := l.Next(&c)
	return len(all)
}

func TestHostileCursorsStartFromTheBeginning(t *testing.T) {
	t.Parallel()
	l := toldLog("aa")
	whole := count(l, "")
	for _, id := range []string{
		"0", "....", ".....", "x.aa.0..run-1", "-1.aa.0..run-1", "5.aa.0..run-2", "5.aa.0..", "999999999.aa.0..run-1",
		"99999999999999999999.aa.0..run-1", "5.aa.fffffffffffffffff..run-1", "5.bb.ffffffffffffffff..run-1", "5.bb.0.63-0.run-1", "5.bb.0.64-0.run-1",
		"5.bb.0.-1-0.run-1", "5.bb.0.1-x.run-1", "5.bb.0.1.run-1", "5.bb.0._.run-1", "5.bb.0.1-99999999999.run-1", "+5.aa.0..run-1",
		"5.aa.-1..run-1", strings.Repeat("9", 100_000), "5.aa.0." + strings.Repeat("1-1_", 1000) + "1-1.run-1", "\x00", "5.aa.0..run-1.run-1",
	} {
		if n := count(l, id); n != whole {
			t.Errorf("%.60q gets %d messages, want all %d", id, n, whole)
		}
	}
	if n := count(l, "5.aa.0..run-1"); n >= whole {
		t.Errorf("an id of this log gets %d messages of %d", n, whole)
	}
}

func FuzzCursor(f *testing.F) {
	l, other := toldLog("aa"), toldLog("bb")
	for _, from := range []*Log{l, other} {
		c := from.cursor("")
		all, _, _ := from.Next(&c)
		for _, m := range all {
			f.Add(m.ID)
		}
	}
	f.Add("5.aa.ffffffffffffffff.63-2_1-1.run-1")
	f.Add("..")
	whole := count(l, "")
	f.Fuzz(func(t *testing.T, id string) {
		c := l.cursor(id)
		all, _, _ := l.Next(&c)
		if len(all) > whole {
			t.Fatalf("%d messages of %d", len(all), whole)
		}
		if p, ok := parseID(id); (!ok || p.run != "run-1") && len(all) != whole {
			t.Fatalf("an id that no log made gets %d messages of %d", len(all), whole)
		}
		for _, m := range all { // what it leads to can be gone on with
			if p, ok := parseID(m.ID); !ok || p.String() != m.ID {
				t.Fatalf("id %q is read as %+v", m.ID, p)
			}
		}
	})
}

// Every node's parts have a bit of their own.
func TestPartsFitTheirSet(t *testing.T) {
	t.Parallel()
	if n := len(newLog(pipeline.New(), "r", "aa").parts); n > 64 {
		t.Errorf("%d parts", n)
	}
}

// However long a run goes on, few of its snapshots are kept, and the newest is
// always there.
func TestLogKeepsFewSnapshots(t *testing.T) {
	t.Parallel()
	l := newLog(pipeline.New(), "r", "aa")
	if _, ok := l.latest(); ok {
		t.Error("an empty log has a snapshot")
	}
	l.add(StatusProcessing, false, told{EventStatus, statusData{StatusProcessing}})
	for i := range 10_000 {
		l.add("", false, told{EventDAG, DAG{Run: fmt.Sprint(i), Status: engine.Running}})
	}
	c := l.cursor("")
	all, _, more := l.Next(&c)
	if len(all) != 1+snapshots || !more {
		t.Errorf("%d messages are kept, more %v", len(all), more)
	}
	if d, ok := l.latest(); !ok || d.Run != "9999" {
		t.Errorf("the newest is %+v, %v", d, ok)
	}
	if !strings.Contains(string(all[len(all)-1].Data), `"9999"`) {
		t.Errorf("the last message is %s", all[len(all)-1].Data)
	}
}
