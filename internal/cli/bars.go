package cli

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// bars shows one bar per step on a terminal; a step that fans out has one bar
// for all its tracks.
type bars struct {
	pool  *mpb.Progress
	color bool
	order []string
	each  map[string]bool
	bar   map[string]*bar
}

// bar is one step's line. mpb asks for its text from another goroutine, so the
// text travels through the bar's own channel-safe state.
type bar struct {
	bar    *mpb.Bar
	tasks  map[int]engine.Event
	total  int
	status *label
}

func newBars(w io.Writer, width int, g graph.Graph, color bool) *bars {
	b := &bars{color: color, each: map[string]bool{}, bar: map[string]*bar{}}
	b.pool = mpb.New(mpb.WithOutput(w), mpb.WithWidth(max(20, min(width-4, 120))), mpb.WithAutoRefresh())
	for _, n := range g.Nodes {
		b.order = append(b.order, n.Name())
		b.each[n.Name()] = n.Each != ""
	}
	return b
}

func (b *bars) begin(r run.Run, resumed bool) {
	text := "recording " + r.Recording + ": run " + r.ID
	if resumed {
		text += " goes on"
	}
	_, _ = io.WriteString(b.pool, text+"\n")
	for _, name := range b.order {
		l := &label{color: b.color}
		l.set("waiting", gray)
		b.bar[name] = &bar{
			bar: b.pool.New(1000, mpb.BarStyle().Lbound(" ").Filler("━").Tip("━").Padding("┈").Rbound(" "),
				mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
				mpb.AppendDecorators(decor.Any(l.text, decor.WCSyncSpaceR)),
			),
			tasks: map[int]engine.Event{}, status: l,
		}
	}
}

func (b *bars) event(ev engine.Event) {
	s := b.bar[ev.Step]
	if s == nil {
		return
	}
	if ev.Tracks > 0 {
		s.total = ev.Tracks
	}
	s.tasks[ev.Track] = ev
	if !b.each[ev.Step] || ev.Track < 0 {
		s.total = 1
	}
	done, ended := 0.0, 0
	for _, t := range s.tasks {
		if t.State.Ended() {
			done, ended = done+1, ended+1
		} else {
			done += t.Fraction
		}
	}
	s.bar.SetCurrent(min(999, int64(1000*done/float64(max(1, s.total)))))
	s.describe(ev, ended)
	if ended == s.total && s.total > 0 {
		s.bar.SetCurrent(1000)
	}
}

func (s *bar) describe(ev engine.Event, ended int) {
	switch {
	case ev.State == engine.Queued && ended == 0 && ev.Fraction == 0:
		s.status.set("queued", gray)
	case ev.State == engine.Failed, ev.State == engine.Retrying, ev.State == engine.Canceled:
		s.status.set(ev.Text(), red)
	case ev.State == engine.Skipped:
		s.status.set(ev.Text(), gray)
	case ended == s.total && ev.State == engine.Cached:
		s.status.set(ev.Text(), green)
	case ended == s.total:
		s.status.set("done in "+engine.Short(ev.Took), green)
	case s.total > 1:
		s.status.set(count(ended, s.total), plain)
	default:
		s.status.set("running", plain)
	}
}

func (b *bars) end(ev engine.Event) {
	for _, s := range b.bar {
		if !s.bar.Completed() {
			s.bar.Abort(false)
		}
	}
	b.pool.Wait()
}
