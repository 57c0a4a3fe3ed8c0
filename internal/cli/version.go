package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// Version is the program's version, set when it is linked; empty: what the
// build knows.
var Version string

type versionInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Graph   string `json:"graph"`
	Digest  string `json:"digest"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func thisVersion() versionInfo {
	g := pipeline.New()
	v := versionInfo{Version: Version, Graph: g.Name + " v" + g.Version, Digest: g.Digest(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if v.Version == "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	if v.Version == "" || v.Version == "(devel)" {
		v.Version = "dev"
	}
	return v
}

func newVersionCommand(env *Env) *cobra.Command {
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program and of the graph it carries",
		Args:  exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			v := thisVersion()
			if output.value == "json" {
				return printJSON(env, v)
			}
			_, err := fmt.Fprintf(env.Stdout, "trackscribe %s (graph %s, %s, %s/%s)\n", v.Version, v.Graph, v.Go, v.OS, v.Arch)
			return err
		},
	}
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func printJSON(env *Env, v any) error {
	enc := json.NewEncoder(env.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
