// Package docs writes the documents that derive from the code: the command
// reference, the tables of steps and environment variables, the pictures of
// the graph. The test fails when one of them is stale.
package docs

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/draw"
	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

//go:generate env UPDATE_GOLDEN=1 go test . -run TestDocsAreCurrent

func TestDocsAreCurrent(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*testing.T) []byte{
		"cli.md":         commands,
		"steps.md":       stepTable,
		"environment.md": environment,
		"graph.svg":      picture(draw.SVG),
		"graph.mmd":      picture(draw.Mermaid),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Equal(t, write(t), filepath.Join(testenv.Root(t), "docs", name))
		})
	}
}

// commands is the reference of all commands in one page.
func commands(t *testing.T) []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\nMade from the program's own help by `make generate`.\n\n")
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		var page bytes.Buffer
		link := func(name string) string {
			return "#" + strings.ReplaceAll(strings.TrimSuffix(name, ".md"), "_", "-")
		}
		if err := doc.GenMarkdownCustom(c, &page, link); err != nil {
			t.Fatal(err)
		}
		b.Write(bytes.ReplaceAll(page.Bytes(), []byte("### SEE ALSO"), []byte("### See also")))
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root := cli.Root()
	root.InitDefaultCompletionCmd()
	walk(root)
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
	return fmt.Appendf(nil, "# Environment variables\n\nMade from the settings by `make generate`. A flag wins over the environment. AWS credentials are found as\nevery AWS tool finds them (environment, shared files, web identity, instance role).\n\n%s", settings.Markdown())
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
