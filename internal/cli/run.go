package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/local"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/internal/world"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

type runOptions struct {
	out        string
	engine     choice
	id, runID  string
	modelDir   string
	params     []string
	refresh    []string
	output     choice
	quiet      bool
	noColor    bool
	s3Endpoint string
	s3Region   string
}

// runAnswer is the stable shape of `run -o json`.
type runAnswer struct {
	Recording  string        `json:"recording"`
	Run        string        `json:"run"`
	Resumed    bool          `json:"resumed"`
	State      engine.State  `json:"state"`
	Seconds    float64       `json:"seconds"`
	Result     string        `json:"result,omitempty"`     // folder or prefix of the result
	Report     string        `json:"report,omitempty"`     // report.html
	Transcript string        `json:"transcript,omitempty"` // transcript.json
	Steps      []stepOutcome `json:"steps"`
	Error      string        `json:"error,omitempty"`
	Hint       string        `json:"hint,omitempty"`
}

// stepOutcome is how one task ended.
type stepOutcome struct {
	Step     string       `json:"step"`
	Track    *int         `json:"track,omitempty"`
	State    engine.State `json:"state"`
	Attempts int          `json:"attempts"`
	Seconds  float64      `json:"seconds"`
	Message  string       `json:"message,omitempty"`
}

