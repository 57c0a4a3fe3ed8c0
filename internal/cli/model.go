package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/model"
)

func newModelCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "model",
		Short: "Fetch the speech model, or show where it is",
		Args:  onlyCommands,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var dir string
	cmd.PersistentFlags().StringVar(&dir, "model", "", "folder of the speech model (default: TRACKSCRIBE_MODEL_DIR, or the cache)")
	find := func() (string, error) {
		set, err := env.settings()
		if err != nil {
			return "", err
		}
		if dir != "" {
			set.ModelDir = dir
		}
		if set.ModelDir == "" && env.CacheDir == "" {
			return "", usage("set TRACKSCRIBE_MODEL_DIR to a folder", "there is no cache folder for this user")
		}
		return model.Dir(set.ModelDir, env.CacheDir), nil
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "fetch",
			Short: "Install the pinned speech model with npm, unless it is there already",
			Args:  exactArgs(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				at, err := find()
				if err != nil {
					return err
				}
				story := func(line string) { fmt.Fprintln(env.Stderr, line) }
				if err := model.Fetch(cmd.Context(), at, model.Exec, story); err != nil {
					return err
				}
				_, err = fmt.Fprintln(env.Stdout, at)
				return err
			},
		},
		&cobra.Command{
			Use:   "where",
			Short: "Print the folder of the speech model and whether it is complete",
			Args:  exactArgs(),
			RunE: func(*cobra.Command, []string) error {
				at, err := find()
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintln(env.Stdout, at); err != nil {
					return err
				}
				return model.Check(at)
			},
		},
	)
	return cmd
}
