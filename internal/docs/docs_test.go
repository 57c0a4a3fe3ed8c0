// Package docs writes the documents that derive from the code: the command
// reference, the tables of steps and environment variables, the pictures of
// the graph. The test fails when one of them is stale.
package docs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/draw"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/internal/serve/metrics"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/templates/argo/lint"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

//go:generate env UPDATE_GOLDEN=1 go test . -run "TestDocsAreCurrent|TestCommandPages"

func TestDocsAreCurrent(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*testing.T) []byte{
		"cli/README.md":      index,
		"steps.md":           stepTable,
		"environment.md":     environment,
		"metrics.md":         measured,
		"lint.md":            func(*testing.T) []byte { return []byte(lint.Markdown()) },
		"troubleshooting.md": troubleshooting,
		"graph.svg":          picture(draw.SVG),
		"graph.mmd":          picture(draw.Mermaid),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Equal(t, write(t), filepath.Join(testenv.Root(t), "docs", name))
		})
	}
}

// TestCommandPages writes a page per command, and wants no page of a command
// that is gone.
func TestCommandPages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testenv.Root(t), "docs", "cli")
	want := []string{"README.md"}
	for _, c := range commands() {
		var page bytes.Buffer
		if err := doc.GenMarkdownCustom(c, &page, func(name string) string { return name }); err != nil {
			t.Fatal(err)
		}
		name := pageOf(c)
		golden.Equal(t, bytes.ReplaceAll(page.Bytes(), []byte("### SEE ALSO"), []byte("### See also")), filepath.Join(dir, name))
		want = append(want, name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if slices.Contains(want, e.Name()) {
			continue
		}
		if golden.Updating(t) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("docs/cli/%s is of no command", e.Name())
	}
}

func pageOf(c *cobra.Command) string {
	return strings.ReplaceAll(c.CommandPath(), " ", "_") + ".md"
}

// commands lists all commands, parents first.
func commands() (list []*cobra.Command) {
	root := cli.Root()
	root.InitDefaultCompletionCmd()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		list = append(list, c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return list
}

// measured lists what can be scraped of a server.
func measured(*testing.T) []byte {
	return []byte("# Metrics\n\nWhat `trackscribe serve` tells Prometheus at `/metrics`, beside the figures of Go and of the process. Made from the\nprogram by `make generate`.\n\n" + metrics.Markdown())
}

// index lists the commands with what they do.
func index(*testing.T) []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\nMade from the program's own help by `make generate`.\n\n| command | what it does |\n|---|---|\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", c.CommandPath(), pageOf(c), c.Short)
	}
	return b.Bytes()
}

// troubleshooting is the table of what keeps pods from working, with what the
// program itself says about it.
func troubleshooting(*testing.T) []byte {
	var b bytes.Buffer
	b.WriteString(`# Troubleshooting

Made from what the program knows by ` + "`make generate`" + `. ` + "`trackscribe watch`, `wait` and `get`" + ` print the
meaning and the advice when Kubernetes, Argo or the store says what is on the left; NAMESPACE and $1 are filled in.
` + "`trackscribe logs RUN`" + ` has the rest.

| what is said | what it means | what to do |
|---|---|---|
`)
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	for _, t := range argo.Troubles() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell.Replace(strings.TrimPrefix(t.Sign.String(), "(?i)")), cell.Replace(t.Meaning), cell.Replace(t.Hint))
	}
	return b.Bytes()
}

func stepTable(t *testing.T) []byte {
	var b bytes.Buffer
	b.WriteString("# Steps\n\nMade from what the steps declare by `make generate`. Each step writes its files under\n`recordings/<recording>/artifacts/<step>/<cache-key>/`; `trackscribe steps -o json` tells more.\n\n")
	if err := cli.StepsMarkdown(&b, pipeline.New()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func environment(*testing.T) []byte {
	return fmt.Appendf(nil, "# Settings\n\nMade from the settings by `make generate`. A flag wins over the environment, the environment over the settings\nfile, the file over the default; `trackscribe config` shows what is in effect and where it comes from. The file is\nYAML with one variable a line: `--config`, else `TRACKSCRIBE_CONFIG`, else `trackscribe/config.yaml` in the user's\nfolder of settings. AWS credentials are found as every AWS tool finds them (environment, shared files, web identity,\ninstance role).\n\n%s", settings.Markdown())
}

func picture(f draw.Func) func(*testing.T) []byte {
	return func(t *testing.T) []byte {
		var b bytes.Buffer
		if err := f(&b, pipeline.New()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
}
