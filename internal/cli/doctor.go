package cli

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/doctor"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func newDoctorCommand(env *Env) *cobra.Command {
	var c clusterFlags
	var store, name string
	var limit time.Duration
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that everything that is configured works, and say what to do about what does not",
		Long: `Check that everything that is configured works, all at once, and say what to do
about what does not: the store, permission by permission; the speech recogniser,
the language model, Daily and its bucket, the consent endpoint, Zulip and the webhook's
receiver; the cluster, what you may do there, and what is installed. Nothing is
transcribed, posted or sent, and no secret is told.

Exit code 1 when something does not work.
` + clusterHelp,
		Example: "  trackscribe doctor\n  trackscribe doctor --store s3://meetings/trackscribe -o json",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit <= 0 {
				return usage("", "--timeout wants a time, such as 10s")
			}
			checks, err := checksOf(env, &c, store, name)
			if err != nil {
				return err
			}
			found := doctor.Examine(cmd.Context(), checks, limit)
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if output.value == "json" {
				err = printJSON(env, found)
			} else {
				err = tellChecks(env.Stdout, found)
			}
			if err == nil && !doctor.Healthy(found) {
				err = &exitError{code: ExitError}
			}
			return err
		},
	}
	c.add(cmd)
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder or s3:// prefix of artifacts and results (default: TRACKSCRIBE_STORE)")
	f.StringVar(&name, "name", "trackscribe", "prefix of the installed objects' names")
	f.DurationVar(&limit, "timeout", 10*time.Second, "how long all checks together may take")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func checksOf(env *Env, c *clusterFlags, store, name string) ([]doctor.Check, error) {
	set, err := env.settings()
	if err != nil {
		return nil, err
	}
	if store != "" {
		set.Store = store
	}
	if c.kubeconfig != "" || c.context != "" {
		set.ArgoServer = ""
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	named := c.kubeconfig != "" || c.context != "" || set.Kubeconfig != "" || set.ArgoServer != ""
	return slices.Concat(
		[]doctor.Check{doctor.Store(set.Store, open.FromSettings(set), hex.EncodeToString(b[:])), doctor.Scratch(set.Scratch)},
		doctor.Services(set, model.Dir(set.ModelDir, env.CacheDir)),
		doctor.Cluster(c.access(set), pipeline.New(), name, named),
	), nil
}

// tellChecks prints a line per check, and below it what to do.
func tellChecks(w io.Writer, found []doctor.Finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintf(w, "%-8s %-15s %s\n", f.State, f.Check, f.Found); err != nil {
			return err
		}
		if f.Do != "" && f.State != doctor.OK {
			if _, err := fmt.Fprintf(w, "%24s hint: %s\n", "", f.Do); err != nil {
				return err
			}
		}
	}
	return nil
}
