package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A progress shows people how a run goes.
type progress interface {
	begin(r run.Run, resumed bool)
	event(ev engine.Event)
	end(ev engine.Event)
}

func newProgress(env *Env, o *runOptions, set settings.Settings, g graph.Graph) progress {
	switch {
	case o.quiet:
		return silent{}
	case env.Terminal:
		return newBars(env.Stderr, env.Width, g, !set.NoColor)
	default:
		return &lines{w: env.Stderr}
	}
}

type silent struct{}

func (silent) begin(run.Run, bool) {}
func (silent) event(engine.Event)  {}
func (silent) end(engine.Event)    {}

// lines prints one plain line per event, for logs and pipes.
type lines struct {
	w       io.Writer
	started time.Time
}

func (l *lines) begin(r run.Run, resumed bool) {
	if resumed {
		fmt.Fprintf(l.w, "recording %s: going on with run %s\n", r.Recording, r.ID)
		return
	}
	fmt.Fprintf(l.w, "recording %s: run %s\n", r.Recording, r.ID)
}

func (l *lines) event(ev engine.Event) {
	if ev.Step == "" {
		if l.started.IsZero() {
			l.started = ev.Time
		}
		return
	}
	if ev.State == engine.Queued || ev.State == engine.Running && ev.Fraction > 0 {
		return // a log wants the turning points only
	}
	fmt.Fprintf(l.w, "%7.1fs  %-22s %s\n", ev.Time.Sub(l.started).Seconds(), run.TaskName(ev.Step, ev.Track), ev.Text())
}

func (l *lines) end(ev engine.Event) {
	fmt.Fprintf(l.w, "%7.1fs  %s\n", ev.Took.Seconds(), ending(ev))
}

func ending(ev engine.Event) string {
	switch ev.State {
	case engine.Succeeded:
		return "finished in " + engine.Short(ev.Took)
	case engine.Canceled:
		return "stopped"
	default:
		return "failed"
	}
}
