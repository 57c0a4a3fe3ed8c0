package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/trackscribe/trackscribe/internal/settings"
)

// settings loads the settings: environment over file over default. Flags are
// merged over them by whoever has them.
func (env *Env) settings() (settings.Settings, error) {
	src, err := env.source()
	if err != nil {
		return settings.Settings{}, err
	}
	s, err := settings.From(src)
	if err != nil {
		return s, usageError(err)
	}
	return s, nil
}

// source reads the settings file: the one that was named, by --config or
// TRACKSCRIBE_CONFIG, or the user's own if there is one.
func (env *Env) source() (settings.Source, error) {
	src := settings.Source{Getenv: env.Getenv}
	name, named := env.Config, env.Config != ""
	if !named {
		name = env.Getenv("TRACKSCRIBE_CONFIG")
		named = name != ""
	}
	if !named {
		if env.ConfigDir == "" {
			return src, nil
		}
		name = filepath.Join(env.ConfigDir, "trackscribe", "config.yaml")
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return src, nil
	}
	if err != nil {
		return src, usage("name a YAML file of variables and their values with --config", "read the settings file: %w", err)
	}
	src.FileName = name
	var values map[string]any
	if err := yaml.UnmarshalStrict(b, &values); err != nil {
		return src, usage("write one NAME: value a line; see: trackscribe config", "settings file %q: %w", name, err)
	}
	src.File = map[string]string{}
	secret := false
	for k, v := range values {
		switch v.(type) {
		case string, bool, float64, int64:
			src.File[k] = fmt.Sprint(v)
		default:
			return src, usage("write one NAME: value a line; see: trackscribe config", "settings file %q: %s has no plain value", name, k)
		}
		secret = secret || settings.IsSecret(k)
	}
	if info, err := os.Stat(name); secret && err == nil && info.Mode()&0o077 != 0 && !env.warned {
		env.warned = true
		fmt.Fprintf(env.Stderr, "warning: %s holds secrets and others may read it: chmod 600 %s\n", name, name)
	}
	return src, nil
}
