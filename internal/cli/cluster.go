package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

const runHelp = `
RUN is the name of a Workflow, a run id, a recording id (its newest run) or
@latest.
`

const clusterHelp = `
The cluster is found as kubectl finds it: --kubeconfig, KUBECONFIG,
~/.kube/config, or in a pod its own service account. With ARGO_SERVER set an
Argo Server is used instead, with ARGO_TOKEN, ARGO_NAMESPACE, ARGO_SECURE and
the others as the argo command reads them.
` + exitHelp

// clusterFlags say which cluster a verb talks to.
type clusterFlags struct {
	kubeconfig, context, namespace string
}

func (c *clusterFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.kubeconfig, "kubeconfig", "", "path of the kubeconfig (default: KUBECONFIG, or ~/.kube/config)")
	f.StringVar(&c.context, "context", "", "context of the kubeconfig (default: its current one)")
	f.StringVarP(&c.namespace, "namespace", "n", "", "namespace (default: ARGO_NAMESPACE, or the context's)")
}

// access merges flags over the environment.
func (c *clusterFlags) access(set settings.Settings) argo.Access {
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	return argo.Access{
		Kubeconfig: first(c.kubeconfig, set.Kubeconfig), Context: c.context, Namespace: first(c.namespace, set.ArgoNamespace),
		UI: set.ArgoUI, Server: set.ArgoServer, BaseHRef: set.ArgoBaseHRef, Token: set.ArgoToken, Plain: set.ArgoPlain,
		SkipVerify: set.ArgoSkipVerify, Agent: "trackscribe/" + thisVersion().Version,
	}
}

// connect returns the cluster and the settings. A cluster that was named by a
// flag is meant, whatever ARGO_SERVER says.
func (c *clusterFlags) connect(env *Env) (argo.Cluster, settings.Settings, error) {
	set, err := env.settings()
	if err != nil {
		return nil, set, err
	}
	if c.kubeconfig != "" || c.context != "" {
		set.ArgoServer = ""
	}
	cluster, err := argo.Connect(c.access(set))
	return cluster, set, reached(err)
}

// connectKube returns the cluster's Kubernetes API, for what an Argo Server
// does not offer.
func (c *clusterFlags) connectKube(env *Env) (*argo.Kube, error) {
	set, err := env.settings()
	if err != nil {
		return nil, err
	}
	kube, err := argo.ConnectKube(c.access(set))
	return kube, reached(err)
}

// reached gives an error of a cluster its exit code.
func reached(err error) error {
	if err != nil && argo.IsUnreachable(err) && !isExit(err) {
		return &exitError{code: ExitUnreachable, err: err, hint: steps.Hint(err)}
	}
	return err
}

// sightFlags say how runs are looked at.
type sightFlags struct {
	clusterFlags
	store string
}

func (s *sightFlags) add(cmd *cobra.Command) {
	s.clusterFlags.add(cmd)
	cmd.Flags().StringVar(&s.store, "store", "", "where artifacts lie, to tell more about steps (default: TRACKSCRIBE_STORE)")
}

// look returns what runs are looked at with.
func (s *sightFlags) look(ctx context.Context, env *Env) (argo.Sight, settings.Settings, error) {
	cluster, set, err := s.connect(env)
	sight := argo.Sight{Cluster: cluster, Graph: pipeline.New(), Blind: func(err error) {
		fmt.Fprintf(env.Stderr, "warning: less is told than could be: %v\n", err)
	}}
	if s.store != "" {
		set.Store = s.store
	}
	if err != nil || set.Store == "" {
		return sight, set, err
	}
	sight.Store, err = open.Open(ctx, set.Store, open.FromSettings(set))
	if err != nil {
		return sight, set, usage("--store takes a folder or s3://bucket/prefix", "%w", err)
	}
	return sight, set, nil
}

// runArgs wants at least one RUN; most is 0 for any number.
func runArgs(most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || most > 0 && len(args) > most {
			return usage("name a run, or @latest; see: "+cmd.CommandPath()+" --help", "%s wants RUN, got %d arguments", cmd.CommandPath(), len(args))
		}
		return nil
	}
}

// runRef is how answers name a run.
type runRef struct {
	Workflow  string `json:"workflow"`
	Namespace string `json:"namespace"`
	Recording string `json:"recording"`
	Run       string `json:"run"`
}

func refOf(s argo.Status) runRef {
	return runRef{Workflow: s.Workflow, Namespace: s.Namespace, Recording: s.Recording, Run: s.Run}
}

// find returns how the run that is named stands.
func find(ctx context.Context, cluster argo.Cluster, name string) (argo.Status, error) {
	wf, err := argo.Find(ctx, cluster, name)
	if err != nil {
		return argo.Status{}, reached(err)
	}
	return argo.StatusOf(wf, pipeline.New()), nil
}

// act does something to each of the runs that are named, and tells it. All are
// found before anything is done to one.
func act(ctx context.Context, env *Env, c *clusterFlags, names []string, output, done string, do func(argo.Cluster, argo.Status) error) error {
	cluster, _, err := c.connect(env)
	if err != nil {
		return err
	}
	var found []argo.Status
	for _, name := range names {
		s, err := find(ctx, cluster, name)
		if err != nil {
			return err
		}
		found = append(found, s)
	}
	answer := []runRef{}
	for _, st := range found {
		if err := do(cluster, st); err != nil {
			return errors.Join(reached(err), tell(env, output, done, answer))
		}
		answer = append(answer, refOf(st))
	}
	return tell(env, output, done, answer)
}

func tell(env *Env, output, done string, answer []runRef) error {
	if output == "json" {
		return printJSON(env, answer)
	}
	for _, a := range answer {
		line := a.Workflow
		if output != "name" {
			line = "run " + a.Run + " of recording " + a.Recording + " " + done
		}
		if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}

func actionOutput() *choice { return &choice{value: "text", allowed: []string{"text", "json", "name"}} }

// runEnded says with which code to exit when a run ended so.
func runEnded(s argo.Status) error {
	switch s.State {
	case engine.Succeeded:
		return nil
	case engine.Canceled:
		return &exitError{code: ExitRunFailed, err: fmt.Errorf("run %s was stopped", s.Run), hint: "to go on with it: trackscribe retry " + s.Workflow}
	default:
		hint := s.Hint
		if hint == "" {
			hint = "see what it said: trackscribe logs " + s.Workflow
		}
		return &exitError{code: ExitRunFailed, err: errors.New(s.Message), hint: hint}
	}
}

// toTerminal reports whether the answer goes to a terminal.
func toTerminal(env *Env) bool {
	f, ok := env.Stdout.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// resultOf is where the result of a run lies, or "" when that is not known.
func resultOf(s argo.Status, location string) string {
	if s.Store != "" {
		location = s.Store
	}
	if location == "" || s.State != engine.Succeeded {
		return ""
	}
	return strings.TrimRight(location, "/") + "/" + run.ResultKey(s.Recording, "")
}
