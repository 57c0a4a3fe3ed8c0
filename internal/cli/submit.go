package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	cluster "github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/engine/argo/submit"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// submitFlags are what everything that submits is told.
type submitFlags struct {
	clusterFlags
	store       string
	name        string
	granularity choice
	params      []string
	refresh     []string
	priority    int32
}

func (o *submitFlags) add(cmd *cobra.Command) {
	o.clusterFlags.add(cmd)
	o.granularity = choice{allowed: argo.Granularities()}
	f := cmd.Flags()
	f.StringVar(&o.store, "store", "", "s3://bucket/prefix of artifacts and results (default: TRACKSCRIBE_STORE)")
	f.StringVar(&o.name, "name", "trackscribe", "prefix of the installed objects' names")
	f.StringArrayVarP(&o.params, "parameter", "p", nil, "set a parameter, name=value (see: trackscribe steps -o json)")
	f.StringArrayVar(&o.refresh, "refresh", nil, "do this step again, and what follows from it, although its work is there")
	f.Int32Var(&o.priority, "priority", 0, "priority among queued runs (default: the template's)")
	addChoice(cmd, &o.granularity, "granularity", "", "which of the installed templates (default: what was installed last)")
}

// submitter connects to the cluster and the store.
func (o *submitFlags) submitter(ctx context.Context, env *Env) (*submit.Submitter, map[string]string, error) {
	at, set, err := o.connect(env)
	if err != nil {
		return nil, nil, err
	}
	return o.submitterAt(ctx, at, set)
}

func (o *submitFlags) submitterAt(ctx context.Context, at cluster.Cluster, set settings.Settings) (*submit.Submitter, map[string]string, error) {
	params, err := parseParams(o.params)
	if err != nil {
		return nil, nil, err
	}
	if o.store != "" {
		set.Store = o.store
	}
	if !strings.HasPrefix(set.Store, "s3://") {
		return nil, nil, usage("give --store s3://bucket/prefix, or set TRACKSCRIBE_STORE: the place that the installed template names",
			"store %q is not usable on a cluster", set.Store)
	}
	st, err := open.Open(ctx, set.Store, open.FromSettings(set))
	if err != nil {
		return nil, nil, usage("--store takes s3://bucket/prefix", "%w", err)
	}
	s := &submit.Submitter{
		Graph: pipeline.New(), Store: st, Sources: source.FromSettings(set), Cluster: at, Name: o.name, Granularity: argo.Granularity(o.granularity.value),
		Program: thisVersion().Version, Now: time.Now,
	}
	if o.priority != 0 {
		s.Priority = &o.priority
	}
	return s, params, nil
}

type submitOptions struct {
	submitFlags
	id, runID string
	dryRun    choice
	output    choice
	wait      bool
	watch     bool
	logs      bool
	quiet     bool
}

// submitAnswer is the stable shape of `submit -o json`, one per recording.
type submitAnswer struct {
	runRef
	Existed bool   `json:"existed"`
	DryRun  string `json:"dryRun,omitempty"`
	Link    string `json:"link,omitempty"`
}

