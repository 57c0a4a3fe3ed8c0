package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	cluster "github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/engine/argo/submit"
	"github.com/trackscribe/trackscribe/internal/reprocess"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/templates/argo"
)

type reprocessOptions struct {
	submitFlags
	missing, failed, stale bool
	stuck, since           time.Duration
	source                 string
	limit, maxParallel     int
	dryRun                 bool
	output                 choice
}

// reprocessAnswer is the stable shape of `reprocess -o json`, one per selected
// recording.
type reprocessAnswer struct {
	reprocess.Pick
	Action   string `json:"action"` // submitted, would submit, left for later, skipped: why, failed
	Run      string `json:"run,omitempty"`
	Workflow string `json:"workflow,omitempty"`
	Error    string `json:"error,omitempty"`
}

func newReprocessCommand(env *Env) *cobra.Command {
	o := &reprocessOptions{output: choice{value: "table", allowed: []string{"table", "json"}}}
	cmd := &cobra.Command{
		Use:   "reprocess",
		Short: "Find recordings that failed, got stuck, went stale or were missed, and run them",
		Long: `Find recordings that failed, got stuck, went stale or were missed, and run them.

What is selected is decided by what the store knows of earlier runs, what the
cluster is running, and, for --missing, what lies in the source. Finished work
is reused: a failed run goes on where it failed.
` + clusterHelp,
		Example: `  trackscribe reprocess --failed --stuck 6h --dry-run
  trackscribe reprocess --missing --source s3://daily/team --limit 50 --max-parallel 5
  trackscribe reprocess --stale --refresh detect-topics`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runReprocess(cmd.Context(), env, o) },
	}
	o.submitFlags.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.missing, "missing", false, "recordings of the source that were never run")
	f.BoolVar(&o.failed, "failed", false, "recordings whose newest run failed")
	f.DurationVar(&o.stuck, "stuck", 0, "recordings whose newest run has not ended, is not running, and was silent for so long")
	f.BoolVar(&o.stale, "stale", false, "recordings whose newest result was made by other steps, or with other parameters")
	f.DurationVar(&o.since, "since", 0, "only recordings whose newest run was asked for within this time")
	f.StringVar(&o.source, "source", "", "daily, or an s3:// prefix whose folders are recordings, for --missing")
	f.IntVar(&o.limit, "limit", 0, "at most so many recordings; 0: all")
	f.IntVar(&o.maxParallel, "max-parallel", 0, "leave the rest for the next time when so many runs are running; 0: no bound")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what would be run, and why")
	addChoice(cmd, &o.output, "output", "o", "output format")
	return cmd
}

func runReprocess(ctx context.Context, env *Env, o *reprocessOptions) error {
	if !o.missing && !o.failed && !o.stale && o.stuck == 0 {
		return usage("say which recordings: --missing, --failed, --stuck AFTER, --stale", "nothing is selected")
	}
	if o.missing && o.source == "" {
		return usage("give --source daily or s3://bucket/prefix", "--missing needs a source to look in")
	}
	s, params, err := o.submitter(ctx, env)
	if err != nil {
		return err
	}
	left, running, err := leave(ctx, s)
	if err != nil {
		return reached(err)
	}
	asked, err := wanted(ctx, s, params)
	if err != nil {
		return submitError(err)
	}
	now := time.Now()
	opt := reprocess.Options{
		Missing: o.missing, Failed: o.failed, Stuck: o.stuck, Stale: o.stale, Source: o.source, Sources: s.Sources, Params: asked, Now: now,
		Live: func(recording, run string) bool { return left[recording+"/"+run] },
	}
	if o.since > 0 {
		opt.Since = now.Add(-o.since)
	}
	picks, err := reprocess.Select(ctx, s.Graph, s.Store, opt)
	if err != nil {
		return submitError(err)
	}
	if o.limit > 0 && len(picks) > o.limit {
		fmt.Fprintf(env.Stderr, "%d recordings are selected; the first %d are taken\n", len(picks), o.limit)
		picks = picks[:o.limit]
	}
	answers, failures := o.submit(ctx, s, picks, params, running)
	if o.output.value == "json" {
		err = printJSON(env, answers)
	} else {
		err = reprocessTable(env.Stdout, answers)
	}
	return errors.Join(err, failures)
}

// wanted returns the parameters that new runs have: those that were asked for,
// and of those that follow from settings what the installed template says.
func wanted(ctx context.Context, s *submit.Submitter, params map[string]string) (map[string]string, error) {
	defaults, err := s.Defaults(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, p := range s.Graph.Params() {
		if slices.Contains(settings.ParamNames(), p.Name) {
			all[p.Name] = p.Default
		}
	}
	maps.Copy(all, defaults)
	maps.Copy(all, params)
	return all, nil
}

// leave lists the runs to leave alone, by recording/run: what the cluster is
// running, and how many that is, and what somebody stopped there.
func leave(ctx context.Context, s *submit.Submitter) (left map[string]bool, running int, err error) {
	all, err := s.Cluster.List(ctx, argo.LabelGraph+"="+s.Graph.Name)
	if err != nil {
		return nil, 0, err
	}
	left = map[string]bool{}
	for i := range all {
		st := cluster.StatusOf(&all[i], s.Graph)
		if !st.State.Ended() {
			running++
		}
		if !st.State.Ended() || st.State == engine.Canceled {
			left[st.Recording+"/"+st.Run] = true
		}
	}
	return left, running, nil
}

// submit runs what was picked, as far as there is room. One that cannot be run
// does not stop the others.
func (o *reprocessOptions) submit(ctx context.Context, s *submit.Submitter, picks []reprocess.Pick, params map[string]string, running int) ([]reprocessAnswer, error) {
	answers := []reprocessAnswer{}
	var failures error
	for _, p := range picks {
		a := reprocessAnswer{Pick: p}
		switch {
		case p.Skip != "":
			a.Action = "skipped: " + p.Skip
		case o.dryRun:
			a.Action = "would submit"
		case o.maxParallel > 0 && running >= o.maxParallel:
			a.Action = "left for later"
		default:
			// What the last run was asked with goes on, but for what settings say.
			all := map[string]string{}
			maps.Copy(all, p.Params)
			maps.DeleteFunc(all, func(name, _ string) bool { return slices.Contains(settings.ParamNames(), name) })
			maps.Copy(all, params)
			done, err := s.Submit(ctx, submit.Request{Recording: p.Source, ID: p.Recording, Params: all, Refresh: o.refresh})
			if err != nil {
				a.Action, a.Error = "failed", err.Error()
				failures = errors.Join(failures, fmt.Errorf("recording %q: %w", p.Recording, submitError(err)))
				break
			}
			running++
			a.Action, a.Run, a.Workflow = "submitted", done.Run.ID, done.Workflow
		}
		answers = append(answers, a)
	}
	return answers, failures
}

func reprocessTable(w io.Writer, answers []reprocessAnswer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "RECORDING\tWHY\tREASON\tACTION\tRUN")
	for _, a := range answers {
		reason := strings.Join(strings.Fields(a.Reason), " ")
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", a.Recording, a.Why, reason, a.Action, a.Run)
	}
	return tw.Flush()
}
