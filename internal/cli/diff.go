package cli

import (
	"bytes"
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	cluster "github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/steps"
)

// Exit codes of diff, as of every diff.
const (
	exitDiffers   = 1
	exitDiffError = 2
)

func newDiffCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var r renderFlags
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show what install would change on a cluster",
		Long: `Show what install would change on a cluster, as a unified diff. Both sides are as
the server sees them: what it fills in by itself, and what others manage, makes
no difference.

Exit codes: 0 no difference, 1 there is one, 2 an error.
`,
		Example: "  trackscribe diff -f examples/argo/production.yaml",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			differs, err := runDiff(cmd.Context(), env, &c, &r)
			switch {
			case err != nil:
				return &exitError{code: exitDiffError, err: err, hint: steps.Hint(err)}
			case differs:
				return &exitError{code: exitDiffers}
			default:
				return nil
			}
		},
	}
	c.add(cmd)
	r.add(cmd)
	return cmd
}

func runDiff(ctx context.Context, env *Env, c *clusterFlags, r *renderFlags) (differs bool, err error) {
	kube, files, err := rendered(env, c, r)
	if err != nil {
		return false, err
	}
	objects, err := cluster.Objects(files)
	if err != nil {
		return false, err
	}
	if err := kube.CheckInstalled(ctx); err != nil {
		return false, err
	}
	for _, o := range objects {
		live, err := kube.Live(ctx, o)
		if err != nil {
			return differs, err
		}
		// With force, so that fields which others manage show as differences.
		want, err := kube.Apply(ctx, o, cluster.ApplyOptions{DryRun: true, Force: true})
		if err != nil {
			return differs, err
		}
		before, err := normalYAML(live)
		if err != nil {
			return differs, err
		}
		after, err := normalYAML(want)
		if err != nil {
			return differs, err
		}
		if bytes.Equal(before, after) {
			continue
		}
		differs = true
		if _, err := fmt.Fprint(env.Stdout, unified("live/"+o.String(), "rendered/"+o.String(), string(before), string(after))); err != nil {
			return differs, err
		}
	}
	return differs, nil
}

// normalYAML is an object as it is compared; nothing for one that is not there.
func normalYAML(o map[string]any) ([]byte, error) {
	if o == nil {
		return nil, nil
	}
	return yaml.Marshal(cluster.Normal(o))
}
