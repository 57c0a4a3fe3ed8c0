package cli

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/templates/argo/lint"
)

func newLintCommand(env *Env) *cobra.Command {
	output := &choice{value: "text", allowed: []string{"text", "json", "sarif"}}
	var policy, rules bool
	cmd := &cobra.Command{
		Use:   "lint FILE…|-",
		Short: "Find mistakes in Argo Workflows manifests, without a cluster",
		Long: `Find mistakes in Argo Workflows manifests, without a cluster.

FILE is a YAML file with any number of documents, a folder of which every
.yaml and .yml file is read, or - for the standard input. Workflow,
WorkflowTemplate, ClusterWorkflowTemplate and CronWorkflow are checked; other
objects only have to be YAML. The files of one call see each other: name the
file of a template beside the one that uses it.

Argo's own validator is asked first, about every object and about a submission
of every template. Then come rules for what it lets through: tags that name
nothing, expressions and durations that are only read when a step fails, keys
that two runs write, and more. They work on anybody's manifests.

Exit codes: 0 no findings, 1 findings, 2 wrong usage or a file that cannot be
read.`,
		Example: `  trackscribe lint workflow.yaml
  trackscribe lint --policy templates/
  trackscribe render -o - | trackscribe lint -
  trackscribe lint -o sarif templates/ > lint.sarif`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rules {
				return printRules(env, cmd, output.value, args)
			}
			files, err := lintFiles(env.Stdin, args)
			if err != nil {
				return err
			}
			findings := lint.Check(cmd.Context(), files, lint.Options{Policy: policy})
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return tellFindings(env, output.value, files, findings)
		},
	}
	addChoice(cmd, output, "output", "o", "output format")
	cmd.Flags().BoolVar(&policy, "policy", false, "look for the rules of the house too: security, retries, what Argo 4 has removed")
	cmd.Flags().BoolVar(&rules, "rules", false, "print the rules instead")
	return cmd
}

func tellFindings(env *Env, output string, files []lint.File, findings []lint.Finding) error {
	write := map[string]func(io.Writer, []lint.Finding) error{
		"text": lint.WriteText, "json": lint.WriteJSON, "sarif": lint.WriteSARIF,
	}[output]
	if err := write(env.Stdout, findings); err != nil {
		return err
	}
	fmt.Fprintf(env.Stderr, "%s in %s\n", howMany(len(findings), "finding"), howMany(len(files), "file"))
	if len(findings) > 0 {
		return &exitError{code: ExitError}
	}
	return nil
}

// lintFiles reads what the arguments name.
func lintFiles(stdin io.Reader, args []string) ([]lint.File, error) {
	const hint = "name a YAML file, a folder of them, or - for the standard input"
	if len(args) == 0 {
		return nil, usage(hint, "nothing to lint")
	}
	var files []lint.File
	for _, arg := range args {
		if arg == "-" {
			b, err := io.ReadAll(stdin)
			if err != nil {
				return nil, usage(hint, "read the standard input: %w", err)
			}
			files = append(files, lint.File{Name: "stdin", Data: b})
			continue
		}
		names, err := yamlFiles(arg)
		if err != nil {
			return nil, usage(hint, "%w", err)
		}
		if len(names) == 0 {
			return nil, usage(hint, "no .yaml or .yml file in %q", arg)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				return nil, usage(hint, "%w", err)
			}
			files = append(files, lint.File{Name: name, Data: b})
		}
	}
	return files, nil
}

// yamlFiles lists a file as it is, and the YAML files of a folder in order.
func yamlFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	var names []string
	err = filepath.WalkDir(name, func(at string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(at)) {
			names = append(names, at)
		}
		return err
	})
	return names, err
}

func printRules(env *Env, cmd *cobra.Command, output string, args []string) error {
	switch {
	case len(args) > 0:
		return usage("see: "+cmd.CommandPath()+" --help", "--rules takes no files")
	case output == "json":
		return printJSON(env, lint.Rules())
	case output == "sarif":
		return usage("use -o text or -o json", "--rules cannot be printed as sarif")
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tCLASS\tWHAT IS WRONG")
	for _, r := range lint.Rules() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, r.Class, r.What)
	}
	return w.Flush()
}

func howMany(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
