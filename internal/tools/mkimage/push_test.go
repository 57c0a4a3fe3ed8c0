package main

import (
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/trackscribe/trackscribe/images"
)

// TestPush pushes to a registry in this process and pulls what a node of each
// architecture would.
func TestPush(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	b := stub(t, images.All()...)
	b.repo = strings.TrimPrefix(server.URL, "http://") + "/team/trackscribe"
	var answer bytes.Buffer
	b.stdout = &answer
	if err := b.push(t.Context()); err != nil {
		t.Fatal(err)
	}
	printed := strings.Fields(answer.String())
	if len(printed) != len(b.images) {
		t.Fatalf("printed %q, want a reference for each image", printed)
	}
	for i, im := range b.images {
		tag, err := b.reference(im)
		if err != nil {
			t.Fatal(err)
		}
		index, err := remote.Index(tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Error(err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if want := full(tag) + "@" + digest.String(); printed[i] != want {
			t.Errorf("printed %q, want %q", printed[i], want)
		}
		built, err := b.build(t.Context(), im)
		if err != nil {
			t.Fatal(err)
		}
		for j, arch := range b.archs {
			pulled := pull(t, printed[i], arch)
			if want := sum(t, built[j]); pulled != want {
				t.Errorf("%s pulled for %s is %s, want %s", im.Name, arch, pulled, want)
			}
		}
	}
}

func TestPushRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil) // no registry: answers 404
	t.Cleanup(server.Close)
	b := stub(t, image(t, "cli"))
	b.repo = strings.TrimPrefix(server.URL, "http://") + "/team/trackscribe"
	var answer bytes.Buffer
	b.stdout = &answer
	if err := b.push(t.Context()); err == nil || answer.Len() > 0 {
		t.Errorf("error %v, printed %q, want an error and no reference", err, &answer)
	}
}

func pull(t *testing.T, ref, arch string) string {
	t.Helper()
	digest, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(digest, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Architecture != arch {
		t.Errorf("pulled an image for %s, want %s", config.Architecture, arch)
	}
	return sum(t, img)
}

func sum(t *testing.T, img v1.Image) string {
	t.Helper()
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}
