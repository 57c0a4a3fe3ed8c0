package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine/argo"
)

func newStopCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var now bool
	output := actionOutput()
	cmd := &cobra.Command{
		Use:   "stop RUN...",
		Short: "Stop runs; what is finished stays",
		Long: `Stop runs: no step is begun any more, those that run are asked to end, and the
failure is noted in the store. With --now nothing more is done at all. Finished
work stays either way: trackscribe retry goes on from there.
` + runHelp + clusterHelp,
		Args: runArgs(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return act(ctx, env, &c, args, output.value, "is being stopped", func(cluster argo.Cluster, s argo.Status) error {
				if s.State.Ended() {
					return fmt.Errorf("run %s of recording %s has ended: %s", s.Run, s.Recording, s.State)
				}
				return cluster.Shutdown(ctx, s.Workflow, now)
			})
		},
	}
	c.add(cmd)
	cmd.Flags().BoolVar(&now, "now", false, "terminate: do not even note the failure in the store")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}
