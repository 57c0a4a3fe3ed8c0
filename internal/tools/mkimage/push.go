package main

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// push puts each image with all its architectures into a registry, with the
// credentials that `docker login` and its kin have stored, and prints the
// reference by digest.
func (b *builder) push(ctx context.Context) error {
	for _, im := range b.images {
		ref, err := b.reference(im)
		if err != nil {
			return err
		}
		built, err := b.build(ctx, im)
		if err != nil {
			return err
		}
		index, err := join(built)
		if err != nil {
			return fmt.Errorf("join architectures of image %s: %w", im.Name, err)
		}
		digest, err := index.Digest()
		if err != nil {
			return err
		}
		fmt.Fprintf(b.stderr, "push %s\n", full(ref))
		if err := remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("push %s: %w", full(ref), err)
		}
		fmt.Fprintf(b.stdout, "%s@%s\n", full(ref), digest)
	}
	return nil
}

// join makes one image for several architectures out of one for each.
func join(built []v1.Image) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, img := range built {
		config, err := img.ConfigFile()
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: config.Platform()}})
	}
	return index, nil
}
