package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine/argo"
)

func newDeleteCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var force bool
	output := actionOutput()
	cmd := &cobra.Command{
		Use:   "delete RUN...",
		Short: "Delete runs from a cluster; artifacts and results stay in the store",
		Long: `Delete the Workflows and pods of runs. What they wrote to the store stays. A run
that has not ended is only deleted with --force.
` + runHelp + clusterHelp,
		Args: runArgs(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return act(ctx, env, &c, args, output.value, "was deleted", func(cluster argo.Cluster, s argo.Status) error {
				if !s.State.Ended() && !force {
					return &exitError{
						code: ExitError, err: fmt.Errorf("run %s of recording %s has not ended", s.Run, s.Recording),
						hint: "stop it first (trackscribe stop " + s.Workflow + "), or use --force",
					}
				}
				return cluster.Delete(ctx, s.Workflow)
			})
		},
	}
	c.add(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "delete runs that have not ended, too")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}
