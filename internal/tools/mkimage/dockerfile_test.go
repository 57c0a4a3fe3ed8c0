package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/trackscribe/trackscribe/images"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// TestDockerfiles reads the last stage of each Dockerfile and compares it with
// the image that is built without one.
func TestDockerfiles(t *testing.T) {
	t.Parallel()
	for _, im := range images.All() {
		b := stub(t, im)
		b.version, b.revision = "$VERSION", "$REVISION"
		built, err := b.build(t.Context(), im)
		if err != nil {
			t.Fatal(err)
		}
		want, err := built[0].ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		var wantLayers []string
		for _, h := range want.History {
			wantLayers = append(wantLayers, h.Comment)
		}
		config, layers := parse(t, string(read(t, filepath.Join(testenv.Root(t), "images", "Dockerfile."+im.Name))))
		if diff := cmp.Diff(want.Config, config); diff != "" {
			t.Errorf("config of %s (-image +Dockerfile):\n%s", im.Name, diff)
		}
		if diff := cmp.Diff(wantLayers, layers); diff != "" {
			t.Errorf("layers of %s (-image +Dockerfile):\n%s", im.Name, diff)
		}
	}
}

// parse returns the config and the layers that a Dockerfile's last stage
// gives. It knows what our Dockerfiles use and fails on anything else.
func parse(t *testing.T, file string) (config v1.Config, layers []string) {
	t.Helper()
	_, stage, ok := strings.Cut(file, "\nFROM scratch\n")
	if !ok {
		t.Fatal("the last stage does not start from nothing")
	}
	config.Labels = map[string]string{}
	for line := range strings.Lines(stage) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch word {
		case "ARG":
		case "COPY":
			layer, ok := strings.CutSuffix(strings.TrimPrefix(rest, "--from=build /files/"), "/ /")
			if !ok {
				t.Errorf("copies something else than a layer: %q", line)
			}
			layers = append(layers, layer)
		case "ENV":
			config.Env = append(config.Env, rest)
		case "LABEL":
			key, value, _ := strings.Cut(rest, "=")
			config.Labels[key], err = strconv.Unquote(value)
		case "USER":
			config.User = rest
		case "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &config.Entrypoint)
		default:
			t.Errorf("unknown instruction %q", line)
		}
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	return config, layers
}
