package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// renderFlags are the options of whatever renders: a file, and flags for what
// is said most often, which win over the file.
type renderFlags struct {
	file        string
	name        string
	granularity choice
	argo        choice
	credentials choice
	store       string
	endpoint    string
	region      string
	step, cli   string
	parallelism int64
	settings    []string
	pools       []string
	hide        bool
	network     bool
	serve       argo.Serve
}

func (o *renderFlags) add(cmd *cobra.Command) {
	o.granularity = choice{allowed: argo.Granularities()}
	o.argo = choice{allowed: []string{"3.7", "4"}}
	o.credentials = choice{allowed: []string{argo.CredentialsSecret, argo.CredentialsIdentity}}
	f := cmd.Flags()
	f.StringVarP(&o.file, "options", "f", "", "options file (YAML; see examples/argo)")
	f.StringVar(&o.name, "name", "", "prefix of every object's name (default trackscribe)")
	f.StringVar(&o.store, "store", "", "s3://bucket/prefix of artifacts and results (default: TRACKSCRIBE_STORE)")
	f.StringVar(&o.endpoint, "store-endpoint", "", "URL of an S3-compatible server, as pods reach it")
	f.StringVar(&o.region, "store-region", "", "region of the bucket")
	f.StringVar(&o.step, "image", "", "step image, by digest or by a tag other than latest")
	f.StringVar(&o.cli, "cli-image", "", "CLI image, for reprocessing and serving")
	f.Int64Var(&o.parallelism, "parallelism", 0, "pods of one run at a time")
	f.StringArrayVar(&o.settings, "setting", nil, "further environment of every step, NAME=value; no secrets")
	f.StringArrayVar(&o.pools, "pool", nil, "what the pods of a pool ask for, as asr.cpu=0.5 or asr.memory=512")
	f.BoolVar(&o.hide, "hide-artifacts", false, "declare no output artifacts for the Argo UI")
	f.BoolVar(&o.network, "network-policy", false, "render a NetworkPolicy that lets nothing into the pods")
	f.BoolVar(&o.serve.Enabled, "serve", false, "render trackscribe serve as a Deployment: webhook, pages, progress")
	f.StringVar(&o.serve.Source, "serve-source", "", "where it looks for recordings that no webhook told of (default daily)")
	f.Int32Var(&o.serve.Replicas, "serve-replicas", 0, "how many of it (default 1)")
	f.StringVar(&o.serve.Host, "serve-host", "", "render an Ingress to it for this host")
	f.StringVar(&o.serve.TLSSecret, "serve-tls-secret", "", "Secret with the host's certificate")
	addChoice(cmd, &o.granularity, "granularity", "", "how much of the graph shares a pod (default step)")
	addChoice(cmd, &o.argo, "argo-version", "", "Argo Workflows on the cluster (default 3.7)")
	addChoice(cmd, &o.credentials, "credentials", "", "how pods get the store's credentials (default secret)")
}

// load reads the options file, if there is one.
func (o *renderFlags) load(env *Env) (opt argo.Options, err error) {
	if o.file == "" {
		return opt, nil
	}
	b, err := readFileOrStdin(env, o.file)
	if err != nil {
		return opt, usage("see examples/argo", "read options: %w", err)
	}
	if err := yaml.UnmarshalStrict(b, &opt); err != nil {
		return opt, usage("see examples/argo", "options file %q: %w", o.file, err)
	}
	return opt, nil
}

// options merges flags over the file over defaults. namespace wins when it is
// not empty.
func (o *renderFlags) options(env *Env, namespace string) (argo.Options, error) {
	opt, err := o.load(env)
	if err != nil {
		return opt, err
	}
	return o.complete(env, opt, namespace)
}

