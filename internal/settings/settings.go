// Package settings holds everything that a person can set about Trackscribe,
// as one typed struct that is filled once, where a program starts: flag over
// environment over file over default. Nothing else reads the environment.
package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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

	Daily   Daily
	Speech  Speech
	LLM     LLM
	Consent Consent
	Zulip   Zulip
	Webhook Webhook
	Prices  Prices
	UI      string // base URL of pages about recordings, for links; empty: none

	Serve Serve

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

// Daily is the account at Daily and the bucket that its raw tracks go to.
type Daily struct {
	URL       string
	Key       string
	Bucket    string // instead of what the recording says
	Region    string
	Endpoint  string
	PathStyle bool
	RoleARN   string // assumed to read the bucket
	AccessKey string // instead of the store's credentials
	SecretKey string
}

// The speech recognisers there are.
const (
	SpeechEmbedded = "embedded" // Moonshine, in the process
	SpeechOpenAI   = "openai"   // a server with /v1/audio/transcriptions
	SpeechFromURL  = "from-url" // a server with /v1/audio/transcriptions-from-url, which fetches the audio itself
)

// Speech is the speech recogniser.
type Speech struct {
	Backend     string // one of the recognisers
	URL         string
	Key         string
	Model       string
	Format      string        // of what is sent: webm or wav
	Timeout     time.Duration // of one request
	MaxSeconds  int           // of audio in one request
	MaxBytes    int           // of one request
	Concurrency int           // requests at a time, per track
}

// LLM is the language model; without a URL the extractive default works.
type LLM struct {
	URL           string
	Key           string
	Model         string
	ContextWindow int // tokens
	Timeout       time.Duration
	ParseRetries  int    // how often a reply that does not parse is asked for again
	Concurrency   int    // requests at a time, per step
	Prompts       string // folder of prompts instead of the built-in ones; empty: none
}

// Consent is who decides whether audio is kept.
type Consent struct {
	Missing    string // without a decision: keep or delete
	Transcript string // after a denial: keep or delete
	URL        string // HTTP endpoint of decisions; empty: consent.json in the store alone
	Token      string
}

// Zulip is where a finished result is posted.
type Zulip struct {
	Realm   string // host, or a URL
	Email   string
	Key     string
	Channel string
	Topic   string
	// Where failed runs are told; without a channel nowhere.
	AlertChannel string
	AlertTopic   string
}

// Webhook is who is told of a finished result.
type Webhook struct {
	URL          string
	Secret       string
	AllowPrivate bool // private and loopback addresses too
}

// Serve is who may reach `trackscribe serve`, and where it reports to.
type Serve struct {
	WebhookSecret string // base64, of Daily's webhook; empty: none is taken
	Token         string // lets whoever has it in
	SessionKey    string // seals sessions; the same in all processes
	Issuer        string // of the identity provider; empty: none
	ClientID      string
	ClientSecret  string
	Rules         string // who of them sees which recordings
	Traces        string // OTLP endpoint; empty: none
}

// Prices turn usage into money; zero: not known.
type Prices struct {
	Currency    string
	AudioMinute float64 // of audio that was transcribed
	TokensIn    float64 // per million
	TokensOut   float64 // per million
}

// A Source is where settings come from.
type Source struct {
	Getenv   func(string) string
	File     map[string]string // what a settings file says, by variable
	FileName string            // for people
}

// A Value is an effective setting and where it came from.
type Value struct {
	Var
	Value string // "" when it is not set; a secret's is masked
	From  string // "environment", the file's name, "default", or ""
}

// Load reads the settings from the environment.
func Load(getenv func(string) string) (Settings, error) { return From(Source{Getenv: getenv}) }

