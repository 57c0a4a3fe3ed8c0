package cli

import (
	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/draw"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func newGraphCommand(env *Env) *cobra.Command {
	formats := map[string]draw.Func{
		"text": draw.Text, "ascii": draw.ASCII, "mermaid": draw.Mermaid, "dot": draw.DOT, "svg": draw.SVG, "json": draw.JSON,
	}
	output := &choice{value: "text", allowed: []string{"text", "ascii", "mermaid", "dot", "svg", "json"}}
	cmd := &cobra.Command{
		Use:     "graph",
		Short:   "Draw the pipeline",
		Example: "  trackscribe graph\n  trackscribe graph -o svg > graph.svg",
		Args:    exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			return formats[output.value](env.Stdout, pipeline.New())
		},
	}
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}
