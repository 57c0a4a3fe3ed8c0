package images_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/images"
	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/steps"
)

//go:generate env UPDATE_GOLDEN=1 go test . -run TestDockerfilesAreCurrent

func TestDockerfilesAreCurrent(t *testing.T) {
	t.Parallel()
	for _, im := range images.All() {
		golden.Equal(t, im.Dockerfile(), "Dockerfile."+im.Name)
	}
}

// TestDockerfileGo holds the Dockerfiles to the Go release of the module.
func TestDockerfileGo(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join(testenv.Root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(mod), "\ngo ")
	parts := strings.SplitN(rest, ".", 3)
	want := "golang:" + parts[0] + "." + parts[1] + " AS build"
	for _, im := range images.All() {
		if !bytes.Contains(im.Dockerfile(), []byte(want)) {
			t.Errorf("the Dockerfile of %s is not built with %q", im.Name, want)
		}
	}
}

// paths lists the files of a layer with their modes.
func paths(l images.Layer) []string {
	var list []string
	for _, f := range l.Files {
		list = append(list, f.Mode.String()+" "+f.Path)
	}
	return list
}

func TestLayers(t *testing.T) {
	t.Parallel()
	base := images.BaseLayer()
	want := []string{
		"drwxr-xr-x /etc",
		"-rw-r--r-- /etc/group",
		"-rw-r--r-- /etc/passwd",
		"drwxr-xr-x /etc/ssl",
		"drwxr-xr-x /etc/ssl/certs",
		"-rw-r--r-- /etc/ssl/certs/ca-certificates.crt",
		"dtrwxrwxrwx /scratch",
		"dtrwxrwxrwx /tmp",
	}
	if diff := cmp.Diff(want, paths(base)); diff != "" {
		t.Errorf("base layer (-want +got):\n%s", diff)
	}
	var programs []string
	for _, im := range images.All() {
		programs = append(programs, paths(im.ProgramLayer(nil))...)
	}
	if diff := cmp.Diff([]string{"-rwxr-xr-x /step", "-rwxr-xr-x /trackscribe"}, programs); diff != "" {
		t.Errorf("programs (-want +got):\n%s", diff)
	}
}

func TestAuthorities(t *testing.T) {
	t.Parallel()
	var file []byte
	for _, f := range images.BaseLayer().Files {
		if strings.HasSuffix(f.Path, "ca-certificates.crt") {
			file = f.Data
		}
	}
	n := 0
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Errorf("certificate %d: %v", n, err)
		} else if !c.IsCA {
			t.Errorf("%s is no authority", c.Subject)
		}
		n++
	}
	if n < 100 {
		t.Errorf("%d root certificates, want what a browser has", n)
	}
}

func TestModelLayer(t *testing.T) {
	t.Parallel()
	dir := testenv.Model(t)
	l, err := images.ModelLayer(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"drwxr-xr-x /model",
		"-rw-r--r-- /model/LICENSE",
		"-rw-r--r-- /model/encoder_model.onnx",
		"-rw-r--r-- /model/decoder_model_merged.onnx",
	}
	if diff := cmp.Diff(want, paths(l)); diff != "" {
		t.Errorf("model layer (-want +got):\n%s", diff)
	}
	for _, f := range l.Files {
		if f.Path == "/model/LICENSE" && !bytes.Contains(f.Data, []byte("MIT License")) {
			t.Error("the model's licence is not MIT, which the image's label says")
		}
	}
}

func TestModelLayerRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := images.ModelLayer(dir); err == nil {
		t.Error("a model without its licence was taken")
	}
	if err := os.WriteFile(filepath.Join(dir, model.License), []byte("all rights reserved"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := images.ModelLayer(dir); steps.Hint(err) == "" {
		t.Errorf("another licence: %v, want an error that says what to do", err)
	}
}
