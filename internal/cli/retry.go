package cli

import (
	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine/argo"
)

func newRetryCommand(env *Env) *cobra.Command {
	var c clusterFlags
	output := actionOutput()
	cmd := &cobra.Command{
		Use:   "retry RUN...",
		Short: "Run failed or stopped runs again, from where they failed",
		Long: `Run failed or stopped runs again, from where they failed. Steps that succeeded
are not run again; their work is in the store.
` + runHelp + clusterHelp,
		Example: "  trackscribe retry standup\n  trackscribe retry $(trackscribe list --state failed -o name)",
		Args:    runArgs(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return act(ctx, env, &c, args, output.value, "goes on", func(cluster argo.Cluster, s argo.Status) error {
				wf, err := cluster.Get(ctx, s.Workflow)
				if err != nil {
					return err
				}
				return cluster.Retry(ctx, wf)
			})
		},
	}
	c.add(cmd)
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}
