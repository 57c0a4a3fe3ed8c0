package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/engine/argo/submit"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

type serveOptions struct {
	submitFlags
	listen  string
	engine  choice
	workers int
}

func newServeCommand(env *Env) *cobra.Command {
	o := &serveOptions{engine: choice{allowed: []string{"none", "argo"}}}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start a run for each recording that Daily's webhook tells of",
		Long: `Start a run for each recording that Daily's webhook tells of: POST
/webhooks/daily, signed with DAILY_WEBHOOK_SECRET. What was answered with 200 is
in the store, and is run although this process dies; a recording is run once,
however often it is told. GET /healthz and /readyz say how it is.

With the engine none runs happen in this process, --workers at a time, and go on
after a restart; with argo each is submitted as by trackscribe submit.

The address goes to stdout once it listens. An interrupt ends it; runs in this
process go on the next time.
` + clusterHelp,
		Example: `  trackscribe serve --store ./meetings
  trackscribe serve --engine argo --store s3://meetings/trackscribe --listen :8080`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), env, o) },
	}
	o.submitFlags.add(cmd)
	f := cmd.Flags()
	f.Lookup("store").Usage = "folder or s3:// prefix of artifacts and results (default: TRACKSCRIBE_STORE)"
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to listen at; port 0 takes a free one")
	f.IntVar(&o.workers, "workers", 1, "runs at a time, with the engine none")
	addChoice(cmd, &o.engine, "engine", "", "what drives the runs (default from DURABLE_WORKFLOW_PROVIDER, else none)")
	return cmd
}

func runServe(ctx context.Context, env *Env, o *serveOptions) error {
	set, err := env.settings()
	if err != nil {
		return err
	}
	if o.store != "" {
		set.Store = o.store
	}
	if o.engine.value != "" {
		set.Engine = o.engine.value
	}
	if set.WebhookSecret == "" {
		return usage("set DAILY_WEBHOOK_SECRET to the hmac that Daily gave for the webhook", "there is no secret to check Daily's signature with")
	}
	if set.Store == "" {
		return usage("give --store, or set TRACKSCRIBE_STORE", "where artifacts and results go is not said")
	}
	st, err := open.Open(ctx, set.Store, open.FromSettings(set))
	if err != nil {
		return usage("--store takes a folder or s3://bucket/prefix", "%w", err)
	}
	if _, err := source.FromSettings(set).Client(); err != nil {
		return usageError(err)
	}
	log := func(format string, args ...any) {
		fmt.Fprintf(env.Stderr, "%s %s\n", time.Now().UTC().Format(time.RFC3339), fmt.Sprintf(format, args...))
	}
	starter, workers, err := o.starter(ctx, env, set, st)
	if err != nil {
		return err
	}
	server, err := serve.New(serve.Options{Store: st, Starter: starter, Secret: set.WebhookSecret, Workers: workers, Now: time.Now, Log: log})
	if err != nil {
		return usageError(err)
	}
	return listen(ctx, env, o.listen, server.Handler(), server.Work)
}

// listen serves until ctx is done, with the work beside it, and then lets
// requests finish.
func listen(ctx context.Context, env *Env, address string, handler http.Handler, work func(context.Context) error) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return usage("choose another --listen address", "listen at %q: %w", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Minute, IdleTimeout: 2 * time.Minute}
	if _, err := fmt.Fprintf(env.Stdout, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	worked := make(chan error, 1)
	go func() { worked <- work(ctx) }()
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(<-stopped, <-worked)
}

// starter returns what has orders done, and how many at once.
func (o *serveOptions) starter(ctx context.Context, env *Env, set settings.Settings, st store.Store) (serve.Starter, int, error) {
	switch set.Engine {
	case "argo":
		s, params, err := o.submitter(ctx, env)
		return onCluster{s, params, o.refresh}, 4, err
	case "none":
		asked, err := parseParams(o.params)
		if err != nil {
			return nil, 0, err
		}
		set.ModelDir = model.Dir(set.ModelDir, env.CacheDir)
		params := set.Params()
		for name, v := range asked {
			params[name] = v
		}
		if set.Speech.Backend == settings.SpeechEmbedded {
			if err := model.Check(set.ModelDir); err != nil {
				return nil, 0, err
			}
		}
		return inProcess{set, st, params}, o.workers, checkLanguage(set, params)
	default:
		return nil, 0, usage("use none or argo", "engine %q does not serve", set.Engine)
	}
}

// inProcess runs orders here.
type inProcess struct {
	set    settings.Settings
	store  store.Store
	params map[string]string
}

// Start implements [serve.Starter].
func (p inProcess) Start(ctx context.Context, o serve.Order) error {
	r, _, err := operate.Prepare(ctx, pipeline.New(), p.store, source.FromSettings(p.set), operate.Request{
		Recording: o.Location, RunID: o.Run, Params: p.params, Program: thisVersion().Version, Now: time.Now(),
	})
	if err != nil {
		return err
	}
	_, end, err := process(ctx, p.set, p.store, r, silent{})
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

// onCluster submits orders.
type onCluster struct {
	submitter *submit.Submitter
	params    map[string]string
	refresh   []string
}

// Start implements [serve.Starter].
func (c onCluster) Start(ctx context.Context, o serve.Order) error {
	_, err := c.submitter.Submit(ctx, submit.Request{Recording: o.Location, RunID: o.Run, Params: c.params, Refresh: c.refresh})
	if err != nil && argo.IsUnreachable(err) {
		return &steps.Error{Class: steps.Transient, Err: err}
	}
	return err
}