func newSubmitCommand(env *Env) *cobra.Command {
	o := &submitOptions{
		dryRun: choice{value: string(submit.DryRunNone), allowed: []string{"none", "client", "server"}},
		output: choice{value: "text", allowed: []string{"text", "name", "json", "yaml"}},
	}
	cmd := &cobra.Command{
		Use:   "submit RECORDING...",
		Short: "Run recordings on a cluster",
		Long: `Run recordings on a cluster: one Workflow for each.

RECORDING is an s3:// prefix that the cluster's pods can read, daily:<recording-id>,
or a local folder, which is copied into the store first. Everything is checked before anything is
created; the same run id twice is one run.
` + clusterHelp,
		Example: `  trackscribe submit s3://daily/team/standup --store s3://meetings/trackscribe
  trackscribe submit ./standup --watch
  trackscribe submit s3://daily/team/standup --dry-run=server -o yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("see: "+cmd.CommandPath()+" --help", "%s wants RECORDING", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runSubmit(cmd.Context(), env, o, args) },
	}
	o.submitFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.id, "recording", "", "recording id (default: recording.json's, or the folder's name)")
	f.StringVar(&o.runID, "run", "", "run id, a DNS label (default: a new one)")
	f.BoolVarP(&o.wait, "wait", "w", false, "wait for the runs to end; their outcome is the exit code")
	f.BoolVar(&o.watch, "watch", false, "show the run until it ends")
	f.BoolVar(&o.logs, "logs", false, "print the run's logs until it ends")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	addChoice(cmd, &o.dryRun, "dry-run", "", "client: send nothing; server: let the server check, create nothing")
	addChoice(cmd, &o.output, "output", "o", "output format")
	return cmd
}

func runSubmit(ctx context.Context, env *Env, o *submitOptions, recordings []string) error {
	if len(recordings) > 1 && (o.id != "" || o.watch || o.logs) {
		return usage("submit them one by one", "--recording, --watch and --logs are for a single recording")
	}
	s, params, err := o.submitter(ctx, env)
	if err != nil {
		return err
	}
	if !o.quiet {
		s.Staging = staging(env)
	}
	var answers []submitAnswer
	for _, recording := range recordings {
		done, err := s.Submit(ctx, submit.Request{
			Recording: recording, ID: o.id, RunID: o.runID, Params: params, Refresh: o.refresh, DryRun: submit.DryRun(o.dryRun.value),
		})
		if err != nil {
			return submitError(err)
		}
		a := submitAnswer{
			runRef:  runRef{Workflow: done.Workflow, Namespace: done.Namespace, Recording: done.Run.Recording, Run: done.Run.ID},
			Existed: done.Existed, Link: done.Link,
		}
		if o.dryRun.value != "none" {
			a.DryRun = o.dryRun.value
		}
		answers = append(answers, a)
		if err := o.tell(env, a, done.Object); err != nil {
			return err
		}
	}
	if o.output.value == "json" {
		if err := printJSON(env, answers); err != nil {
			return err
		}
	}
	if o.dryRun.value != "none" {
		return nil
	}
	return o.follow(ctx, env, answers)
}

// tell prints what was done with one recording, unless all is told at the end.
func (o *submitOptions) tell(env *Env, a submitAnswer, object any) error {
	switch o.output.value {
	case "json":
		return nil
	case "yaml":
		b, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.Stdout, "---\n%s", b)
		return err
	case "text":
		if !o.quiet {
			fmt.Fprintf(env.Stderr, "recording %s: run %s %s\n", a.Recording, a.Run, submittedAs(a))
		}
	}
	_, err := fmt.Fprintln(env.Stdout, a.Workflow)
	return err
}

// follow does what was asked for after the submission.
func (o *submitOptions) follow(ctx context.Context, env *Env, answers []submitAnswer) error {
	var names []string
	for _, a := range answers {
		names = append(names, a.Workflow)
	}
	sight := &sightFlags{clusterFlags: o.clusterFlags, store: o.store}
	switch {
	case o.watch:
		return runWatch(ctx, env, sight, names[0], "text")
	case o.logs:
		if err := runLogs(ctx, env, &o.clusterFlags, names[0], nil, cluster.LogOptions{Follow: true}); err != nil {
			return err
		}
		return runWait(ctx, env, sight, names, 0, "text")
	case o.wait:
		return runWait(ctx, env, sight, names, 0, "text")
	default:
		return nil
	}
}

func submittedAs(a submitAnswer) string {
	switch {
	case a.DryRun != "":
		return "would be submitted (dry run: " + a.DryRun + ")"
	case a.Existed:
		return "was submitted before"
	default:
		return "submitted"
	}
}

// submitError gives what is wrong with the request the code of wrong usage.
func submitError(err error) error {
	switch {
	case isExit(err):
		return err
	case steps.Classify(err) == steps.Misuse:
		return usageError(err)
	default:
		return reached(err)
	}
}

// staging tells how far the copying of a local recording is, at most once per
// tenth.
func staging(env *Env) func(recording string, done, total int64) {
	last := int64(-1)
	return func(recording string, done, total int64) {
		tenth := 10 * done / max(1, total)
		if tenth == last {
			return
		}
		last = tenth
		if env.Terminal {
			fmt.Fprintf(env.Stderr, "\rrecording %s: copying into the store, %d %%", recording, 10*tenth)
			if done == total {
				fmt.Fprintln(env.Stderr)
			}
			return
		}
		fmt.Fprintf(env.Stderr, "recording %s: copying into the store, %d %%\n", recording, 10*tenth)
	}
}
