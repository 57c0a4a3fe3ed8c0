package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Var is one variable: of the environment, and of a settings file.
type Var struct {
	Name    string
	Instead []string // older or wider names, read when Name is not set
	Default string
	Doc     string
	Secret  bool   // never printed, and given only to the steps with the need
	Need    string // of which steps it is; empty: of programs or of every step
	Service bool   // it says something of a service that steps use
	set     func(*Settings, string) error
}

// Vars lists the variables that Trackscribe reads, in the order in which its
// docs show them.
func Vars() []Var { return slices.Concat(placeVars(), serviceVars(), serveVars(), clusterVars()) }

// placeVars say where things are.
func placeVars() []Var {
	return []Var{
		{
			Name: "DURABLE_WORKFLOW_PROVIDER", Default: "none", Doc: "engine that drives the graph: `none` runs it in the process",
			set: text(func(s *Settings) *string { return &s.Engine }),
		},
		{
			Name: "TRACKSCRIBE_STORE", Doc: "folder or `s3://bucket/prefix` of artifacts and results, for the steps in containers and for what deals with a cluster",
			set: text(func(s *Settings) *string { return &s.Store }),
		},
		{
			Name: "TRACKSCRIBE_MODEL_DIR", Doc: "folder of the speech model; default: `trackscribe/models` in the user's cache folder",
			set: text(func(s *Settings) *string { return &s.ModelDir }),
		},
		{
			Name: "TRACKSCRIBE_SCRATCH", Doc: "folder for scratch files; default: the system's folder for temporary files",
			set: text(func(s *Settings) *string { return &s.Scratch }),
		},
		{
			Name: "TRACKSCRIBE_S3_ENDPOINT", Instead: []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}, Doc: "URL of an S3-compatible server; default: AWS",
			set: text(func(s *Settings) *string { return &s.S3Endpoint }),
		},
		{
			Name: "TRACKSCRIBE_S3_REGION", Instead: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}, Default: "us-east-1", Doc: "region of the bucket",
			set: text(func(s *Settings) *string { return &s.S3Region }),
		},
		{
			Name: "TRACKSCRIBE_S3_PATH_STYLE", Doc: "`true`: the bucket is part of the path, as most servers beside AWS want it; default: `true` when an endpoint is set",
			set: boolean(func(s *Settings) *bool { return &s.S3PathStyle }),
		},
	}
}

