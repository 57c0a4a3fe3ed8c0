package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/trackscribe/trackscribe/images"
)

// TestArchive reads an archive as the two kinds of readers do and looks at all
// that is in it.
func TestArchive(t *testing.T) {
	t.Parallel()
	b := stub(t, image(t, "step"))
	var answer bytes.Buffer
	b.stdout = &answer
	if err := b.archives(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, arch := range b.archs {
		path := filepath.Join(b.out, "step-"+arch+".tar")
		dir := t.TempDir()
		unpack(t, bytes.NewReader(read(t, path)), dir)
		index, err := layout.ImageIndexFromPath(dir)
		if err != nil {
			t.Fatal(err)
		}
		list, err := index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Manifests) != 1 {
			t.Fatalf("%d images in the archive, want 1", len(list.Manifests))
		}
		desc := list.Manifests[0]
		if desc.Platform == nil || desc.Platform.String() != "linux/"+arch {
			t.Errorf("platform %v, want linux/%s", desc.Platform, arch)
		}
		const ref = "registry.test/team/trackscribe-step:v1.2.3"
		if got := desc.Annotations["io.containerd.image.name"]; got != ref {
			t.Errorf("containerd would call it %q, want %q", got, ref)
		}
		if want := path + "\t" + ref + "@" + desc.Digest.String() + "\n"; !strings.Contains(answer.String(), want) {
			t.Errorf("printed %q, want %q in it", answer.String(), want)
		}
		img, err := index.Image(desc.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(img); err != nil {
			t.Error(err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.created, config.Created.Time); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		wantConfig := v1.Config{
			User: "8737:8737", Entrypoint: []string{"/step"},
			Env: []string{"TRACKSCRIBE_SCRATCH=/scratch", "TRACKSCRIBE_MODEL_DIR=/model"},
			Labels: map[string]string{
				"org.opencontainers.image.title":       "Trackscribe step",
				"org.opencontainers.image.description": "Does one step of turning a multitrack meeting recording into a transcript; holds the speech model.",
				"org.opencontainers.image.licenses":    "Apache-2.0 AND MIT",
				"org.opencontainers.image.source":      "https://github.com/trackscribe/trackscribe",
				"org.opencontainers.image.version":     "v1.2.3",
				"org.opencontainers.image.revision":    "c0ffee",
			},
		}
		if diff := cmp.Diff(wantConfig, config.Config); diff != "" {
			t.Errorf("config (-want +got):\n%s", diff)
		}
		want := []string{
			"-rwxr-xr-x root 1970-01-01 step",
			"drwxr-xr-x root 1970-01-01 model",
			"-rw-r--r-- root 1970-01-01 model/weights",
			"drwxr-xr-x root 1970-01-01 etc",
			"-rw-r--r-- root 1970-01-01 etc/group",
			"-rw-r--r-- root 1970-01-01 etc/passwd",
			"drwxr-xr-x root 1970-01-01 etc/ssl",
			"drwxr-xr-x root 1970-01-01 etc/ssl/certs",
			"-rw-r--r-- root 1970-01-01 etc/ssl/certs/ca-certificates.crt",
			"dtrwxrwxrwx root 1970-01-01 scratch",
			"dtrwxrwxrwx root 1970-01-01 tmp",
		}
		if diff := cmp.Diff(want, listing(t, mutate.Extract(img))); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}

		tag, err := name.NewTag(ref)
		if err != nil {
			t.Fatal(err)
		}
		docker, err := tarball.ImageFromPath(path, &tag)
		if err != nil {
			t.Fatalf("read as docker load does: %v", err)
		}
		loaded, err := docker.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		if id, err := img.ConfigName(); err != nil || loaded != id {
			t.Errorf("docker load finds image %s, want %s (%v)", loaded, id, err)
		}
	}
}

// TestSameBytes builds twice and, at another time, finds every layer again.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	one, two, later := stub(t, images.All()...), stub(t, images.All()...), stub(t, images.All()...)
	later.created = later.created.Add(time.Hour)
	for _, b := range []*builder{one, two, later} {
		if err := b.archives(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"step-amd64.tar", "step-arm64.tar", "cli-amd64.tar", "cli-arm64.tar"} {
		first := read(t, filepath.Join(one.out, name))
		if !bytes.Equal(first, read(t, filepath.Join(two.out, name))) {
			t.Errorf("%s has other bytes the second time", name)
		}
		if bytes.Equal(first, read(t, filepath.Join(later.out, name))) {
			t.Errorf("%s does not say when it was made", name)
		}
	}
	a, b := layers(t, one), layers(t, later)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("layers at another time (-before +after):\n%s", diff)
	}
	if a[0] != a[3] || a[1] != a[4] {
		t.Errorf("architectures share no base and model: %v", a)
	}
	if a[2] == a[5] {
		t.Errorf("architectures share a program: %v", a)
	}
}

// layers lists the digests of the step image's layers, architecture by
// architecture.
func layers(t *testing.T, b *builder) []string {
	t.Helper()
	built, err := b.build(t.Context(), image(t, "step"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, img := range built {
		all, err := img.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			digest, err := l.Digest()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, digest.String())
		}
	}
	return list
}

func TestFiles(t *testing.T) {
	t.Parallel()
	b := stub(t, image(t, "cli"))
	b.archs = []string{"amd64"}
	if err := b.files(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, l := range []images.Layer{images.BaseLayer(), b.images[0].ProgramLayer([]byte("cli for amd64"))} {
		for _, f := range l.Files {
			path := filepath.Join(b.out, l.Name, f.Path)
			info, err := os.Stat(path)
			if err != nil {
				t.Error(err)
				continue
			}
			if info.Mode() != f.Mode {
				t.Errorf("%s has mode %v, want %v", path, info.Mode(), f.Mode)
			}
			if !f.Mode.IsDir() && !bytes.Equal(read(t, path), f.Data) {
				t.Errorf("%s has other bytes than the layer", path)
			}
		}
	}
}
