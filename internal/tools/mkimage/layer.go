package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/trackscribe/trackscribe/images"
)

// pack makes a layer of an image. Its files are as old as the epoch and not as
// the commit: a layer in which nothing changed keeps its digest over releases,
// and nobody fetches it again.
func (b *builder) pack(l images.Layer) (mutate.Addendum, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return mutate.Addendum{}, err
	}
	if err := errors.Join(writeTar(z, l.Files), z.Close()); err != nil {
		return mutate.Addendum{}, fmt.Errorf("pack layer %s: %w", l.Name, err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return mutate.Addendum{}, fmt.Errorf("pack layer %s: %w", l.Name, err)
	}
	return mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: b.created}, CreatedBy: "mkimage", Comment: l.Name},
	}, nil
}

// writeTar writes the files sorted by path, so that a folder comes before what
// is in it.
func writeTar(w io.Writer, files []images.File) error {
	t := tar.NewWriter(w)
	sorted := slices.SortedFunc(slices.Values(files), func(a, b images.File) int { return cmp.Compare(a.Path, b.Path) })
	for _, f := range sorted {
		h := &tar.Header{
			Name: strings.TrimPrefix(f.Path, "/"), Typeflag: tar.TypeReg,
			Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data)),
			ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
		}
		if f.Mode.IsDir() {
			h.Name, h.Typeflag = h.Name+"/", tar.TypeDir
		}
		if f.Mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.Data); err != nil {
			return err
		}
	}
	return t.Close()
}

// files writes what an image holds into a folder per layer, for a Dockerfile
// to copy.
func (b *builder) files(ctx context.Context) error {
	if len(b.images) != 1 || len(b.archs) != 1 {
		return fmt.Errorf("files are of one -image and one -arch; %w", errUsage)
	}
	im := b.images[0]
	layers, err := b.shared(ctx, im)
	if err != nil {
		return err
	}
	binary, err := b.program(ctx, im, b.archs[0])
	if err != nil {
		return err
	}
	for _, l := range append(layers, im.ProgramLayer(binary)) {
		dir := filepath.Join(b.out, l.Name)
		if err := writeFiles(dir, l.Files); err != nil {
			return fmt.Errorf("write files of layer %s: %w", l.Name, err)
		}
		fmt.Fprintln(b.stdout, dir)
	}
	return nil
}

func writeFiles(dir string, files []images.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		var err error
		if f.Mode.IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, f.Data, 0o644)
		}
		// The user's umask has no say in an image.
		if err := errors.Join(err, os.Chmod(path, f.Mode)); err != nil {
			return err
		}
	}
	return nil
}
