package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// listed is the stable shape of one run in `list -o json`.
type listed struct {
	runRef
	State    engine.State `json:"state"`
	Template string       `json:"template"`
	Created  time.Time    `json:"created"`
	Started  *time.Time   `json:"started,omitempty"`
	Finished *time.Time   `json:"finished,omitempty"`
	Seconds  float64      `json:"seconds"`
	Progress float64      `json:"progress"` // 0 to 1, as Argo counts it
}

func newListCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var recording string
	output := &choice{value: "table", allowed: []string{"table", "json", "name"}}
	state := &choice{allowed: []string{"queued", "running", "succeeded", "failed", "canceled"}}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs on a cluster, the newest first",
		Long:  "List the runs on a cluster, the newest first.\n" + clusterHelp,
		Example: `  trackscribe list
  trackscribe list --recording standup -o json
  trackscribe retry $(trackscribe list --state failed -o name)`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := listRuns(cmd.Context(), env, &c, recording, engine.State(state.value))
			if err != nil {
				return err
			}
			switch output.value {
			case "json":
				return printJSON(env, list)
			case "name":
				return tell(env, "name", "", refs(list))
			default:
				return listTable(env.Stdout, list, time.Now(), toTerminal(env))
			}
		},
	}
	cmd.AddCommand(newListRecordingsCommand(env))
	c.add(cmd)
	cmd.Flags().StringVar(&recording, "recording", "", "only runs of this recording")
	addChoice(cmd, state, "state", "", "only runs that stand so")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func listRuns(ctx context.Context, env *Env, c *clusterFlags, recording string, state engine.State) ([]listed, error) {
	cluster, _, err := c.connect(env)
	if err != nil {
		return nil, err
	}
	found, err := argo.Runs(ctx, cluster, recording)
	if err != nil {
		return nil, reached(err)
	}
	list, g := []listed{}, pipeline.New()
	for _, wf := range found {
		if s := argo.StatusOf(&wf, g); state == "" || s.State == state {
			list = append(list, listedOf(s, time.Now()))
		}
	}
	return list, nil
}

func listedOf(s argo.Status, now time.Time) listed {
	return listed{
		runRef: refOf(s), State: s.State, Template: s.Template, Created: s.Created.UTC(), Started: stamp(s.Started), Finished: stamp(s.Finished),
		Seconds: lasted(s, now).Seconds(), Progress: s.Progress,
	}
}

func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// lasted is how long a run took, or has been running.
func lasted(s argo.Status, now time.Time) time.Duration {
	switch {
	case s.Started.IsZero():
		return 0
	case s.Finished.IsZero():
		return now.Sub(s.Started).Truncate(time.Second)
	default:
		return s.Finished.Sub(s.Started)
	}
}

func refs(list []listed) []runRef {
	var out []runRef
	for _, l := range list {
		out = append(out, l.runRef)
	}
	return out
}

// listTable prints one line per run. Ages would be out of date at once in a
// file, so there it prints when the run was made.
func listTable(w io.Writer, list []listed, now time.Time, relative bool) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	when := "CREATED"
	if relative {
		when = "AGE"
	}
	fmt.Fprintf(tw, "RECORDING\tRUN\tSTATE\t%s\tDURATION\tPROGRESS\n", when)
	for _, l := range list {
		made := l.Created.Format(time.RFC3339)
		if relative {
			made = age(now.Sub(l.Created))
		}
		took := "-"
		if l.Started != nil {
			took = engine.Short(time.Duration(l.Seconds * float64(time.Second)))
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%.0f%%\n", l.Recording, l.Run, l.State, made, took, 100*l.Progress)
	}
	return tw.Flush()
}

// age says how long ago something was, as roughly as people do.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}
