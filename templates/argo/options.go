package argo

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Granularity says how much of the graph shares a pod. A pod costs about 6.5 s
// per sequential level whatever its work.
type Granularity string

// The granularities.
const (
	GranularityStep  Granularity = "step"  // one pod per step
	GranularityFused Granularity = "fused" // one pod per group of steps that the graph declares fusible
	GranularityRun   Granularity = "run"   // the whole graph in one pod
)

// Granularities lists them, for flags.
func Granularities() []string { return []string{"step", "fused", "run"} }

// Options say how a graph is rendered. The zero value of a field means its
// default; [Options.Complete] fills them in. The JSON names are those of an
// options file.
type Options struct {
	Name        string      `json:"name,omitempty"`      // prefix of every object's name; default trackscribe
	Namespace   string      `json:"namespace,omitempty"` // default argo
	Images      Images      `json:"images,omitempty"`
	Store       Store       `json:"store,omitempty"`
	Granularity Granularity `json:"granularity,omitempty"` // default step
	ArgoVersion string      `json:"argoVersion,omitempty"` // 3.7 (default) or 4

	Pools         map[graph.Pool]Pool `json:"pools,omitempty"`
	Parallelism   int64               `json:"parallelism,omitempty"` // pods of one run at a time; 0: no bound
	Priority      int32               `json:"priority,omitempty"`    // of queued runs
	PriorityClass string              `json:"priorityClass,omitempty"`
	Deadline      Duration            `json:"deadline,omitempty"` // of a whole run; 0: none

	TTL   TTL   `json:"ttl,omitempty"`
	PodGC PodGC `json:"podGC,omitempty"`

	HideArtifacts bool `json:"hideArtifacts,omitempty"` // no output artifacts for the Argo UI
	NetworkPolicy bool `json:"networkPolicy,omitempty"`
	// Settings are further environment of every step; no secrets. What they say
	// of services also makes the defaults of the runs' parameters.
	Settings map[string]string `json:"settings,omitempty"`
	// Services names the Secret with the services' keys, each under its
	// variable's name; default NAME-services. A pod gets those that its steps
	// need, as far as they are there.
	Services  string    `json:"services,omitempty"`
	Reprocess Reprocess `json:"reprocess,omitempty"`
	Serve     Serve     `json:"serve,omitempty"`
}

// Images are the references of the two images, by tag or by digest.
type Images struct {
	Step string   `json:"step,omitempty"`
	CLI  string   `json:"cli,omitempty"`
	Pull []string `json:"pullSecrets,omitempty"` // names of Secrets
}

// Store is where artifacts and results lie, as pods see it.
type Store struct {
	Location  string `json:"location,omitempty"` // s3://bucket/prefix
	Endpoint  string `json:"endpoint,omitempty"` // URL of an S3-compatible server; empty: AWS
	Region    string `json:"region,omitempty"`
	PathStyle *bool  `json:"pathStyle,omitempty"` // default: true when there is an endpoint
	// Credentials is how pods get them: secret (a Secret with the keys
	// access-key and secret-key, the default) or identity (the platform's web
	// identity, through annotations of the service accounts).
	Credentials string            `json:"credentials,omitempty"`
	Secret      string            `json:"secret,omitempty"`   // default NAME-store
	Identity    map[string]string `json:"identity,omitempty"` // annotations for the service accounts
}

// Keys of the store's Secret.
const (
	SecretAccessKey = "access-key"
	SecretSecretKey = "secret-key"
)

// How pods get the store's credentials.
const (
	CredentialsSecret   = "secret"
	CredentialsIdentity = "identity"
)

// Pool places the pods of a pool's steps and overrides what they ask for.
type Pool struct {
	CPU          float64           `json:"cpu,omitempty"`    // cores for each pod, instead of the graph's
	Memory       int               `json:"memory,omitempty"` // MiB for each pod, instead of the graph's
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	Tolerations  []Toleration      `json:"tolerations,omitempty"`
}

// Toleration lets pods run on tainted nodes; the fields are Kubernetes' own.
type Toleration struct {
	Key      string `json:"key,omitempty"`
	Operator string `json:"operator,omitempty"`
	Value    string `json:"value,omitempty"`
	Effect   string `json:"effect,omitempty"`
}

// TTL says how long finished Workflows are kept; results stay in the store.
type TTL struct {
	Success Duration `json:"success,omitempty"` // default 24h
	Failure Duration `json:"failure,omitempty"` // default 336h
}

// PodGC says when finished pods go.
type PodGC struct {
	Strategy string   `json:"strategy,omitempty"` // default OnPodSuccess
	Delay    Duration `json:"delay,omitempty"`    // default 1m
}

// Reprocess is what the rendered CronWorkflow does.
type Reprocess struct {
	Source      string   `json:"source,omitempty"`      // daily, or an s3:// prefix whose folders are recordings; empty: only what the store knows
	Select      []string `json:"select,omitempty"`      // flags of trackscribe reprocess; default --failed, --stuck=6h and, with a source, --missing
	Schedules   []string `json:"schedules,omitempty"`   // default "17 3 * * *"
	TimeZone    string   `json:"timeZone,omitempty"`    // default Etc/UTC
	Limit       int      `json:"limit,omitempty"`       // recordings per firing; default 100
	MaxParallel int      `json:"maxParallel,omitempty"` // runs at a time; default 5
	Concurrency string   `json:"concurrency,omitempty"` // Forbid (default), Replace or Allow
	StopAfter   int      `json:"stopAfter,omitempty"`   // failed firings after which it stops; default 3
	KeepSuccess int32    `json:"keepSuccess,omitempty"` // default 3
	KeepFailure int32    `json:"keepFailure,omitempty"` // default 3
	Suspend     bool     `json:"suspend,omitempty"`
}

