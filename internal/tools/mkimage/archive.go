package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/trackscribe/trackscribe/images"
)

// archives writes one archive per image and architecture: what a node or an
// engine loads is for its own architecture.
func (b *builder) archives(ctx context.Context) error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return fmt.Errorf("make folder of archives: %w", err)
	}
	for _, im := range b.images {
		ref, err := b.reference(im)
		if err != nil {
			return err
		}
		built, err := b.build(ctx, im)
		if err != nil {
			return err
		}
		for i, img := range built {
			path := filepath.Join(b.out, im.Name+"-"+b.archs[i]+".tar")
			if err := writeFile(path, img, ref); err != nil {
				return fmt.Errorf("write archive %q: %w", path, err)
			}
			digest, err := img.Digest()
			if err != nil {
				return err
			}
			fmt.Fprintf(b.stdout, "%s\t%s@%s\n", path, full(ref), digest)
		}
	}
	return nil
}

// writeFile writes the archive beside its place and renames it.
func writeFile(path string, img v1.Image, ref name.Tag) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".archive-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	if err := errors.Join(writeArchive(f, img, ref), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// full is a reference as clusters write it, with nothing left to guess.
func full(ref name.Tag) string {
	registry := ref.RegistryStr()
	if registry == name.DefaultRegistry {
		registry = "docker.io"
	}
	return registry + "/" + ref.RepositoryStr() + ":" + ref.TagStr()
}

// writeArchive writes an image as an OCI layout in a tar: what containerd
// (`ctr images import`, `kind load image-archive`), Podman and Skopeo read.
// Beside the layout lies the manifest.json that `docker load` looks for, which
// points to the same blobs.
//
// Layout: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func writeArchive(w io.Writer, img v1.Image, ref name.Tag) error {
	desc, err := partial.Descriptor(img)
	if err != nil {
		return err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	blobs, err := contents(img)
	if err != nil {
		return err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	desc.Platform = config.Platform()
	desc.Annotations = map[string]string{
		"io.containerd.image.name":          full(ref), // what containerd calls it
		"org.opencontainers.image.ref.name": ref.TagStr(),
	}
	layers := []string{}
	for _, l := range manifest.Layers {
		layers = append(layers, blobPath(l.Digest))
	}
	files := []images.File{
		jsonFile("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}),
		jsonFile("index.json", v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{*desc}}),
		jsonFile("manifest.json", []map[string]any{{
			"Config": blobPath(manifest.Config.Digest), "RepoTags": []string{full(ref)}, "Layers": layers,
		}}),
	}
	return writeTar(w, append(files, blobs...))
}

// contents returns all that an image consists of.
func contents(img v1.Image) ([]images.File, error) {
	manifest, err := img.RawManifest()
	if err != nil {
		return nil, err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	blobs := [][]byte{manifest, config}
	for _, l := range layers {
		r, err := l.Compressed()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		blobs = append(blobs, b)
	}
	var files []images.File
	for _, b := range blobs {
		digest, _, err := v1.SHA256(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		files = append(files, images.File{Path: blobPath(digest), Mode: 0o644, Data: b})
	}
	return files, nil
}

func blobPath(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// jsonFile is a file of an archive. What is written here always has a JSON
// form.
func jsonFile(path string, v any) images.File {
	b, _ := json.Marshal(v)
	return images.File{Path: path, Mode: 0o644, Data: b}
}
