package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/lean"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/serve/guard"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

type serveOptions struct {
	submitFlags
	listen   string
	source   string
	engine   choice
	workers  int
	poll     time.Duration
	since    time.Duration
	open     bool
	readOnly bool
	proxied  bool

	logFormat choice
}

func newServeCommand(env *Env) *cobra.Command {
	o := &serveOptions{engine: choice{allowed: []string{"none", "argo"}}, logFormat: choice{"text", []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start runs by Daily's webhook, and show recordings, progress and results",
		Long: `Start a run for each recording that is ready, and show on pages and over HTTP how
runs go and what came of them.

Daily tells of recordings at POST /webhooks/daily, signed with
DAILY_WEBHOOK_SECRET. What was answered with 200 is in the store, and is run
although this process dies; a recording is run once, however often it is told.
Every --poll the source is asked for what webhooks missed. With the engine none
runs happen in this process, --workers at a time, and go on after a restart; with
argo each is submitted as by trackscribe submit.

People sign in with TRACKSCRIBE_SERVE_TOKEN or through an identity provider
(TRACKSCRIBE_OIDC_ISSUER); with neither a new token is made and told on stderr,
unless --open lets everybody in. Programs send it as Authorization: Bearer. GET
/v1/openapi.json describes the interface, /metrics has figures for Prometheus,
/healthz and /readyz say how it is.

The address goes to stdout once it listens. An interrupt ends it; runs in this
process go on the next time.
` + clusterHelp,
		Example: `  trackscribe serve --source ./meetings --open
  trackscribe serve --store s3://meetings/trackscribe
  trackscribe serve --engine argo --store s3://meetings/trackscribe --listen :8080`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), env, o) },
	}
	o.submitFlags.add(cmd)
	f := cmd.Flags()
	f.Lookup("store").Usage = "folder or s3:// prefix of artifacts and results (default: TRACKSCRIBE_STORE; with the engine none trackscribe-out)"
	f.StringVar(&o.source, "source", "", "where recordings come from: daily, or a folder or s3:// prefix whose folders are recordings (default: daily, where DAILY_API_KEY is set)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to listen at; port 0 takes a free one")
	f.IntVar(&o.workers, "workers", 1, "runs at a time, with the engine none")
	f.DurationVar(&o.poll, "poll", 3*time.Minute, "how often the source is asked for recordings that no webhook told of; 0: never (default for folders)")
	f.DurationVar(&o.since, "since", 24*time.Hour, "how far back it is asked the first time")
	f.BoolVar(&o.open, "open", false, "let everybody in who reaches the address")
	f.BoolVar(&o.readOnly, "read-only", false, "let nobody start runs from pages or over HTTP")
	f.BoolVar(&o.proxied, "proxied", false, "trust the X-Forwarded-For of a proxy in front")
	addChoice(cmd, &o.engine, "engine", "", "what drives the runs (default from DURABLE_WORKFLOW_PROVIDER, else none)")
	addChoice(cmd, &o.logFormat, "log-format", "", "how stderr says what happens: lines of key=value, or of JSON objects")
	changed := f.Changed
	cmd.PreRun = func(*cobra.Command, []string) {
		if !changed("poll") && o.source != "" && !source.Everything(o.source) {
			o.poll = 0
		}
	}
	return cmd
}

// effective merges flags over the environment.
func (o *serveOptions) effective(env *Env) (settings.Settings, error) {
	set, err := env.settings()
	if err != nil {
		return set, err
	}
	if o.engine.value != "" {
		set.Engine = o.engine.value
	}
	if o.store != "" {
		set.Store = o.store
	}
	if set.Store == "" && set.Engine == "none" {
		set.Store = "trackscribe-out"
	}
	if set.Store == "" {
		return set, usage("give --store, or set TRACKSCRIBE_STORE", "where artifacts and results go is not said")
	}
	if o.source == "" && set.Daily.Key != "" {
		o.source = "daily"
	}
	if source.Everything(o.source) {
		if _, err := source.FromSettings(set).Client(); err != nil {
			return set, usageError(err)
		}
	}
	return set, nil
}