// A Duration reads and writes itself as Go's ("36h").
type Duration time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// String is the duration as Go writes it.
func (d Duration) String() string { return time.Duration(d).String() }

func (d Duration) seconds64() *int64 {
	s := int64(time.Duration(d) / time.Second)
	return &s
}

func (d Duration) seconds() *int32 {
	s := int32(time.Duration(d) / time.Second)
	return &s
}

// Complete returns the options with defaults for what is not set, or what is
// wrong with them. version is the program's own, the tag of default images.
func (o Options) Complete(version string) (Options, error) {
	set(&o.Name, "trackscribe")
	set(&o.Namespace, "argo")
	set(&o.Images.Step, "trackscribe-step:"+version)
	set(&o.Images.CLI, "trackscribe-cli:"+version)
	set(&o.Store.Region, "us-east-1")
	set(&o.Store.Credentials, CredentialsSecret)
	set(&o.Store.Secret, o.Name+"-store")
	set(&o.Services, o.Name+"-services")
	set(&o.Granularity, GranularityStep)
	set(&o.ArgoVersion, "3.7")
	set(&o.TTL.Success, Duration(24*time.Hour))
	set(&o.TTL.Failure, Duration(14*24*time.Hour))
	set(&o.PodGC.Strategy, "OnPodSuccess")
	set(&o.PodGC.Delay, Duration(time.Minute))
	r := &o.Reprocess
	if len(r.Select) == 0 {
		r.Select = []string{"--failed", "--stuck=6h"}
		if r.Source != "" {
			r.Select = append(r.Select, "--missing")
		}
	}
	if len(r.Schedules) == 0 {
		r.Schedules = []string{"17 3 * * *"}
	}
	set(&r.TimeZone, "Etc/UTC")
	set(&r.Limit, 100)
	set(&r.MaxParallel, 5)
	set(&r.Concurrency, "Forbid")
	set(&r.StopAfter, 3)
	set(&r.KeepSuccess, 3)
	set(&r.KeepFailure, 3)
	o.Serve.complete()
	return o, o.check()
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (o Options) check() error {
	const see = "see: trackscribe render --help"
	oneOf := func(what, value string, allowed ...string) error {
		if slices.Contains(allowed, value) {
			return nil
		}
		return steps.Wrong("use one of "+strings.Join(allowed, ", "), "%s %q is not known", what, value)
	}
	if !dnsLabel.MatchString(o.Name) || len(o.Name) > 20 {
		return steps.Wrong("use at most 20 lower-case letters, digits and dashes", "name %q cannot begin the names of objects", o.Name)
	}
	if !dnsLabel.MatchString(o.Namespace) {
		return steps.Wrong("use lower-case letters, digits and dashes", "namespace %q is not usable", o.Namespace)
	}
	if bucket, ok := strings.CutPrefix(o.Store.Location, "s3://"); !ok || strings.Trim(bucket, "/") == "" {
		return steps.Wrong("say where artifacts and results go: --store s3://bucket/prefix", "store %q is not usable on a cluster", o.Store.Location)
	}
	for _, err := range []error{
		oneOf("granularity", string(o.Granularity), Granularities()...),
		oneOf("Argo version", o.ArgoVersion, "3.7", "4"),
		oneOf("way of credentials", o.Store.Credentials, CredentialsSecret, CredentialsIdentity),
		oneOf("pod GC strategy", o.PodGC.Strategy, "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"),
		oneOf("concurrency policy", o.Reprocess.Concurrency, "Forbid", "Replace", "Allow"),
	} {
		if err != nil {
			return err
		}
	}
	for _, p := range slices.Sorted(maps.Keys(o.Pools)) {
		if err := oneOf("pool", string(p), string(graph.IO), string(graph.CPU), string(graph.ASR), string(graph.LLM)); err != nil {
			return err
		}
	}
	for _, image := range []string{o.Images.Step, o.Images.CLI} {
		if strings.ContainsAny(image, " \t{}") || strings.HasSuffix(image, ":latest") {
			return steps.Wrong("name it by digest or by a tag other than latest", "image %q does not say which version it is", image)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Settings)) {
		if settings.IsSecret(name) || !settings.Known(name) && looksSecret(name) {
			return steps.Wrong("put it into the Secret "+o.Services, "setting %q looks like a secret, and settings are not", name)
		}
	}
	if _, err := o.effective(); err != nil {
		return err
	}
	if o.Store.Credentials == CredentialsIdentity && len(o.Store.Identity) == 0 {
		return steps.Wrong("give the annotation that your platform reads, such as eks.amazonaws.com/role-arn", "credentials by identity need annotations for the service accounts")
	}
	if o.Parallelism < 0 || o.Deadline < 0 {
		return steps.Wrong(see, "parallelism and deadline cannot be negative")
	}
	return o.Serve.check()
}

// effective returns the settings as the steps will see them.
func (o Options) effective() (settings.Settings, error) {
	return settings.Load(func(name string) string { return o.Settings[name] })
}

func looksSecret(name string) bool {
	for _, part := range []string{"SECRET", "PASSWORD", "TOKEN", "API_KEY", "ACCESS_KEY", "PRIVATE"} {
		if strings.Contains(strings.ToUpper(name), part) {
			return true
		}
	}
	return false
}

// location splits the store's location.
func (s Store) location() (bucket, prefix string) {
	bucket, prefix, _ = strings.Cut(strings.TrimPrefix(s.Location, "s3://"), "/")
	prefix = strings.Trim(prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return bucket, prefix
}

func (s Store) pathStyle() bool {
	if s.PathStyle != nil {
		return *s.PathStyle
	}
	return s.Endpoint != ""
}
