package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	cluster "github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

type installOptions struct {
	clusterFlags
	renderFlags
	dryRun choice
	output choice
	force  bool
}

// installed is the stable shape of one object in `install -o json`.
type installed struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Action    string `json:"action"` // created, configured or unchanged
	DryRun    bool   `json:"dryRun,omitempty"`
}

func newInstallCommand(env *Env) *cobra.Command {
	o := &installOptions{
		dryRun: choice{value: "none", allowed: []string{"none", "client", "server"}},
		output: choice{value: "text", allowed: []string{"text", "json"}},
	}
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the pipeline on a cluster, or bring it up to date",
		Long: `Install the pipeline on a cluster, or bring it up to date: what trackscribe render
writes is applied from the server's side, as field manager "trackscribe". Fields
that others manage are not touched. Nothing is applied unless the server accepts
all of it. At the end it is checked that pods could start: a Secret that is
missing is told with the command that creates it.

This needs the Kubernetes API; an Argo Server cannot install.
` + clusterHelp,
		Example: `  trackscribe install --store s3://meetings/trackscribe -n trackscribe
  trackscribe install -f examples/argo/production.yaml --dry-run=server`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runInstall(cmd.Context(), env, o) },
	}
	o.clusterFlags.add(cmd)
	o.renderFlags.add(cmd)
	addChoice(cmd, &o.dryRun, "dry-run", "", "client: only print what would be applied; server: let the server check, change nothing")
	addChoice(cmd, &o.output, "output", "o", "output format")
	cmd.Flags().BoolVar(&o.force, "force-conflicts", false, "take over fields that others manage")
	return cmd
}

// rendered connects to the cluster and renders for its namespace. A namespace
// that the options file names counts less than a flag's and more than the
// kubeconfig's.
func rendered(env *Env, c *clusterFlags, r *renderFlags) (*cluster.Kube, []argo.File, error) {
	opt, err := r.load(env)
	if err != nil {
		return nil, nil, err
	}
	if c.namespace == "" {
		c.namespace = opt.Namespace
	}
	kube, err := c.connectKube(env)
	if err != nil {
		return nil, nil, err
	}
	if opt, err = r.complete(env, opt, kube.Namespace()); err != nil {
		return nil, nil, err
	}
	files, err := argo.Render(pipeline.New(), opt)
	return kube, files, err
}

func runInstall(ctx context.Context, env *Env, o *installOptions) error {
	if o.dryRun.value == "client" {
		return installNothing(env, o)
	}
	kube, files, err := rendered(env, &o.clusterFlags, &o.renderFlags)
	if err != nil {
		return err
	}
	objects, err := cluster.Objects(files)
	if err != nil {
		return err
	}
	done, err := kube.Install(ctx, objects, cluster.ApplyOptions{DryRun: o.dryRun.value == "server", Force: o.force})
	if err != nil {
		return reached(err)
	}
	if err := tellInstalled(env.Stdout, o.output.value, kube.Namespace(), done, o.dryRun.value == "server"); err != nil {
		return err
	}
	if o.dryRun.value == "server" {
		return nil
	}
	return reached(kube.Usable(ctx, objects))
}

// installNothing prints what would be applied. It needs no cluster.
func installNothing(env *Env, o *installOptions) error {
	opt, err := o.options(env, o.namespace)
	if err != nil {
		return err
	}
	files, err := argo.Render(pipeline.New(), opt)
	if err != nil {
		return err
	}
	if o.output.value != "json" {
		return writeStream(env.Stdout, files)
	}
	objects, err := cluster.Objects(files)
	if err != nil {
		return err
	}
	list := []map[string]any{}
	for _, obj := range objects {
		list = append(list, obj.Fields)
	}
	return printJSON(env, list)
}

func tellInstalled(w io.Writer, output, namespace string, done []cluster.Applied, dryRun bool) error {
	if output == "json" {
		list := []installed{}
		for _, d := range done {
			list = append(list, installed{Kind: d.Kind, Name: d.Name, Namespace: namespace, Action: d.Action, DryRun: dryRun})
		}
		return printJSON(&Env{Stdout: w}, list)
	}
	var errs []error
	for _, d := range done {
		line := d.String() + " " + d.Action
		if dryRun {
			line += " (dry run)"
		}
		_, err := fmt.Fprintln(w, line)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