// serviceVars say which services steps use.
func serviceVars() []Var {
	list := []Var{
		{
			Name: "DAILY_API_KEY", Need: "daily", Secret: true, Doc: "key of the account at Daily",
			set: text(func(s *Settings) *string { return &s.Daily.Key }),
		},
		{
			Name: "DAILY_API_URL", Default: "https://api.daily.co/v1", Doc: "Daily's REST API",
			set: text(func(s *Settings) *string { return &s.Daily.URL }),
		},
		{
			Name: "DAILYCO_STORAGE_AWS_BUCKET_NAME", Doc: "bucket of Daily's raw tracks; default: what the recording says",
			set: text(func(s *Settings) *string { return &s.Daily.Bucket }),
		},
		{
			Name: "DAILYCO_STORAGE_AWS_REGION", Doc: "region of that bucket; default: what the recording says",
			set: text(func(s *Settings) *string { return &s.Daily.Region }),
		},
		{
			Name: "DAILYCO_STORAGE_AWS_ENDPOINT_URL", Doc: "URL of the S3-compatible server with that bucket; default: AWS, or the store's own when the bucket is the store's",
			set: text(func(s *Settings) *string { return &s.Daily.Endpoint }),
		},
		{
			Name: "DAILYCO_STORAGE_AWS_ROLE_ARN", Doc: "role that is assumed to read that bucket",
			set: text(func(s *Settings) *string { return &s.Daily.RoleARN }),
		},
		{
			Name: "DAILYCO_STORAGE_AWS_ACCESS_KEY_ID", Need: "source", Secret: true, Doc: "access key for that bucket; default: the store's credentials",
			set: text(func(s *Settings) *string { return &s.Daily.AccessKey }),
		},
		{
			Name: "DAILYCO_STORAGE_AWS_SECRET_ACCESS_KEY", Need: "source", Secret: true, Doc: "secret key for that bucket",
			set: text(func(s *Settings) *string { return &s.Daily.SecretKey }),
		},

		{
			Name: "TRANSCRIPT_BACKEND", Doc: "`embedded` (English, in the process), `openai` (a server with `/v1/audio/transcriptions`) or `from-url` (one with `/v1/audio/transcriptions-from-url`, `modal` for short); default: `openai` when `TRANSCRIPT_URL` is set",
			set: func(s *Settings, v string) error {
				if v == "modal" {
					v = SpeechFromURL
				}
				s.Speech.Backend = v
				return oneOf(v, SpeechEmbedded, SpeechOpenAI, SpeechFromURL)
			},
		},
		{
			Name: "TRANSCRIPT_URL", Doc: "speech server, without the path of its API",
			set: text(func(s *Settings) *string { return &s.Speech.URL }),
		},
		{
			Name: "TRANSCRIPT_API_KEY", Instead: []string{"TRANSCRIPT_MODAL_API_KEY"}, Need: "speech", Secret: true, Doc: "its key",
			set: text(func(s *Settings) *string { return &s.Speech.Key }),
		},
		{
			Name: "TRANSCRIPT_MODEL", Doc: "model that the speech server is asked for; default: its own",
			set: text(func(s *Settings) *string { return &s.Speech.Model }),
		},
		{
			Name: "TRANSCRIPT_FORMAT", Default: "webm", Doc: "what is uploaded: `webm` (Opus, copied, not encoded again) or `wav` for servers that read nothing else",
			set: func(s *Settings, v string) error {
				s.Speech.Format = v
				return oneOf(v, "webm", "wav")
			},
		},
		{
			Name: "TRANSCRIPT_TIMEOUT", Instead: []string{"TRANSCRIPT_FILE_TIMEOUT"}, Default: "10m", Doc: "how long one request may take: `10m`, or seconds",
			set: duration(func(s *Settings) *time.Duration { return &s.Speech.Timeout }),
		},
		{
			Name: "TRANSCRIPT_MAX_SECONDS", Default: "600", Doc: "longest audio in one request, in seconds",
			set: number(func(s *Settings) *int { return &s.Speech.MaxSeconds }, 10),
		},
		{
			Name: "TRANSCRIPT_MAX_BYTES", Default: "24000000", Doc: "largest upload in one request, in bytes",
			set: number(func(s *Settings) *int { return &s.Speech.MaxBytes }, 100_000),
		},
		{
			Name: "TRANSCRIPT_CONCURRENCY", Default: "2", Doc: "requests at a time, for each track that is worked on",
			set: number(func(s *Settings) *int { return &s.Speech.Concurrency }, 1),
		},

		{
			Name: "LLM_URL", Doc: "OpenAI-compatible API of a language model, with its `/v1`; default: none, topics and summary are extracted",
			set: text(func(s *Settings) *string { return &s.LLM.URL }),
		},
		{
			Name: "LLM_API_KEY", Need: "llm", Secret: true, Doc: "its key",
			set: text(func(s *Settings) *string { return &s.LLM.Key }),
		},
		{
			Name: "LLM_MODEL", Doc: "model that is asked",
			set: text(func(s *Settings) *string { return &s.LLM.Model }),
		},
		{
			Name: "LLM_CONTEXT_WINDOW", Default: "16000", Doc: "tokens that the model takes, question and answer together",
			set: number(func(s *Settings) *int { return &s.LLM.ContextWindow }, 2000),
		},
		{
			Name: "LLM_REQUEST_TIMEOUT", Default: "5m", Doc: "how long one request may take: `5m`, or seconds",
			set: duration(func(s *Settings) *time.Duration { return &s.LLM.Timeout }),
		},
		{
			Name: "LLM_PARSE_MAX_RETRIES", Default: "3", Doc: "how often a reply that does not parse is asked for again, with the error",
			set: number(func(s *Settings) *int { return &s.LLM.ParseRetries }, 0),
		},
		{
			Name: "LLM_CONCURRENCY", Default: "4", Doc: "requests at a time, for each step that asks",
			set: number(func(s *Settings) *int { return &s.LLM.Concurrency }, 1),
		},
		{
			Name: "TRACKSCRIBE_PROMPTS", Doc: "folder of prompts instead of the built-in ones",
			set: text(func(s *Settings) *string { return &s.LLM.Prompts }),
		},

		{
			Name: "CONSENT_MISSING", Default: "keep", Doc: "what happens to the audio without a decision: `keep`, or `delete` where consent is required",
			set: func(s *Settings, v string) error {
				s.Consent.Missing = v
				return oneOf(v, "keep", "delete")
			},
		},
		{
			Name: "CONSENT_TRANSCRIPT", Default: "keep", Doc: "what happens to the transcript after a denial: `keep` or `delete`",
			set: func(s *Settings, v string) error {
				s.Consent.Transcript = v
				return oneOf(v, "keep", "delete")
			},
		},
		{
			Name: "CONSENT_URL", Doc: "HTTP endpoint that is asked for a recording's decisions, its id appended; default: `consent.json` in the store alone",
			set: text(func(s *Settings) *string { return &s.Consent.URL }),
		},
		{
			Name: "CONSENT_TOKEN", Need: "consent", Secret: true, Doc: "its bearer token",
			set: text(func(s *Settings) *string { return &s.Consent.Token }),
		},

		{
			Name: "ZULIP_REALM", Doc: "Zulip server (`example.zulipchat.com`) that finished results are posted to; default: none",
			set: text(func(s *Settings) *string { return &s.Zulip.Realm }),
		},
		{
			Name: "ZULIP_BOT_EMAIL", Doc: "the bot that posts",
			set: text(func(s *Settings) *string { return &s.Zulip.Email }),
		},
		{
			Name: "ZULIP_API_KEY", Need: "zulip", Secret: true, Doc: "its key",
			set: text(func(s *Settings) *string { return &s.Zulip.Key }),
		},
		{
			Name: "ZULIP_STREAM", Doc: "channel that is posted to",
			set: text(func(s *Settings) *string { return &s.Zulip.Channel }),
		},
		{
			Name: "ZULIP_TOPIC", Default: "recordings", Doc: "topic in it",
			set: text(func(s *Settings) *string { return &s.Zulip.Topic }),
		},
		{
			Name: "ZULIP_DAG_STREAM", Doc: "channel that `trackscribe serve` tells of failed runs; default: none",
			set: text(func(s *Settings) *string { return &s.Zulip.AlertChannel }),
		},
		{
			Name: "ZULIP_DAG_TOPIC", Default: "failed runs", Doc: "topic in it",
			set: text(func(s *Settings) *string { return &s.Zulip.AlertTopic }),
		},

		{
			Name: "WEBHOOK_URL", Doc: "receiver that is told of finished results; default: none",
			set: text(func(s *Settings) *string { return &s.Webhook.URL }),
		},
		{
			Name: "WEBHOOK_SECRET", Need: "webhook", Secret: true, Doc: "key of the signature that it can check",
			set: text(func(s *Settings) *string { return &s.Webhook.Secret }),
		},
		{
			Name: "WEBHOOK_ALLOW_PRIVATE", Doc: "`true`: the receiver may have a private or loopback address",
			set: boolean(func(s *Settings) *bool { return &s.Webhook.AllowPrivate }),
		},
		{
			Name: "UI_BASE_URL", Doc: "address of the pages about recordings, for links; default: no links",
			set: text(func(s *Settings) *string { return &s.UI }),
		},

		{
			Name: "PRICE_CURRENCY", Default: "USD", Doc: "currency of the prices",
			set: text(func(s *Settings) *string { return &s.Prices.Currency }),
		},
		{
			Name: "PRICE_AUDIO_MINUTE", Doc: "price of a minute of audio at the speech server",
			set: price(func(s *Settings) *float64 { return &s.Prices.AudioMinute }),
		},
		{
			Name: "PRICE_MILLION_TOKENS_IN", Doc: "price of a million tokens that the language model reads",
			set: price(func(s *Settings) *float64 { return &s.Prices.TokensIn }),
		},
		{
			Name: "PRICE_MILLION_TOKENS_OUT", Doc: "price of a million tokens that it writes",
			set: price(func(s *Settings) *float64 { return &s.Prices.TokensOut }),
		},
	}
	for i := range list {
		list[i].Service = true
	}
	return list
}