func newRunCommand(env *Env) *cobra.Command {
	o := &runOptions{
		engine: choice{allowed: []string{"none"}},
		output: choice{value: "text", allowed: []string{"text", "json"}},
	}
	cmd := &cobra.Command{
		Use:   "run RECORDING",
		Short: "Process a recording from its tracks to the finished result, in this process",
		Long: `Process a recording from its tracks to the finished result, in this process.

RECORDING is a folder or an s3:// prefix with one audio file per participant
(.webm, .ogg or .wav, or Daily's raw tracks), at its top or in a folder
tracks/, with or without Daily's recording.json and participants.json; or
daily:<recording-id>, which is read from Daily.

What is finished is never done twice: after an interruption run the same
command again and it goes on where it was. The path of the report goes to
stdout, progress to stderr.
` + exitHelp,
		Example: `  trackscribe run ./standup
  trackscribe run ./standup --out s3://bucket/prefix -o json
  trackscribe run s3://bucket/recordings/standup --refresh detect-topics
  trackscribe run daily:7f6d9c1a-5b0e-4c43-9a52-2f1f0e6a4d10`,
		Args: exactArgs("RECORDING"),
		RunE: func(cmd *cobra.Command, args []string) error { return runRun(cmd.Context(), env, o, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "trackscribe-out", "folder or s3:// prefix for artifacts and results")
	addChoice(cmd, &o.engine, "engine", "", "engine that drives the graph (default from DURABLE_WORKFLOW_PROVIDER, else none)")
	f.StringVar(&o.id, "recording", "", "recording id (default: recording.json's, or the folder's name)")
	f.StringVar(&o.runID, "run", "", "run id (default: goes on with an interrupted run, or a new one)")
	f.StringVar(&o.modelDir, "model", "", "folder of the speech model (default: TRACKSCRIBE_MODEL_DIR, or the cache)")
	f.StringArrayVarP(&o.params, "parameter", "p", nil, "set a parameter, name=value (see: trackscribe steps -o json)")
	f.StringArrayVar(&o.refresh, "refresh", nil, "do this step again, and what follows from it, although its work is there")
	f.StringVar(&o.s3Endpoint, "s3-endpoint", "", "URL of an S3-compatible server")
	f.StringVar(&o.s3Region, "s3-region", "", "region of the bucket")
	addChoice(cmd, &o.output, "output", "o", "output format")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	f.BoolVar(&o.noColor, "no-color", false, "no colours")
	return cmd
}

// effective merges flags over the environment.
func (o *runOptions) effective(env *Env) (settings.Settings, error) {
	s, err := env.settings()
	if err != nil {
		return s, err
	}
	if o.engine.value != "" {
		s.Engine = o.engine.value
	}
	if s.Engine != "none" {
		return s, usage("to run it on a cluster: trackscribe submit; here: --engine none", "engine %q does not run in this process", s.Engine)
	}
	if o.modelDir != "" {
		s.ModelDir = o.modelDir
	}
	if o.s3Endpoint != "" {
		s.S3Endpoint, s.S3PathStyle = o.s3Endpoint, true
	}
	if o.s3Region != "" {
		s.S3Region = o.s3Region
	}
	s.NoColor = s.NoColor || o.noColor
	s.ModelDir = model.Dir(s.ModelDir, env.CacheDir)
	return s, nil
}

func usageError(err error) error {
	return &exitError{code: ExitUsage, err: err, hint: steps.Hint(err)}
}

func runRun(ctx context.Context, env *Env, o *runOptions, recording string) error {
	set, err := o.effective(env)
	if err != nil {
		return err
	}
	asked, err := parseParams(o.params)
	if err != nil {
		return err
	}
	s3 := open.FromSettings(set)
	out, err := open.Open(ctx, o.out, s3)
	if err != nil {
		return usage("--out takes a folder or s3://bucket/prefix", "%w", err)
	}
	if _, err := operate.Locate(recording); err != nil {
		return err
	}
	params, err := paramsHere(set, asked, o.refresh)
	if err != nil {
		return err
	}
	g := pipeline.New()
	r, resumed, err := operate.Prepare(ctx, g, out, source.FromSettings(set), operate.Request{
		Recording: recording, ID: o.id, RunID: o.runID, Params: params, Refresh: o.refresh,
		Program: thisVersion().Version, Now: time.Now(),
	})
	if err != nil {
		if steps.Classify(err) == steps.Misuse && (len(asked) > 0 || len(o.refresh) > 0 || o.id != "" || o.runID != "") {
			return usageError(err)
		}
		return err
	}
	show := newProgress(env, o, set, g)
	show.begin(r, resumed)
	eng, _, err := inProcessEngine(ctx, set, out)
	if err != nil {
		return err
	}
	answer, end, err := process(ctx, eng, out, r, show)
	if err != nil {
		return err
	}
	answer.Resumed = resumed
	return finish(ctx, env, o, out, answer, end)
}

// inProcessEngine returns the engine that runs the pipeline in this process, and
// the world of its steps.
func inProcessEngine(ctx context.Context, set settings.Settings, out store.Store) (*local.Engine, *world.World, error) {
	w := world.New(world.Options{Store: out, ModelDir: set.ModelDir, Settings: set, Now: time.Now})
	eng := local.New(local.Options{Pools: graph.PoolSizes(runtime.GOMAXPROCS(0)), Runner: func(g graph.Graph, progress func(run.Task, float64)) local.TaskRunner {
		return &runner.Runner{Graph: g, Store: out, Steps: w.Step, Scratch: set.Scratch, Now: time.Now, Progress: progress}
	}})
	return eng, w, eng.Deploy(ctx, pipeline.New())
}

// process runs a run to its end, and tells the store of that.
func process(ctx context.Context, eng *local.Engine, out store.Store, r run.Run, show progress) (runAnswer, engine.Event, error) {
	if err := eng.Start(ctx, r); err != nil {
		return runAnswer{}, engine.Event{}, err
	}
	answer, end, err := follow(ctx, eng, r, show)
	show.end(end)
	if err != nil || end.State == engine.Canceled {
		return answer, end, err
	}
	if err := operate.Finish(context.WithoutCancel(ctx), out, r.Recording, end.End(time.Now())); err != nil && end.State == engine.Succeeded {
		return answer, end, err
	}
	return answer, end, nil
}

// follow shows the run's events to their end. An interrupt cancels the run and
// waits until it has ended.
func follow(ctx context.Context, eng engine.Engine, r run.Run, show progress) (runAnswer, engine.Event, error) {
	answer := runAnswer{Recording: r.Recording, Run: r.ID, Steps: []stepOutcome{}}
	stop := context.AfterFunc(ctx, func() { _ = eng.Cancel(context.WithoutCancel(ctx), r.Recording, r.ID) })
	defer stop()
	var last engine.Event
	for ev, err := range eng.Events(context.WithoutCancel(ctx), r.Recording, r.ID) {
		if err != nil {
			return answer, last, err
		}
		show.event(ev)
		last = ev
		if ev.Step != "" && ev.State.Ended() {
			s := stepOutcome{Step: ev.Step, State: ev.State, Attempts: ev.Attempt, Seconds: ev.Took.Seconds(), Message: ev.Message}
			if ev.Track >= 0 {
				s.Track = &ev.Track
			}
			answer.Steps = append(answer.Steps, s)
		}
	}
	answer.State, answer.Seconds, answer.Error, answer.Hint = last.State, last.Took.Seconds(), last.Message, last.Hint
	return answer, last, nil
}

// finish prints the answer and says with which code to exit.
func finish(ctx context.Context, env *Env, o *runOptions, out store.Store, answer runAnswer, end engine.Event) error {
	if end.State == engine.Succeeded {
		answer.Result = place(out, run.ResultKey(answer.Recording, ""))
		answer.Report = there(ctx, out, run.ResultKey(answer.Recording, "report.html"))
		answer.Transcript = there(ctx, out, run.ResultKey(answer.Recording, "transcript.json"))
	}
	if o.output.value == "json" {
		if err := printJSON(env, answer); err != nil {
			return err
		}
	} else if end.State == engine.Succeeded {
		if _, err := fmt.Fprintln(env.Stdout, cmp.Or(answer.Report, answer.Result)); err != nil {
			return err
		}
	}
	switch end.State {
	case engine.Succeeded:
		return nil
	case engine.Canceled:
		return &exitError{code: ExitInterrupted, err: errors.New("interrupted"), hint: "run the same command again: finished work is kept"}
	default:
		return &exitError{code: ExitRunFailed, err: errors.New(end.Message), hint: end.Hint}
	}
}

// there is the place of an object, or "" when it was deleted: somebody did not
// consent.
func there(ctx context.Context, out store.Store, key string) string {
	if _, err := out.Stat(ctx, key); errors.Is(err, store.ErrNotFound) {
		return ""
	}
	return place(out, key)
}

// place tells people where an object is.
func place(out store.Store, key string) string {
	url := out.URL()
	if strings.HasPrefix(url, "s3://") {
		return url + "/" + key
	}
	path := filepath.Join(url, filepath.FromSlash(key))
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return path
}

func parseParams(list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range list {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, usage("write -p name=value", "parameter %q has no value", p)
		}
		if _, twice := m[name]; twice {
			return nil, usage("", "parameter %q is set twice", name)
		}
		m[name] = value
	}
	return m, nil
}
