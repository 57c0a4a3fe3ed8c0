package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
)

// got is the stable shape of `get -o json`, and of a run's end elsewhere.
type got struct {
	listed
	Message string    `json:"message,omitempty"`
	Hint    string    `json:"hint,omitempty"`
	Exit    int       `json:"exit,omitempty"`
	Result  string    `json:"result,omitempty"`
	Link    string    `json:"link,omitempty"`
	Steps   []gotTask `json:"steps"`
}

type gotTask struct {
	Step     string       `json:"step"`
	Track    *int         `json:"track,omitempty"`
	State    engine.State `json:"state"`
	Started  *time.Time   `json:"started,omitempty"`
	Finished *time.Time   `json:"finished,omitempty"`
	Seconds  float64      `json:"seconds"`
	Fraction float64      `json:"fraction,omitempty"`
	Optional bool         `json:"optional,omitempty"`
	Message  string       `json:"message,omitempty"`
	Hint     string       `json:"hint,omitempty"`
	Exit     int          `json:"exit,omitempty"`
	Attempts []gotAttempt `json:"attempts"`
}

type gotAttempt struct {
	Pod      string     `json:"pod"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	Message  string     `json:"message,omitempty"`
	Exit     int        `json:"exit,omitempty"`
}

func gotOf(s argo.Status, store, link string, now time.Time) got {
	g := got{
		listed: listedOf(s, now), Message: s.Message, Hint: s.Hint, Exit: s.Exit, Result: resultOf(s, store), Link: link, Steps: []gotTask{},
	}
	for _, t := range s.Tasks {
		task := gotTask{
			Step: t.Step, State: t.State, Started: stamp(t.Begun()), Seconds: t.Took.Seconds(), Fraction: t.Fraction,
			Optional: t.Optional, Message: t.Message, Hint: t.Hint, Exit: t.Exit, Attempts: []gotAttempt{},
		}
		if t.Track >= 0 {
			task.Track = &t.Track
		}
		if t.State.Ended() && len(t.Attempts) > 0 {
			task.Finished = stamp(t.Ended())
		}
		for _, a := range t.Attempts {
			task.Attempts = append(task.Attempts, gotAttempt{Pod: a.Pod, Started: stamp(a.Started), Finished: stamp(a.Finished), Message: a.Message, Exit: a.Exit})
		}
		g.Steps = append(g.Steps, task)
	}
	return g
}

func newGetCommand(env *Env) *cobra.Command {
	var c sightFlags
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "get RUN",
		Short: "Show how a run stands: its steps, tracks, attempts, and where the result is",
		Long: `Show how a run stands: its steps, tracks, attempts, times and messages, and where
the result is. With --store (or TRACKSCRIBE_STORE) also what was taken over from
earlier runs, and how steps stand that share a pod.
` + runHelp + clusterHelp,
		Args: runArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGet(cmd.Context(), env, &c, args[0], output.value)
		},
	}
	c.add(cmd)
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func runGet(ctx context.Context, env *Env, c *sightFlags, name, output string) error {
	sight, set, err := c.look(ctx, env)
	if err != nil {
		return err
	}
	wf, err := argo.Find(ctx, sight.Cluster, name)
	if err != nil {
		return reached(err)
	}
	s := sight.Status(ctx, wf)
	link := sight.Cluster.Link(s.Workflow)
	if output == "json" {
		return printJSON(env, gotOf(s, set.Store, link, time.Now()))
	}
	return printRun(env.Stdout, s, resultOf(s, set.Store), link, time.Now(), painter(toTerminal(env) && !set.NoColor))
}

// printRun prints all there is to know about a run.
func printRun(w io.Writer, s argo.Status, result, link string, now time.Time, p painter) error {
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-10s %s\n", name, value)
		}
	}
	fact("recording", s.Recording)
	fact("run", s.Run)
	fact("workflow", s.Workflow+" in namespace "+s.Namespace)
	fact("template", s.Template)
	fact("link", link)
	if !s.Started.IsZero() {
		fact("started", s.Started.UTC().Format(time.RFC3339))
	}
	_, style := mark(s.State)
	fact("state", p.paint(style, string(s.State))+after(s, now))
	fmt.Fprintln(w)
	for _, line := range treeLines(s, now, p) {
		fmt.Fprintln(w, line)
	}
	if s.Message != "" || result != "" {
		fmt.Fprintln(w)
	}
	if s.State != engine.Canceled {
		fact("error", s.Message)
	}
	fact("hint", s.Hint)
	fact("result", result)
	_, err := io.WriteString(w, "")
	return err
}

func after(s argo.Status, now time.Time) string {
	switch {
	case s.Started.IsZero():
		return ""
	case s.State.Ended():
		return " after " + engine.Short(lasted(s, now))
	default:
		return " for " + engine.Short(lasted(s, now))
	}
}
