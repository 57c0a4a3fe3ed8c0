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
	ModelDir    string // folder of the speech model; empty: the cache
	Scratch     string // folder for scratch files; empty: the system's
	S3Endpoint  string // of an S3-compatible server; empty: AWS
	S3Region    string
	S3PathStyle bool
	NoColor     bool
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
