package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/source"
)

func newListRecordingsCommand(env *Env) *cobra.Command {
	var from string
	var limit int
	var since time.Duration
	output := &choice{value: "table", allowed: []string{"table", "json", "name"}}
	cmd := &cobra.Command{
		Use:   "recordings",
		Short: "List the recordings of a source, at Daily the newest first",
		Long: `List the recordings of a source: those with raw tracks of the account at Daily,
the newest first, or the folders of a folder or s3:// prefix. What is listed is
what run and submit take.
` + exitHelp,
		Example: `  trackscribe list recordings --source daily --since 24h
  trackscribe submit $(trackscribe list recordings --source daily --limit 1 -o name)`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" {
				return usage("give --source daily, an s3:// prefix or a folder", "no source is named")
			}
			if limit < 0 || since < 0 {
				return usage("", "--limit and --since cannot be negative")
			}
			var after time.Time
			if since > 0 {
				after = time.Now().Add(-since)
			}
			list, err := listRecordings(cmd.Context(), env, from, limit, after)
			if err != nil {
				return err
			}
			switch output.value {
			case "json":
				return printJSON(env, list)
			case "name":
				for _, l := range list {
					if _, err := fmt.Fprintln(env.Stdout, l.Location); err != nil {
						return err
					}
				}
				return nil
			default:
				return recordingsTable(env.Stdout, list)
			}
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "source", "", "daily, or an s3:// prefix or folder whose folders are recordings")
	f.IntVar(&limit, "limit", 0, "at most so many; 0: all")
	f.DurationVar(&since, "since", 0, "only those that started within this time, such as 24h; 0: all")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

func listRecordings(ctx context.Context, env *Env, from string, limit int, after time.Time) ([]source.Listed, error) {
	set, err := env.settings()
	if err != nil {
		return nil, err
	}
	list := []source.Listed{}
	for l, err := range source.List(ctx, from, source.FromSettings(set)) {
		if err != nil {
			return nil, submitError(err)
		}
		if !l.Started.IsZero() && l.Started.Before(after) {
			break // from here on they are older
		}
		list = append(list, l)
		if limit > 0 && len(list) == limit {
			break
		}
	}
	return list, nil
}

func recordingsTable(w io.Writer, list []source.Listed) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "RECORDING\tNAME\tSTARTED\tDURATION\tTRACKS\tSTATE")
	for _, l := range list {
		started, duration, tracks := "", "", ""
		if !l.Started.IsZero() {
			started = l.Started.Format("2006-01-02 15:04")
		}
		if l.Duration > 0 {
			duration = (time.Duration(l.Duration) * time.Second).String()
		}
		if l.Tracks > 0 {
			tracks = fmt.Sprint(l.Tracks)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Location, l.Name, started, duration, tracks, l.State)
	}
	return tw.Flush()
}
