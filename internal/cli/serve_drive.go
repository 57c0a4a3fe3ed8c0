package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/engine/argo/submit"
	"github.com/trackscribe/trackscribe/internal/engine/local"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/serve/notice"
	events "github.com/trackscribe/trackscribe/internal/serve/progress"
	"github.com/trackscribe/trackscribe/internal/serve/shelf"
	"github.com/trackscribe/trackscribe/internal/serve/trace"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/internal/zulip"
	"github.com/trackscribe/trackscribe/steps"
	render "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// drive is how `serve` has runs done with one of the engines.
type drive struct {
	store   store.Store
	starter serve.Starter
	events  events.Source
	workers int
	rest    func()                                                      // gives back what only runs need
	lead    func(ctx context.Context, work func(context.Context)) error // nil: alone
}

func (o *serveOptions) drive(ctx context.Context, env *Env, set settings.Settings) (drive, error) {
	switch set.Engine {
	case "argo":
		return o.driveArgo(ctx, env)
	case "none":
		return o.driveHere(ctx, env, set)
	default:
		return drive{}, usage("use none or argo", "engine %q does not serve", set.Engine)
	}
}

func (o *serveOptions) driveHere(ctx context.Context, env *Env, set settings.Settings) (drive, error) {
	st, err := open.Open(ctx, set.Store, open.FromSettings(set))
	if err != nil {
		return drive{}, usage("--store takes a folder or s3://bucket/prefix", "%w", err)
	}
	asked, err := parseParams(o.params)
	if err != nil {
		return drive{}, err
	}
	set.ModelDir = model.Dir(set.ModelDir, env.CacheDir)
	params, err := paramsHere(set, asked, o.refresh)
	if err != nil {
		return drive{}, err
	}
	eng, w, err := inProcessEngine(ctx, set, st)
	starter := inProcess{eng, st, source.FromSettings(set), params, o.refresh}
	return drive{store: st, starter: starter, events: eng, workers: o.workers, rest: w.Rest}, err
}

// clusterWorkers is how many runs are submitted at a time.
const clusterWorkers = 4

func (o *serveOptions) driveArgo(ctx context.Context, env *Env) (drive, error) {
	cluster, set, err := o.connect(env)
	if err != nil {
		return drive{}, err
	}
	s, params, err := o.submitterAt(ctx, cluster, set)
	if err != nil {
		return drive{}, err
	}
	if err := operate.Check(s.Graph, params, o.refresh); err != nil {
		return drive{}, usageError(err)
	}
	eng := argo.New(argo.Options{Sight: argo.Sight{Cluster: cluster, Graph: s.Graph, Store: s.Store}})
	d := drive{store: s.Store, starter: onCluster{*s, params, o.refresh}, events: eng, workers: clusterWorkers, rest: func() {}}
	if k, ok := cluster.(*argo.Kube); ok {
		me, err := os.Hostname() // of the pod
		if err != nil {
			return d, err
		}
		me += "-" + rand.Text()[:6]
		d.lead = func(ctx context.Context, work func(context.Context)) error {
			return k.Lead(ctx, render.ServeName(o.name), me, work)
		}
	}
	return d, nil
}

// inProcess runs orders here.
type inProcess struct {
	engine  *local.Engine
	store   store.Store
	sources source.Options
	params  map[string]string
	refresh []string // by every run
}

// Start implements [serve.Starter].
func (p inProcess) Start(ctx context.Context, o serve.Order) error {
	r, err := p.prepare(ctx, o)
	if err != nil {
		return err
	}
	_, end, err := process(ctx, p.engine, p.store, r, silent{})
	defer p.engine.Forget(r.Recording, r.ID)
	switch {
	case err != nil:
		return err
	case end.State == engine.Canceled:
		return context.Cause(ctx)
	case end.State != engine.Succeeded:
		return fmt.Errorf("%s: %w", end.Message, serve.ErrEnded)
	}
	return nil
}

// prepare returns the run of an order: the one that had begun before a restart,
// as it was asked for then, unless this program would do other work.
func (p inProcess) prepare(ctx context.Context, o serve.Order) (run.Run, error) {
	g := pipeline.New()
	id := o.Run
	old, err := runner.LoadRun(ctx, p.store, o.Recording, id)
	switch {
	case err == nil && old.Graph.Digest == g.Digest():
		return old, nil
	case err == nil:
		id += "-" + g.Version
	case !errors.Is(err, store.ErrNotFound):
		return old, err
	}
	r, _, err := operate.Prepare(ctx, g, p.store, p.sources, operate.Request{
		Recording: o.Location, ID: o.Recording, RunID: id, Params: p.params, Refresh: slices.Concat(o.Refresh, p.refresh), Program: thisVersion().Version, Now: o.Asked,
	})
	return r, err
}

// onCluster submits orders.
type onCluster struct {
	submitter submit.Submitter
	params    map[string]string
	refresh   []string
}

// Start implements [serve.Starter].
func (c onCluster) Start(ctx context.Context, o serve.Order) error {
	s := c.submitter // a copy: what is installed is looked up each time
	_, err := s.Submit(ctx, submit.Request{
		Recording: o.Location, ID: o.Recording, RunID: o.Run, Params: c.params, Refresh: slices.Concat(o.Refresh, c.refresh),
	})
	if err != nil && argo.IsUnreachable(err) {
		return &steps.Error{Class: steps.Transient, Err: err}
	}
	return err
}

// observers has notices sent and traces recorded, where these are set up.
func observers(ctx context.Context, set settings.Settings, opt *serve.Options) (stop func(), err error) {
	if z := set.Zulip; z.Realm != "" && z.AlertChannel != "" {
		told := notice.New(notice.Options{Store: opt.Store, UI: set.UI, Zulip: zulip.New(zulip.Options{
			Realm: z.Realm, Email: z.Email, Key: z.Key, Channel: z.AlertChannel, Topic: z.AlertTopic,
		})})
		opt.Notice = func(ctx context.Context, e shelf.Entry, hint string) error {
			return told.Failed(ctx, e.ID, e.Run, e.Step, e.Error, hint)
		}
	}
	if set.Serve.Traces == "" {
		return func() {}, nil
	}
	tracer, err := trace.New(ctx, trace.Options{Endpoint: set.Serve.Traces, Version: thisVersion().Version, Log: opt.Log})
	opt.Trace = func(ctx context.Context, e shelf.Entry, all []engine.Event) {
		tracer.Run(ctx, e.ID, e.Run, e.Asked, all)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := tracer.Shutdown(ctx); err != nil {
			opt.Log.Error("some traces were not sent", "error", err)
		}
	}, err
}

// alone is a [service] with nothing beside answering.
type alone struct{}

func (alone) Run(context.Context) {}
func (alone) Close()              {}