func runServe(ctx context.Context, env *Env, o *serveOptions) error {
	set, err := o.effective(env)
	if err != nil {
		return err
	}
	drive, err := o.drive(ctx, env, set)
	if err != nil {
		return err
	}
	opt := serve.Options{
		Store: drive.store, Graph: pipeline.New(), Source: serve.Intake{Location: o.source, Options: source.FromSettings(set)},
		Starter: drive.starter, Engine: drive.events, Workers: drive.workers, Lead: drive.lead,
		Secret: set.Serve.WebhookSecret, Poll: o.poll, Since: o.since, Proxied: o.proxied, Now: time.Now, Log: o.logger(env.Stderr),
		Idle: func() {
			drive.rest()
			lean.Down()
		},
	}
	if o.source == "" {
		opt.Poll = 0
	}
	if !strings.HasPrefix(drive.store.URL(), "s3://") { // which costs nothing to look at
		opt.Tick = 2 * time.Second
	}
	stop, err := observers(ctx, set, &opt)
	if err != nil {
		return usageError(err)
	}
	defer stop()
	var server *serve.Server
	door, err := o.guard(env, set, opt.Log, func(w http.ResponseWriter, r *http.Request, status int, next, problem string) {
		server.SignIn(w, r, status, next, problem)
	})
	if err != nil {
		return usageError(err)
	}
	opt.Guard = door
	if server, err = serve.New(opt); err != nil {
		return usageError(err)
	}
	return listen(ctx, env, o.listen, &http.Server{Handler: server.Handler(), ReadTimeout: time.Minute, MaxHeaderBytes: 64 << 10}, server)
}

// logger writes what happens, a line each.
func (o *serveOptions) logger(w io.Writer) *slog.Logger {
	if o.logFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// guard decides who is let in.
func (o *serveOptions) guard(env *Env, set settings.Settings, log *slog.Logger, signIn func(http.ResponseWriter, *http.Request, int, string, string)) (*guard.Guard, error) {
	rules, err := guard.ParseRules(set.Serve.Rules)
	if err != nil {
		return nil, err
	}
	g := guard.Options{
		Token: set.Serve.Token, Open: o.open, ReadOnly: o.readOnly, Proxied: o.proxied, SessionKey: set.Serve.SessionKey,
		Public: serve.Public, SignIn: signIn, Now: time.Now, Log: log,
	}
	if host, _, err := net.SplitHostPort(o.listen); err == nil && o.open && isLoopback(host) {
		g.Hosts = []string{"localhost", "127.0.0.1", "::1", host}
	}
	if set.Serve.Issuer != "" {
		g.OIDC = &guard.OIDC{Issuer: set.Serve.Issuer, ClientID: set.Serve.ClientID, ClientSecret: set.Serve.ClientSecret, BaseURL: set.UI, Rules: rules}
	}
	if g.Token == "" && g.OIDC == nil && !g.Open {
		g.Token = rand.Text()
		fmt.Fprintf(env.Stderr, "sign in with this token, which holds until the end: %s\n", g.Token)
	}
	return guard.New(g)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// A service is what is done beside answering requests.
type service interface {
	Run(ctx context.Context) // until ctx is done
	Close()                  // ends the streams to clients
}

// listen serves until ctx is done, with the service beside it, and then lets
// requests finish.
func listen(ctx context.Context, env *Env, address string, server *http.Server, beside service) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return usage("choose another --listen address", "listen at %q: %w", address, err)
	}
	server.ReadHeaderTimeout, server.IdleTimeout = 10*time.Second, 2*time.Minute
	server.RegisterOnShutdown(beside.Close)
	if _, err := fmt.Fprintf(env.Stdout, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		beside.Run(ctx)
	}()
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
	err = <-stopped
	<-worked
	return err
}
