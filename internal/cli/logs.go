package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func newLogsCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var opt argo.LogOptions
	var steps []string
	cmd := &cobra.Command{
		Use:   "logs RUN",
		Short: "Print what the steps of a run wrote to their logs",
		Long: `Print what the steps of a run wrote to their logs, step by step, or as it comes
with -f. The pods of finished steps are deleted after a while, and their logs
with them; why a step failed is also told by trackscribe get.
` + runHelp + clusterHelp,
		Example: "  trackscribe logs -f standup\n  trackscribe logs standup --step 'transcribe-track[1]'",
		Args:    runArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogs(cmd.Context(), env, &c, args[0], steps, opt)
		},
	}
	c.add(cmd)
	f := cmd.Flags()
	f.BoolVarP(&opt.Follow, "follow", "f", false, "print lines as they come, to the end of the run")
	f.StringArrayVar(&steps, "step", nil, "only this step, or this track of it: NAME or NAME[TRACK]")
	f.DurationVar(&opt.Since, "since", 0, "only lines that are not older than this, such as 10m")
	f.Int64Var(&opt.Tail, "tail", 0, "only so many last lines of each pod (default: all)")
	return cmd
}

func runLogs(ctx context.Context, env *Env, c *clusterFlags, name string, steps []string, opt argo.LogOptions) error {
	g := pipeline.New()
	for _, s := range steps {
		step, _, _ := strings.Cut(s, "[")
		if _, ok := g.Node(step); !ok {
			return usage("see: trackscribe steps", "there is no step %q", step)
		}
	}
	if opt.Since < 0 || opt.Tail < 0 || opt.Since > 0 && opt.Since < time.Second {
		return usage("", "--since wants at least 1s, and --tail no negative number")
	}
	cluster, _, err := c.connect(env)
	if err != nil {
		return err
	}
	s, err := find(ctx, cluster, name)
	if err != nil {
		return err
	}
	var want func(argo.Pod) bool
	if len(steps) > 0 {
		want = func(p argo.Pod) bool {
			return slices.ContainsFunc(steps, func(s string) bool { return slices.Contains(p.Steps, s) })
		}
	}
	// One pod needs no name before its lines; whether there will be more is
	// only known of a run that has ended.
	single := s.State.Ended() && len(slices.DeleteFunc(s.Pods(), func(p argo.Pod) bool { return want != nil && !want(p) })) == 1
	var failed error
	gone := 0
	err = argo.Sight{Cluster: cluster, Graph: g}.Logs(ctx, s.Workflow, opt, want, func(l argo.LogLine) {
		if failed != nil {
			return
		}
		if single {
			_, failed = fmt.Fprintln(env.Stdout, l.Text)
			return
		}
		name := l.Task
		if l.Attempt > 1 {
			name = fmt.Sprintf("%s, attempt %d", name, l.Attempt)
		}
		_, failed = fmt.Fprintf(env.Stdout, "%s: %s\n", name, l.Text)
	}, func(argo.Pod) { gone++ })
	if gone > 0 {
		fmt.Fprintf(env.Stderr, "%d pods are not there any more, nor are their logs: finished pods are deleted after a while\n", gone)
	}
	if err == nil {
		err = failed
	}
	return reached(err)
}