// complete merges flags over what the file says, opt, over defaults. namespace
// wins when it is not empty.
func (o *renderFlags) complete(env *Env, opt argo.Options, namespace string) (argo.Options, error) {
	set, err := env.settings()
	if err != nil {
		return opt, err
	}
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&opt.Name, o.name},
		{&opt.Namespace, namespace},
		{&opt.Store.Location, o.store},
		{&opt.Store.Endpoint, o.endpoint},
		{&opt.Store.Region, o.region},
		{&opt.Store.Credentials, o.credentials.value},
		{&opt.Images.Step, o.step},
		{&opt.Images.CLI, o.cli},
		{&opt.ArgoVersion, o.argo.value},
		{(*string)(&opt.Granularity), o.granularity.value},
		{&opt.Serve.Source, o.serve.Source},
		{&opt.Serve.Host, o.serve.Host},
		{&opt.Serve.TLSSecret, o.serve.TLSSecret},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if opt.Store.Location == "" {
		opt.Store.Location = set.Store
	}
	if o.parallelism > 0 {
		opt.Parallelism = o.parallelism
	}
	opt.HideArtifacts = opt.HideArtifacts || o.hide
	opt.NetworkPolicy = opt.NetworkPolicy || o.network
	opt.Serve.Enabled = opt.Serve.Enabled || o.serve.Enabled
	if o.serve.Replicas != 0 {
		opt.Serve.Replicas = o.serve.Replicas
	}
	more, err := parseParams(o.settings)
	if err != nil {
		return opt, err
	}
	if opt.Settings == nil {
		opt.Settings = map[string]string{}
	}
	maps.Copy(opt.Settings, more)
	if err := o.setPools(&opt); err != nil {
		return opt, err
	}
	opt, err = opt.Complete(imageTag(thisVersion().Version))
	if err != nil {
		return opt, usageError(err)
	}
	return opt, nil
}

func (o *renderFlags) setPools(opt *argo.Options) error {
	for _, p := range o.pools {
		name, value, _ := strings.Cut(p, "=")
		pool, what, _ := strings.Cut(name, ".")
		at := opt.Pools[graph.Pool(pool)]
		var err error
		switch what {
		case "cpu":
			_, err = fmt.Sscanf(value, "%g", &at.CPU)
		case "memory":
			_, err = fmt.Sscanf(value, "%d", &at.Memory)
		default:
			err = errors.New("no such thing")
		}
		if err != nil {
			return usage("write --pool asr.cpu=0.5 (cores) or --pool asr.memory=512 (MiB)", "pool option %q is not understood", p)
		}
		if opt.Pools == nil {
			opt.Pools = map[graph.Pool]argo.Pool{}
		}
		opt.Pools[graph.Pool(pool)] = at
	}
	return nil
}

// imageTag makes a version fit to be an image's tag.
func imageTag(version string) string { return strings.ReplaceAll(version, "+", "-") }

func readFileOrStdin(env *Env, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(env.Stdin)
	}
	return os.ReadFile(name)
}

func newRenderCommand(env *Env) *cobra.Command {
	o := &renderFlags{}
	var namespace, output string
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Write the objects that run the pipeline on Argo Workflows",
		Long: `Write the objects that run the pipeline on Argo Workflows: WorkflowTemplates, a
CronWorkflow for reprocessing, service accounts and Roles, a ConfigMap, with
--serve a Deployment of trackscribe serve and what leads to it, and a
kustomization that lists them. Nothing is sent anywhere: commit what is written,
or apply it. Equal options give equal bytes.

With -o a folder one file per object; else one stream of YAML on stdout.
` + exitHelp,
		Example: `  trackscribe render --store s3://meetings/trackscribe -n trackscribe -o deploy/
  trackscribe render -f examples/argo/production.yaml | kubectl apply -f -
  trackscribe render --store s3://meetings --granularity fused | trackscribe lint -`,
		Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			opt, err := o.options(env, namespace)
			if err != nil {
				return err
			}
			files, err := argo.Render(pipeline.New(), opt)
			if err != nil {
				return err
			}
			if output == "" || output == "-" {
				return writeStream(env.Stdout, files)
			}
			return writeFolder(env, output, files)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace of the objects (default argo)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "folder for one file per object (default, or -: all on stdout)")
	return cmd
}

// writeStream writes all objects as one YAML stream; a kustomization is of no
// use there.
func writeStream(w io.Writer, files []argo.File) error {
	var docs []string
	for _, f := range files {
		if f.Name != "kustomization.yaml" {
			docs = append(docs, string(f.Data))
		}
	}
	_, err := io.WriteString(w, strings.Join(docs, "---\n"))
	return err
}

// writeFolder writes one file per object. What an earlier version of this
// program left there under other names is not touched.
func writeFolder(env *Env, dir string, files []argo.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var names []string
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
		names = append(names, name)
	}
	_, err := fmt.Fprintln(env.Stdout, strings.Join(names, "\n"))
	return err
}
