package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/settings"
)

// configValue is the stable shape of one setting in `config -o json`.
type configValue struct {
	Name   string `json:"name"`
	Value  string `json:"value"` // a secret's is masked
	From   string `json:"from"`  // environment, the file, default, or "" when it is not set
	Secret bool   `json:"secret,omitempty"`
	Doc    string `json:"doc"`
}

func newConfigCommand(env *Env) *cobra.Command {
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	all := false
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the effective settings and where each comes from",
		Long: `Show the effective settings and where each comes from. A flag wins over the
environment, the environment over the settings file, the file over the default.
Secrets are masked.

The settings file is YAML with one variable a line, under the names that the
environment has: --config, or TRACKSCRIBE_CONFIG, or trackscribe/config.yaml in
the user's folder of settings.
` + exitHelp,
		Example: "  trackscribe config\n  trackscribe config --all -o json",
		Args:    exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			src, err := env.source()
			if err != nil {
				return err
			}
			if _, err := settings.From(src); err != nil {
				return usageError(err)
			}
			var list []configValue
			for _, v := range settings.Effective(src) {
				if v.From != "" || all || output.value == "json" {
					list = append(list, configValue{v.Name, v.Value, v.From, v.Secret, v.Doc})
				}
			}
			if output.value == "json" {
				return printJSON(env, list)
			}
			tw := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(tw, "SETTING\tVALUE\tFROM")
			for _, v := range list {
				fmt.Fprintln(tw, strings.TrimRight(v.Name+"\t"+v.Value+"\t"+v.From, "\t"))
			}
			return tw.Flush()
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that are not set and have no default")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}
