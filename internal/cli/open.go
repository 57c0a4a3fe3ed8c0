package cli

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"
)

func newOpenCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var browser bool
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "open RUN",
		Short: "Print the link to a run in the Argo UI",
		Long: `Print the link to a run in the Argo UI, and open it with --browser. The UI is the
Argo Server's; through the Kubernetes API it is only known when
TRACKSCRIBE_ARGO_UI says where it is.
` + runHelp + clusterHelp,
		Args: runArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cluster, _, err := c.connect(env)
			if err != nil {
				return err
			}
			s, err := find(cmd.Context(), cluster, args[0])
			if err != nil {
				return err
			}
			link := cluster.Link(s.Workflow)
			if link == "" {
				return &exitError{
					code: ExitError, err: errors.New("where the Argo UI is, is not known"),
					hint: "set TRACKSCRIBE_ARGO_UI=https://… ; on a cluster of your own: kubectl -n argo port-forward svc/argo-server 2746:2746",
				}
			}
			if output.value == "json" {
				err = printJSON(env, struct {
					runRef
					Link string `json:"link"`
				}{refOf(s), link})
			} else {
				_, err = fmt.Fprintln(env.Stdout, link)
			}
			if err != nil || !browser {
				return err
			}
			return show(link)
		},
	}
	c.add(cmd)
	cmd.Flags().BoolVar(&browser, "browser", false, "open it in a browser, too")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

// show opens a link with whatever the system opens links with.
func show(link string) error {
	opener := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if opener == nil {
		opener = []string{"xdg-open"}
	}
	if err := exec.Command(opener[0], append(opener[1:], link)...).Run(); err != nil {
		return fmt.Errorf("open a browser with %s: %w", opener[0], err)
	}
	return nil
}