// From reads the settings: environment over file over default.
func From(src Source) (Settings, error) {
	var s Settings
	known := map[string]bool{}
	for _, v := range Vars() {
		known[v.Name] = true
		value, name, _ := src.find(v)
		if value == "" {
			continue
		}
		if err := v.set(&s, value); err != nil {
			if v.Secret {
				value = mask
			}
			return s, steps.Wrong(v.Doc, "setting %s: %q is not usable: %w", name, value, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(src.File)) {
		if !known[name] {
			return s, steps.Wrong("see: trackscribe config", "%s: there is no setting %q", src.FileName, name)
		}
	}
	s.derive(src)
	return s, s.check()
}

// derive fills in what follows from other settings.
func (s *Settings) derive(src Source) {
	set := func(name string) bool {
		v, _ := lookup(name)
		value, _, from := src.find(v)
		return value != "" && from != fromDefault
	}
	if !set("TRACKSCRIBE_S3_PATH_STYLE") {
		s.S3PathStyle = s.S3Endpoint != ""
	}
	s.Daily.PathStyle = s.Daily.Endpoint != ""
	if s.Speech.Backend == "" {
		s.Speech.Backend = SpeechEmbedded
		if s.Speech.URL != "" {
			s.Speech.Backend = SpeechOpenAI
		}
	}
}

// check refuses settings that cannot go together.
func (s *Settings) check() error {
	switch {
	case s.Speech.Backend != SpeechEmbedded && s.Speech.URL == "":
		return steps.Wrong("set TRANSCRIPT_URL, or TRANSCRIPT_BACKEND=embedded", "TRANSCRIPT_BACKEND is %q, and TRANSCRIPT_URL is not set", s.Speech.Backend)
	case s.LLM.URL != "" && s.LLM.Model == "":
		return steps.Wrong("set LLM_MODEL to a model that the server has", "LLM_URL is set, and LLM_MODEL is not")
	case s.Zulip.Realm != "" && (s.Zulip.Email == "" || s.Zulip.Channel == ""):
		return steps.Wrong("set ZULIP_BOT_EMAIL and ZULIP_STREAM", "ZULIP_REALM is set, and who posts where is not")
	case s.Serve.SessionKey != "" && len(s.Serve.SessionKey) < 32:
		return steps.Wrong("make one with: openssl rand -hex 32", "TRACKSCRIBE_SERVE_SESSION_KEY is too short to seal sessions")
	case (s.Daily.AccessKey == "") != (s.Daily.SecretKey == ""):
		return steps.Wrong("set both or neither", "of the two keys of Daily's bucket one is not set")
	}
	return nil
}

// Params returns the parameters of steps that follow from the settings, where
// they are not the steps' defaults. They are what a run records of the settings
// that matter to its result.
func (s Settings) Params() map[string]string {
	p := map[string]string{}
	if s.Speech.Backend != SpeechEmbedded {
		p["transcript-backend"] = s.Speech.Backend
		put(p, "transcript-model", s.Speech.Model)
	}
	if s.LLM.URL != "" {
		put(p, "llm-model", s.LLM.Model)
		p["llm-context-window"] = fmt.Sprint(s.LLM.ContextWindow)
	}
	for name, policy := range map[string]string{"consent-missing": s.Consent.Missing, "consent-transcript": s.Consent.Transcript} {
		if policy == "delete" {
			p[name] = policy
		}
	}
	return p
}

// ParamNames lists the parameters that [Settings.Params] may return.
func ParamNames() []string {
	return []string{"transcript-backend", "transcript-model", "llm-model", "llm-context-window", "consent-missing", "consent-transcript"}
}

func put(m map[string]string, name, value string) {
	if value != "" {
		m[name] = value
	}
}

// Effective returns all settings, in the order of [Vars].
func Effective(src Source) []Value {
	var list []Value
	for _, v := range Vars() {
		value, name, from := src.find(v)
		if v.Secret && value != "" {
			value = mask
		}
		if from == fromEnvironment && name != v.Name {
			from = "environment: " + name
		}
		list = append(list, Value{Var: v, Value: value, From: from})
	}
	return list
}

// mask stands for a secret that is set.
const mask = "********"

// Where a value may come from, beside a file.
const (
	fromEnvironment = "environment"
	fromDefault     = "default"
)

// find returns a variable's value, the name it was found under, and where.
func (src Source) find(v Var) (value, name, from string) {
	names := append([]string{v.Name}, v.Instead...)
	for _, n := range names {
		if value := src.Getenv(n); value != "" {
			return value, n, fromEnvironment
		}
	}
	if value := src.File[v.Name]; value != "" {
		return value, v.Name, src.FileName
	}
	if v.Default != "" {
		return v.Default, v.Name, fromDefault
	}
	return "", v.Name, ""
}

func lookup(name string) (Var, bool) {
	for _, v := range Vars() {
		if v.Name == name {
			return v, true
		}
	}
	return Var{}, false
}

// Secrets returns the names of the secret variables that a need comes with.
func Secrets(need string) []string {
	var names []string
	for _, v := range Vars() {
		if v.Secret && v.Need == need {
			names = append(names, v.Name)
		}
	}
	return names
}

// Services returns what the environment says of services, by variable: what may
// stand in a ConfigMap, and what belongs into a Secret.
func Services(getenv func(string) string) (plain, secret map[string]string) {
	plain, secret = map[string]string{}, map[string]string{}
	for _, v := range Vars() {
		value, _, from := (Source{Getenv: getenv}).find(v)
		if !v.Service || from != fromEnvironment {
			continue
		}
		if v.Secret {
			secret[v.Name] = value
		} else {
			plain[v.Name] = value
		}
	}
	return plain, secret
}

// Known reports whether there is a variable of that name.
func Known(name string) bool {
	_, ok := lookup(name)
	return ok
}

// IsSecret reports whether a variable of that name is a secret.
func IsSecret(name string) bool {
	v, ok := lookup(name)
	return ok && v.Secret
}

// Markdown returns the table of environment variables.
func Markdown() string {
	out := "| variable | read instead, if that is not set | default | what it sets |\n|---|---|---|---|\n"
	for _, v := range Vars() {
		var instead []string
		for _, n := range v.Instead {
			instead = append(instead, "`"+n+"`")
		}
		def := ""
		if v.Default != "" {
			def = "`" + v.Default + "`"
		}
		doc := v.Doc
		if v.Secret {
			doc += " (secret)"
		}
		out += fmt.Sprintf("| `%s` | %s | %s | %s |\n", v.Name, strings.Join(instead, ", "), def, doc)
	}
	return out
}
