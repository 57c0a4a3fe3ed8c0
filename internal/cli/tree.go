package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/run"
)

// treeStep is one step of a run with its tasks: one, or one per track.
type treeStep struct {
	name  string
	tasks []argo.Task
}

func (s treeStep) fansOut() bool { return s.tasks[0].Track >= 0 }

// count returns how many of its tasks have ended, and how many there are.
func (s treeStep) count() (ended, all int) {
	for _, t := range s.tasks {
		if t.State.Ended() {
			ended++
		}
	}
	return ended, len(s.tasks)
}

// treeOf groups the tasks of a run by step. Steps that share a pod, and of
// which nothing more is known, are one.
func treeOf(s argo.Status) []treeStep {
	var list []treeStep
	shared := map[string]bool{}
	for _, t := range s.Tasks {
		name := t.Step
		if t.Unsure {
			at := run.TaskName(t.Template, t.Track)
			if shared[at] {
				continue
			}
			shared[at], name = true, t.Template
		}
		if n := len(list); n == 0 || list[n-1].name != name {
			list = append(list, treeStep{name: name})
		}
		last := &list[len(list)-1]
		last.tasks = append(last.tasks, t)
	}
	return list
}

// painter colours text, or does not.
type painter bool

func (p painter) paint(style, text string) string {
	if !p || style == plain || text == "" {
		return text
	}
	return style + text + "\x1b[0m"
}

// mark is a state as one character and its colour.
func mark(s engine.State) (symbol, style string) {
	switch s {
	case engine.Succeeded, engine.Cached:
		return "✔", green
	case engine.Failed:
		return "✖", red
	case engine.Canceled:
		return "■", red
	case engine.Retrying:
		return "↻", red
	case engine.Running:
		return "●", plain
	case engine.Skipped:
		return "-", gray
	default:
		return "○", gray
	}
}

// worst is the state that stands for several tasks: the one that people have
// to know about.
func (s treeStep) worst() engine.State {
	order := []engine.State{
		engine.Failed, engine.Retrying, engine.Canceled, engine.Running, engine.Queued, argo.Waiting, engine.Succeeded, engine.Cached, engine.Skipped,
	}
	at := len(order)
	var begun, waiting bool
	for _, t := range s.tasks {
		for i, state := range order {
			if t.State == state {
				at = min(at, i)
			}
		}
		begun = begun || t.State.Ended() || t.State == engine.Running
		waiting = waiting || t.State == argo.Waiting || t.State == engine.Queued
	}
	if order[at] != engine.Failed && begun && waiting {
		return engine.Running
	}
	return order[at]
}

// taskText says in a few words how a task stands.
func taskText(t argo.Task, now time.Time) string {
	switch t.State {
	case argo.Waiting:
		return ""
	case engine.Queued:
		if t.Message != "" {
			return "waits for its pod: " + t.Message
		}
		return "waits for its pod"
	case engine.Running:
		text := engine.Short(now.Sub(t.Attempts[len(t.Attempts)-1].Started).Truncate(time.Second))
		if t.Fraction > 0 {
			text = fmt.Sprintf("%.0f%%, %s", 100*t.Fraction, text)
		}
		if n := len(t.Attempts); n > 1 {
			text += fmt.Sprintf(", attempt %d", n)
		}
		return text
	}
	ev := engine.Event{State: t.State, Attempt: len(t.Attempts), Took: t.Took, Message: t.Message, Optional: t.Optional}
	switch {
	case t.State == engine.Retrying:
		return fmt.Sprintf("attempt %d failed, will be tried again: %s", len(t.Attempts), t.Message)
	case t.State == engine.Failed && len(t.Attempts) > 1:
		return fmt.Sprintf("%s (attempt %d)", ev.Text(), len(t.Attempts))
	case t.State == engine.Succeeded && len(t.Attempts) > 1:
		return fmt.Sprintf("%s, attempt %d", ev.Text(), len(t.Attempts))
	default:
		return ev.Text()
	}
}

// stepText says how a step stands that has a task per track.
func stepText(s treeStep) string {
	ended, all := s.count()
	failed := 0
	for _, t := range s.tasks {
		if t.State == engine.Failed {
			failed++
		}
	}
	text := count(ended, all)
	if ended == all {
		text = fmt.Sprintf("%d tracks", all)
		if all == 1 {
			text = "1 track"
		}
	}
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	return text
}

// treeLines draws a run: a line per step, below it one per track and one per
// attempt that failed before.
func treeLines(s argo.Status, now time.Time, p painter) []string {
	var lines []string
	line := func(indent int, state engine.State, name, text string) {
		symbol, style := mark(state)
		pad := strings.Repeat("  ", indent)
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s%s %-*s %s", pad, p.paint(style, symbol), 22-2*indent, name, p.paint(textStyle(state), text)), " "))
	}
	for _, step := range treeOf(s) {
		if step.fansOut() {
			line(0, step.worst(), step.name, stepText(step))
		}
		for _, t := range step.tasks {
			indent, name := 0, step.name
			if step.fansOut() {
				indent, name = 1, fmt.Sprintf("track %d", t.Track)
			}
			line(indent, t.State, name, taskText(t, now))
			if t.Hint != "" && t.State != engine.Succeeded {
				lines = append(lines, strings.Repeat("  ", indent+1)+"hint: "+t.Hint)
			}
			for i, a := range t.Attempts[:max(0, len(t.Attempts)-1)] {
				line(indent+1, engine.Retrying, fmt.Sprintf("attempt %d", i+1), a.Message)
			}
		}
	}
	return lines
}

func textStyle(s engine.State) string {
	switch s {
	case engine.Failed, engine.Retrying:
		return red
	case engine.Skipped, argo.Waiting, engine.Queued:
		return gray
	default:
		return plain
	}
}
