package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// stepInfo is the stable shape of `steps -o json`.
type stepInfo struct {
	Name       string        `json:"name"`
	Version    string        `json:"version"`
	Summary    string        `json:"summary"`
	PerTrack   bool          `json:"perTrack"`
	Optional   bool          `json:"optional"`
	SideEffect bool          `json:"sideEffect"`
	Reads      []portInfo    `json:"reads"`
	Writes     []portInfo    `json:"writes"`
	Parameters []steps.Param `json:"parameters"`
	Needs      []steps.Need  `json:"needs"`
}

type portInfo struct {
	Name      string `json:"name"`
	From      string `json:"from,omitempty"`
	File      string `json:"file,omitempty"`
	MediaType string `json:"mediaType,omitempty"`
	PerTrack  bool   `json:"perTrack,omitempty"`
	Optional  bool   `json:"optional,omitempty"`
	Doc       string `json:"doc,omitempty"`
}

func newStepsCommand(env *Env) *cobra.Command {
	output := &choice{value: "table", allowed: []string{"table", "markdown", "json"}}
	cmd := &cobra.Command{
		Use:   "steps",
		Short: "Show what each step reads, writes and needs",
		Args:  exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			g := pipeline.New()
			switch output.value {
			case "json":
				return printJSON(env, stepInfos(g))
			case "markdown":
				return StepsMarkdown(env.Stdout, g)
			default:
				return stepsTable(env.Stdout, stepInfos(g))
			}
		},
	}
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func stepInfos(g graph.Graph) []stepInfo {
	var list []stepInfo
	for _, n := range g.Nodes {
		s := stepInfo{
			Name: n.Name(), Version: n.Step.Version, Summary: n.Step.Summary, PerTrack: n.Each != "", Optional: n.Optional,
			SideEffect: n.Step.SideEffect, Parameters: append([]steps.Param{}, n.Step.Params...), Needs: append([]steps.Need{}, n.Step.Needs...),
			Reads: []portInfo{}, Writes: []portInfo{},
		}
		for _, p := range n.Step.Inputs {
			s.Reads = append(s.Reads, portInfo{Name: p.Name, From: string(n.From[p.Name]), PerTrack: p.Each, Optional: p.Optional, Doc: p.Doc})
		}
		for _, p := range n.Step.Outputs {
			s.Writes = append(s.Writes, portInfo{Name: p.Name, File: p.File, MediaType: p.MediaType, PerTrack: p.Each, Doc: p.Doc})
		}
		list = append(list, s)
	}
	return list
}

// stepsTable prints a line per thing read or written, so that it fits a
// terminal however much a step reads.
func stepsTable(w io.Writer, list []stepInfo) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "STEP\tREADS\tWRITES\tNEEDS\tKIND")
	for _, s := range list {
		columns := [][]string{{s.Name}, reads(s, ""), writes(s, ""), needs(s), {kind(s)}}
		for line := 0; ; line++ {
			cells, more := make([]string, len(columns)), line == 0
			for i, c := range columns {
				if line < len(c) {
					cells[i], more = c[line], true
				}
			}
			if !more {
				break
			}
			fmt.Fprintln(tw, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
		}
	}
	return tw.Flush()
}

// StepsMarkdown writes the table of a graph's steps.
func StepsMarkdown(w io.Writer, g graph.Graph) error {
	var b strings.Builder
	b.WriteString("| step | what it does | reads | writes | parameters | needs | kind |\n|---|---|---|---|---|---|---|\n")
	for _, s := range stepInfos(g) {
		var params []string
		for _, p := range s.Parameters {
			params = append(params, fmt.Sprintf("`%s` (%s, default `%s`): %s", p.Name, p.Kind, p.Default, p.Doc))
		}
		br := func(parts []string) string { return strings.Join(parts, "<br>") }
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n",
			s.Name, s.Summary, br(reads(s, "`")), br(writes(s, "`")), br(params), br(needs(s)), kind(s))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func reads(s stepInfo, quote string) (parts []string) {
	for _, p := range s.Reads {
		t := quote + p.From + quote
		if p.PerTrack {
			t += " (all tracks)"
		}
		if p.Optional {
			t += " (if there)"
		}
		parts = append(parts, t)
	}
	return parts
}

func writes(s stepInfo, quote string) (parts []string) {
	for _, p := range s.Writes {
		t := quote + p.File + quote
		if p.PerTrack {
			t += " (per track)"
		}
		parts = append(parts, t)
	}
	return parts
}

func needs(s stepInfo) (parts []string) {
	for _, n := range s.Needs {
		parts = append(parts, n.Name)
	}
	return parts
}

func kind(s stepInfo) string {
	var parts []string
	if s.PerTrack {
		parts = append(parts, "per track")
	}
	if s.Optional {
		parts = append(parts, "optional")
	}
	if s.SideEffect {
		parts = append(parts, "side effect")
	}
	return strings.Join(parts, ", ")
}