// serveVars say who may reach `trackscribe serve`.
func serveVars() []Var {
	return []Var{
		{
			Name: "DAILY_WEBHOOK_SECRET", Need: "serve", Secret: true, Doc: "the `hmac` that Daily gave for its webhook, in base64; for `trackscribe serve`; default: webhooks are refused",
			set: text(func(s *Settings) *string { return &s.Serve.WebhookSecret }),
		},
		{
			Name: "TRACKSCRIBE_SERVE_TOKEN", Need: "serve", Secret: true, Doc: "token that lets people and programs into `trackscribe serve`; default: without an identity provider a new one at every start",
			set: text(func(s *Settings) *string { return &s.Serve.Token }),
		},
		{
			Name: "TRACKSCRIBE_SERVE_SESSION_KEY", Need: "serve", Secret: true, Doc: "seals the sessions of who signed in, the same in all processes, 32 characters or more; default: sessions end with the process",
			set: text(func(s *Settings) *string { return &s.Serve.SessionKey }),
		},
		{
			Name: "TRACKSCRIBE_OIDC_ISSUER", Doc: "identity provider (OpenID Connect) that people sign in with; needs `UI_BASE_URL`; default: none",
			set: text(func(s *Settings) *string { return &s.Serve.Issuer }),
		},
		{
			Name: "TRACKSCRIBE_OIDC_CLIENT_ID", Doc: "what this server is called there",
			set: text(func(s *Settings) *string { return &s.Serve.ClientID }),
		},
		{
			Name: "TRACKSCRIBE_OIDC_CLIENT_SECRET", Need: "serve", Secret: true, Doc: "its secret there",
			set: text(func(s *Settings) *string { return &s.Serve.ClientSecret }),
		},
		{
			Name: "TRACKSCRIBE_SERVE_RULES", Doc: "who of them sees which recordings, as `claim:value=prefix*, …`; default: everybody all",
			set: text(func(s *Settings) *string { return &s.Serve.Rules }),
		},
		{
			Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Doc: "where `trackscribe serve` sends OpenTelemetry traces of runs, over OTLP/HTTP; default: nowhere",
			set: text(func(s *Settings) *string { return &s.Serve.Traces }),
		},
	}
}

