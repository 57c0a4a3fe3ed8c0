package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/images"
)

// stub is a builder whose programs and model are a few bytes.
func stub(t *testing.T, which ...images.Image) *builder {
	t.Helper()
	return &builder{
		options: options{
			images: which, archs: []string{"amd64", "arm64"},
			repo: "registry.test/team/trackscribe", version: "v1.2.3", revision: "c0ffee",
			out: t.TempDir(), created: time.Unix(1_764_000_000, 0).UTC(),
		},
		compile: func(_ context.Context, im images.Image, arch string) ([]byte, error) {
			return []byte(im.Name + " for " + arch), nil
		},
		model: func(context.Context) (images.Layer, error) {
			return images.Layer{Name: "model", Files: []images.File{
				{Path: "/model", Mode: os.ModeDir | 0o755},
				{Path: "/model/weights", Mode: 0o644, Data: []byte("heavy")},
			}}, nil
		},
		stdout: io.Discard,
		stderr: io.Discard,
	}
}

func image(t *testing.T, name string) images.Image {
	t.Helper()
	for _, im := range images.All() {
		if im.Name == name {
			return im
		}
	}
	t.Fatalf("no image %q", name)
	return images.Image{}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpack writes the regular files and folders of a tar under dir.
func unpack(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			var b bytes.Buffer
			_, err = b.ReadFrom(in)
			err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b.Bytes(), 0o644))
		}
		if err := errors.Join(err, os.Chmod(path, h.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
	}
}

// listing says of every entry of a tar all that could give a host away.
func listing(t *testing.T, r io.Reader) []string {
	t.Helper()
	var list []string
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		owner := "root"
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" {
			owner = "somebody"
		}
		list = append(list, strings.Join([]string{h.FileInfo().Mode().String(), owner, h.ModTime.UTC().Format(time.DateOnly), h.Name}, " "))
	}
}
