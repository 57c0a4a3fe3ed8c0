package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

const exitHelp = `
Exit codes: 0 ok, 1 error, 2 wrong usage, 3 the run failed, 4 not reachable or
not allowed, 8 still running when the wait ended, 130 interrupted.`

// Groups of commands, in the order of the help.
const (
	groupHere    = "here"
	groupCluster = "cluster"
	groupRuns    = "runs"
)

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "trackscribe",
		Short: "Turn a multitrack meeting recording into a transcript that knows who said what",
		Long: `Trackscribe turns a recording with one audio track per participant into a
transcript that knows who said what, with topics, title, highlights, action
items, a waveform and one mixed audio file.
` + exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		// Cobra's default, which only takes effect together with its own check.
		SuggestionsMinimumDistance: 2,
		DisableAutoGenTag:          true,
		Args:                       onlyCommands,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&env.Config, "config", "", "settings file (default: TRACKSCRIBE_CONFIG, or trackscribe/config.yaml in the user's folder of settings)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("see: "+cmd.CommandPath()+" --help", "%w", err)
	})
	root.AddGroup(
		&cobra.Group{ID: groupHere, Title: "On this machine:"},
		&cobra.Group{ID: groupCluster, Title: "On a cluster with Argo Workflows:"},
		&cobra.Group{ID: groupRuns, Title: "Runs on a cluster:"},
	)
	add := func(group string, list ...*cobra.Command) {
		for _, c := range list {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupHere, newRunCommand(env), newGraphCommand(env), newStepsCommand(env), newModelCommand(env), newConfigCommand(env), newDoctorCommand(env), newServeASRCommand(env))
	add(groupCluster, newRenderCommand(env), newLintCommand(env), newSimulateCommand(env), newInstallCommand(env), newDiffCommand(env), newSubmitCommand(env), newReprocessCommand(env), newServeCommand(env))
	add(groupRuns,
		newListCommand(env), newGetCommand(env), newWatchCommand(env), newWaitCommand(env), newLogsCommand(env),
		newRetryCommand(env), newStopCommand(env), newDeleteCommand(env), newOpenCommand(env),
	)
	root.AddCommand(newVersionCommand(env))
	return root
}

// onlyCommands refuses what is no command of a command that only groups others.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see: " + cmd.CommandPath() + " --help"
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		hint = "did you mean " + strings.Join(like, " or ") + "?"
	}
	return usage(hint, "unknown command %q for %q", args[0], cmd.CommandPath())
}

// exactArgs wants n arguments and says which.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usage("see: "+cmd.CommandPath()+" --help", "%s wants %s, got %d arguments",
				cmd.CommandPath(), strings.Join(names, " "), len(args))
		}
		return nil
	}
}

// A choice is a flag with a fixed set of values.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }
func (c *choice) Set(s string) error {
	for _, a := range c.allowed {
		if s == a {
			c.value = s
			return nil
		}
	}
	return usage("", "must be one of %s", strings.Join(c.allowed, ", "))
}

// addChoice binds a choice flag, with its completion.
func addChoice(cmd *cobra.Command, c *choice, name, short, help string) {
	cmd.Flags().VarP(c, name, short, help)
	// It fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.allowed, cobra.ShellCompDirectiveNoFileComp))
}