// clusterVars say where the cluster is, and how to print.
func clusterVars() []Var {
	return []Var{
		{
			Name: "KUBECONFIG", Doc: "path of the kubeconfig, or several; default: `~/.kube/config`, in a pod its own service account",
			set: text(func(s *Settings) *string { return &s.Kubeconfig }),
		},
		{
			Name: "ARGO_SERVER", Doc: "`host:port` of an Argo Server that is used instead of the Kubernetes API, over HTTP/1.1 (as the argo command does with `ARGO_HTTP1`)",
			set: text(func(s *Settings) *string { return &s.ArgoServer }),
		},
		{
			Name: "ARGO_TOKEN", Need: "argo", Secret: true, Doc: "`Bearer …` or `Basic …`, sent to the Argo Server; nothing is sent that is not set here",
			set: text(func(s *Settings) *string { return &s.ArgoToken }),
		},
		{
			Name: "ARGO_NAMESPACE", Doc: "namespace of the Workflows; default: the kubeconfig's",
			set: text(func(s *Settings) *string { return &s.ArgoNamespace }),
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
			set: text(func(s *Settings) *string { return &s.ArgoBaseHRef }),
		},
		{
			Name: "TRACKSCRIBE_ARGO_UI", Doc: "URL of the Argo UI, for links; default: the Argo Server",
			set: text(func(s *Settings) *string { return &s.ArgoUI }),
		},
		{
			Name: "NO_COLOR", Doc: "any value: no colours",
			set: func(s *Settings, _ string) error { s.NoColor = true; return nil },
		},
	}
}

func text(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, v string) error { *field(s) = strings.TrimSpace(v); return nil }
}

func boolean(field func(*Settings) *bool) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		if *field(s), err = strconv.ParseBool(v); err != nil {
			return fmt.Errorf("want true or false")
		}
		return nil
	}
}

func number(field func(*Settings) *int, least int) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		if *field(s), err = strconv.Atoi(v); err != nil || *field(s) < least {
			return fmt.Errorf("want a whole number of at least %d", least)
		}
		return nil
	}
}

func price(field func(*Settings) *float64) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		if *field(s), err = strconv.ParseFloat(v, 64); err != nil || !(*field(s) >= 0) {
			return fmt.Errorf("want a number")
		}
		return nil
	}
}

// duration reads Go's form, and plain seconds.
func duration(field func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		d, err := time.ParseDuration(v)
		if n, err2 := strconv.ParseFloat(v, 64); err2 == nil {
			d, err = time.Duration(n*float64(time.Second)), nil
		}
		if err != nil || d <= 0 {
			return fmt.Errorf("want a time such as 90s or 10m")
		}
		*field(s) = d
		return nil
	}
}

func oneOf(v string, allowed ...string) error {
	for _, a := range allowed {
		if v == a {
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(allowed, ", "))
}
