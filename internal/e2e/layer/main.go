// Command layer puts files on top of an image and writes the result as an
// archive that `ctr images import` reads. A file comes from the machine, or from
// the image itself when its source begins with "image:".
//
//	layer -image step.tar -tag docker.io/library/x:e2e -o x.tar /step.real=image:/step /step=./standin
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	if err := layer(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "layer:", err)
		os.Exit(1)
	}
}

func layer(args []string) error {
	f := flag.NewFlagSet("layer", flag.ContinueOnError)
	archive := f.String("image", "", "archive of the image underneath")
	tag := f.String("tag", "", "name of the result")
	out := f.String("o", "", "archive to write")
	if err := f.Parse(args); err != nil {
		return err
	}
	ref, err := name.NewTag(*tag)
	if err != nil {
		return err
	}
	img, err := tarball.ImageFromPath(*archive, nil)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, arg := range f.Args() {
		to, from, _ := strings.Cut(arg, "=")
		b, err := content(img, from)
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(to, "/"), Mode: 0o755, Size: int64(len(b)), Typeflag: tar.TypeReg})
		}
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			return fmt.Errorf("add %s: %w", arg, err)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	top, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return err
	}
	if img, err = mutate.AppendLayers(img, top); err != nil {
		return err
	}
	return tarball.WriteToFile(*out, ref, img)
}

func content(img v1.Image, from string) ([]byte, error) {
	path, inside := strings.CutPrefix(from, "image:/")
	if !inside {
		return os.ReadFile(from)
	}
	all := mutate.Extract(img)
	defer all.Close()
	for r := tar.NewReader(all); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("no file %q in the image", path)
		}
		if err != nil {
			return nil, err
		}
		if strings.TrimPrefix(h.Name, "/") == path {
			return io.ReadAll(r)
		}
	}
}
