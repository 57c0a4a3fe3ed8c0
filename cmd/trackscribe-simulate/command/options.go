package command

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
)

// options are the flags.
type options struct {
	args        []string
	tracks      int
	fail, lose  []string
	delay       []string
	outputs     []string
	params      []string
	template    string
	granularity string
	matrix      bool
	hangAfter   time.Duration

	exec       bool
	stepBinary string
	store      string
	modelDir   string
	recording  string
	runID      string
	env        []string
	parallel   int

	output  string
	verbose int
}

// flags returns the program's flags, which fill o.
func flags(o *options) *pflag.FlagSet {
	f := pflag.NewFlagSet("trackscribe simulate", pflag.ContinueOnError)
	f.SortFlags = false
	f.IntVar(&o.tracks, "tracks", 3, "how many tracks the recording has")
	f.StringArrayVar(&o.fail, "fail", nil, "let `target` fail; TARGET=CODE with that exit code (65; with xN 75)")
	f.StringArrayVar(&o.lose, "lose", nil, "delete the pod of `target` while it runs, once or xN times")
	f.StringArrayVar(&o.delay, "delay", nil, "let each attempt take its time, `target=duration`")
	f.StringArrayVar(&o.outputs, "set", nil, "value of an output parameter, `template.name=value`")
	f.StringArrayVarP(&o.params, "parameter", "p", nil, "set a parameter of the workflow, `name=value`")
	f.StringVar(&o.template, "template", "", "`name` of the WorkflowTemplate to run, when there are several")
	f.StringVar(&o.granularity, "granularity", "step", "what shares a pod in our own pipeline: "+strings.Join(argo.Granularities(), ", "))
	f.DurationVar(&o.hangAfter, "hang-after", cluster.DefaultIdle, "how long nothing may happen before a run hangs")
	f.BoolVar(&o.matrix, "matrix", false, "run the standing scenarios and print a table")
	f.BoolVar(&o.exec, "exec", false, "run pods as processes of the step binary")
	f.StringVar(&o.stepBinary, "step-binary", "", "`path` of the step binary (default: step, beside this program or on PATH)")
	f.StringVar(&o.store, "store", "trackscribe-out", "folder or s3:// prefix for artifacts and results")
	f.StringVar(&o.modelDir, "model", "", "`folder` of the speech model (default: TRACKSCRIBE_MODEL_DIR, or the cache)")
	f.StringVar(&o.recording, "recording", "", "recording `id` (default: recording.json's, or the folder's name)")
	f.StringVar(&o.runID, "run", "", "run `id` (default: goes on with an interrupted run, or a new one)")
	f.StringArrayVar(&o.env, "env", nil, "environment of every process, before what is rendered, `name=value`")
	f.IntVar(&o.parallel, "parallel", 4, "how many processes run at once")
	f.StringVarP(&o.output, "output", "o", "text", "output format: text, json")
	f.CountVarP(&o.verbose, "verbose", "v", "tell what processes print; -vv what the controller logs, too")
	return f
}

// only lists the flags that make sense in one mode only.
var only = map[string][]string{
	"--exec":   {"step-binary", "store", "model", "recording", "run", "env", "parallel"},
	"scripted": {"tracks", "fail", "lose", "delay", "set", "template"},
}

// check finds what does not go together.
func (o *options) check(set *pflag.FlagSet) error {
	const see = "see: trackscribe simulate --help"
	if o.output != "text" && o.output != "json" {
		return steps.Wrong("use text or json", "output format %q is not known", o.output)
	}
	if !slices.Contains(argo.Granularities(), o.granularity) {
		return steps.Wrong("use one of "+strings.Join(argo.Granularities(), ", "), "granularity %q is not known", o.granularity)
	}
	if o.tracks < 0 || o.parallel < 1 || o.hangAfter <= 0 {
		return steps.Wrong(see, "--tracks, --parallel and --hang-after cannot be negative or nothing")
	}
	changed := func(names []string) string {
		for _, n := range names {
			if set.Changed(n) {
				return n
			}
		}
		return ""
	}
	switch {
	case o.matrix:
		var others []string
		set.Visit(func(f *pflag.Flag) {
			if !slices.Contains([]string{"matrix", "output", "verbose"}, f.Name) {
				others = append(others, "--"+f.Name)
			}
		})
		if others = append(others, o.args...); len(others) > 0 {
			return steps.Wrong(see, "--matrix brings its own scenarios and takes no %s", others[0])
		}
	case o.exec:
		if n := changed(only["scripted"]); n != "" {
			return steps.Wrong(see, "--%s is for scripted pods, not for --exec", n)
		}
		if len(o.args) != 1 {
			return steps.Wrong(see, "--exec wants one RECORDING, got %d arguments", len(o.args))
		}
	default:
		if n := changed(only["--exec"]); n != "" {
			return steps.Wrong(see, "--%s needs --exec", n)
		}
		if len(o.args) > 0 && set.Changed("granularity") {
			return steps.Wrong(see, "--granularity is for our own pipeline, not for a file")
		}
	}
	return nil
}

// pairs reads NAME=VALUE flags.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range list {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, steps.Wrong(fmt.Sprintf("write --%s NAME=VALUE", flag), "--%s %q is not understood", flag, p)
		}
		if _, twice := m[name]; twice {
			return nil, steps.Wrong("", "--%s %s is set twice", flag, name)
		}
		m[name] = value
	}
	return m, nil
}
