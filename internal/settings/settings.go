// Package settings holds everything that a person can set about Trackscribe,
// as one typed struct that is filled once, where a program starts: flag over
// environment over default. Nothing else reads the environment.
package settings

import (
	"fmt"
	"strconv"

	"github.com/trackscribe/trackscribe/steps"
)

// Settings are the effective settings.
type Settings struct {
	Engine      string // what drives the graph: none
	Store       string // where artifacts and results lie, as s3:// prefix or folder
	ModelDir    string // folder of the speech model; empty: the cache
	Scratch     string // folder for scratch files; empty: the system's
	S3Endpoint  string // of an S3-compatible server; empty: AWS
	S3Region    string
	S3PathStyle bool
	NoColor     bool

	// The cluster, as kubectl and the argo command read it.
	Kubeconfig     string
	ArgoServer     string // used instead of the Kubernetes API; empty: none
	ArgoToken      string // "Bearer …" or "Basic …"
	ArgoNamespace  string
	ArgoPlain      bool // HTTP instead of HTTPS
	ArgoSkipVerify bool
	ArgoBaseHRef   string
	ArgoUI         string // for links
}

// A Var is one environment variable.
type Var struct {
	Name    string
	Instead []string // older or wider names, read when Name is not set
	Default string
	Doc     string
	set     func(*Settings, string) error
}

// Vars lists the environment variables that Trackscribe reads, in the order in
// which its docs show them.
func Vars() []Var {
	return []Var{
		{
			Name: "DURABLE_WORKFLOW_PROVIDER", Default: "none", Doc: "engine that drives the graph: `none` runs it in the process",
			set: func(s *Settings, v string) error { s.Engine = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_STORE", Doc: "folder or `s3://bucket/prefix` of artifacts and results, for the steps in containers and for what deals with a cluster",
			set: func(s *Settings, v string) error { s.Store = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_MODEL_DIR", Doc: "folder of the speech model; default: `trackscribe/models` in the user's cache folder",
			set: func(s *Settings, v string) error { s.ModelDir = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_SCRATCH", Doc: "folder for scratch files; default: the system's folder for temporary files",
			set: func(s *Settings, v string) error { s.Scratch = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_S3_ENDPOINT", Instead: []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}, Doc: "URL of an S3-compatible server; default: AWS",
			set: func(s *Settings, v string) error { s.S3Endpoint = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_S3_REGION", Instead: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}, Default: "us-east-1", Doc: "region of the bucket",
			set: func(s *Settings, v string) error { s.S3Region = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_S3_PATH_STYLE", Doc: "`true`: the bucket is part of the path, as most servers beside AWS want it; default: `true` when an endpoint is set",
			set: func(s *Settings, v string) (err error) { s.S3PathStyle, err = strconv.ParseBool(v); return err },
		},
		{
			Name: "KUBECONFIG", Doc: "path of the kubeconfig, or several; default: `~/.kube/config`, in a pod its own service account",
			set: func(s *Settings, v string) error { s.Kubeconfig = v; return nil },
		},
		{
			Name: "ARGO_SERVER", Doc: "`host:port` of an Argo Server that is used instead of the Kubernetes API, over HTTP/1.1 (as the argo command does with `ARGO_HTTP1`)",
			set: func(s *Settings, v string) error { s.ArgoServer = v; return nil },
		},
		{
			Name: "ARGO_TOKEN", Doc: "`Bearer …` or `Basic …`, sent to the Argo Server; nothing is sent that is not set here",
			set: func(s *Settings, v string) error { s.ArgoToken = v; return nil },
		},
		{
			Name: "ARGO_NAMESPACE", Doc: "namespace of the Workflows; default: the kubeconfig's",
			set: func(s *Settings, v string) error { s.ArgoNamespace = v; return nil },
		},
		{
			Name: "ARGO_SECURE", Default: "true", Doc: "`false`: the Argo Server speaks plain HTTP",
			set: func(s *Settings, v string) error { s.ArgoPlain = v == "false"; return nil },
		},
		{
			Name: "ARGO_INSECURE_SKIP_VERIFY", Doc: "`true`: any certificate of the Argo Server is trusted",
			set: func(s *Settings, v string) error { s.ArgoSkipVerify = v == "true"; return nil },
		},
		{
			Name: "ARGO_BASE_HREF", Doc: "path that the Argo Server is served under",
			set: func(s *Settings, v string) error { s.ArgoBaseHRef = v; return nil },
		},
		{
			Name: "TRACKSCRIBE_ARGO_UI", Doc: "URL of the Argo UI, for links; default: the Argo Server",
			set: func(s *Settings, v string) error { s.ArgoUI = v; return nil },
		},
		{
			Name: "NO_COLOR", Doc: "any value: no colours",
			set: func(s *Settings, v string) error { s.NoColor = true; return nil },
		},
	}
}

// Load reads the settings from the environment.
func Load(getenv func(string) string) (Settings, error) {
	var s Settings
	for _, v := range Vars() {
		value := getenv(v.Name)
		name := v.Name
		for _, other := range v.Instead {
			if value == "" {
				name, value = other, getenv(other)
			}
		}
		if value == "" {
			value = v.Default
		}
		if value == "" {
			continue
		}
		if err := v.set(&s, value); err != nil {
			return s, steps.Wrong(v.Doc, "environment variable %s: %q is not usable", name, value)
		}
	}
	if getenv("TRACKSCRIBE_S3_PATH_STYLE") == "" {
		s.S3PathStyle = s.S3Endpoint != ""
	}
	return s, nil
}

// Markdown returns the table of environment variables.
func Markdown() string {
	out := "| variable | read instead, if that is not set | default | what it sets |\n|---|---|---|---|\n"
	for _, v := range Vars() {
		instead := ""
		for i, n := range v.Instead {
			if i > 0 {
				instead += ", "
			}
			instead += "`" + n + "`"
		}
		def := ""
		if v.Default != "" {
			def = "`" + v.Default + "`"
		}
		out += fmt.Sprintf("| `%s` | %s | %s | %s |\n", v.Name, instead, def, v.Doc)
	}
	return out
}
