package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/run"
)

func newWatchCommand(env *Env) *cobra.Command {
	var c sightFlags
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "watch RUN",
		Short: "Follow a run to its end",
		Long: `Follow a run to its end: on a terminal as a tree that is drawn in place, elsewhere
as one line per event. Whatever keeps a pod from starting is told. With -o json
one JSON object per event goes to stdout.

Ending this command does not end the run.
` + runHelp + clusterHelp,
		Args: runArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runWatch(cmd.Context(), env, &c, args[0], output.value)
		},
	}
	c.add(cmd)
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func runWatch(ctx context.Context, env *Env, c *sightFlags, name, output string) error {
	sight, set, err := c.look(ctx, env)
	if err != nil {
		return err
	}
	wf, err := argo.Find(ctx, sight.Cluster, name)
	if err != nil {
		return reached(err)
	}
	end, err := watchRun(ctx, env, sight, argo.StatusOf(wf, sight.Graph), output, set.NoColor)
	if err != nil {
		return reached(err)
	}
	if result := resultOf(end, set.Store); output == "text" && result != "" {
		fmt.Fprintln(env.Stdout, result)
	}
	return runEnded(end)
}

// watchRun shows a run until it has ended, and returns how it ended.
func watchRun(ctx context.Context, env *Env, sight argo.Sight, begin argo.Status, output string, noColor bool) (argo.Status, error) {
	var show watcher
	switch {
	case output == "json":
		show = &eventWriter{w: env.Stdout}
	case env.Terminal:
		show = &liveTree{w: env.Stderr, width: env.Width, paint: painter(!noColor)}
	default:
		fmt.Fprintf(env.Stderr, "recording %s: run %s\n", begin.Recording, begin.Run)
		show = &eventLines{lines: lines{w: env.Stderr}, hinted: map[string]bool{}}
	}
	tick := time.NewTicker(time.Second) // times go on while nothing else happens
	defer tick.Stop()
	told := argo.NewTeller()
	var last argo.Status
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	statuses := engine.Stream(ctx, sight.Follow(ctx, begin.Workflow))
	for {
		select {
		case s, ok := <-statuses:
			if !ok {
				return last, context.Cause(ctx)
			}
			if s.Err != nil {
				return last, s.Err
			}
			last = s.Value
			if err := show.show(last, told.Tell(last, time.Now())); err != nil {
				return last, err
			}
		case <-tick.C:
			if err := show.show(last, nil); err != nil {
				return last, err
			}
		}
	}
}

// A watcher shows how a run goes.
type watcher interface {
	// show is told how the run stands and what has just happened, and once a
	// second that time has passed.
	show(s argo.Status, fresh []engine.Event) error
}

// eventWriter writes every event as a line of JSON.
type eventWriter struct{ w io.Writer }

func (e *eventWriter) show(_ argo.Status, fresh []engine.Event) error {
	enc := json.NewEncoder(e.w)
	enc.SetEscapeHTML(false)
	for _, ev := range fresh {
		if err := enc.Encode(ev); err != nil {
			return err
		}
	}
	return nil
}

// eventLines writes a plain line per event, for logs and pipes.
type eventLines struct {
	lines
	hinted map[string]bool
}

func (l *eventLines) show(_ argo.Status, fresh []engine.Event) error {
	for _, ev := range fresh {
		switch {
		case ev.Step == "" && ev.State.Ended():
			l.end(ev)
		case ev.State == engine.Queued && ev.Message != "":
			fmt.Fprintf(l.w, "%7.1fs  %-22s waits for its pod: %s\n", ev.Time.Sub(l.started).Seconds(), run.TaskName(ev.Step, ev.Track), ev.Message)
			l.hint(ev)
		default:
			l.event(ev)
			l.hint(ev)
		}
	}
	return nil
}

// hint tells what to do, once.
func (l *eventLines) hint(ev engine.Event) {
	if ev.Hint != "" && !l.hinted[ev.Hint] {
		l.hinted[ev.Hint] = true
		fmt.Fprintf(l.w, "%10s%-22s hint: %s\n", "", "", ev.Hint)
	}
}

// liveTree draws the run in place on a terminal.
type liveTree struct {
	w     io.Writer
	width int
	paint painter
	drawn int // lines on the screen
}

func (l *liveTree) show(s argo.Status, _ []engine.Event) error {
	if s.Workflow == "" {
		return nil // nothing is known yet
	}
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	screen := l.screen(s, time.Now())
	for _, line := range screen {
		b.WriteString("\x1b[2K" + line + "\n")
	}
	b.WriteString("\x1b[J")
	l.drawn = len(screen)
	_, err := io.WriteString(l.w, b.String())
	return err
}

// screen is what is drawn: the run, a bar per step, and the tracks that people
// may want to know about.
func (l *liveTree) screen(s argo.Status, now time.Time) []string {
	head := fmt.Sprintf("recording %s, run %s: %s%s", s.Recording, s.Run, s.State, after(s, now))
	screen := []string{l.fit(0, head)}
	for _, step := range treeOf(s) {
		text := stepText(step)
		if !step.fansOut() {
			text = taskText(step.tasks[0], now)
		}
		screen = append(screen, l.line(step.worst(), step.name, meter(step.done()), text))
		screen = append(screen, l.hint(step.tasks[0])...)
		if step.fansOut() {
			screen = append(screen, l.tracks(step, now)...)
		}
	}
	if s.State == engine.Failed {
		screen = append(screen, l.fit(0, "error: "+s.Message))
	}
	return screen
}

// mostTracks is how many tracks of a step are drawn.
const mostTracks = 6

// tracks draws the tracks that are neither done nor waiting for their turn.
func (l *liveTree) tracks(step treeStep, now time.Time) (screen []string) {
	more := 0
	for _, t := range step.tasks {
		switch t.State {
		case engine.Succeeded, engine.Cached, engine.Skipped, argo.Waiting:
			continue
		}
		if len(screen) >= mostTracks {
			more++
			continue
		}
		symbol, style := mark(t.State)
		screen = append(screen, "  "+l.paint.paint(style, symbol)+l.fit(3, fmt.Sprintf(" track %-13d %s", t.Track, taskText(t, now))))
	}
	if more > 0 {
		screen = append(screen, fmt.Sprintf("    and %d more", more))
	}
	return screen
}

func (l *liveTree) hint(t argo.Task) []string {
	if t.Hint == "" || t.State.Ended() && t.State != engine.Failed {
		return nil
	}
	return []string{l.fit(0, "  hint: "+t.Hint)}
}

func (l *liveTree) line(state engine.State, name, bar, text string) string {
	symbol, style := mark(state)
	head := fmt.Sprintf(" %-20s ", name)
	used := 1 + len(head) + barWidth + 1
	return l.paint.paint(style, symbol) + head + l.paint.paint(style, bar) + " " + l.paint.paint(textStyle(state), l.fit(used, text))
}

// fit cuts text to what is left of the line.
func (l *liveTree) fit(used int, text string) string {
	room := max(10, l.width-used-1)
	if r := []rune(text); len(r) > room {
		return string(r[:room-1]) + "…"
	}
	return text
}

// done is how much of a step is done, 0 to 1.
func (s treeStep) done() float64 {
	sum := 0.0
	for _, t := range s.tasks {
		switch {
		case t.State.Ended():
			sum++
		case t.State == engine.Running:
			sum += t.Fraction
		}
	}
	return sum / float64(len(s.tasks))
}

const barWidth = 20

func meter(done float64) string {
	n := int(done*barWidth + 0.5)
	return strings.Repeat("━", n) + strings.Repeat("┈", barWidth-n)
}
