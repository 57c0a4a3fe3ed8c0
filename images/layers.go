package images

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/steps"
)

// BaseLayer is the layer under every image's program: a user, the authorities
// that sign certificates, and folders that can be written where the root file
// system can. There is no shell.
func BaseLayer() Layer {
	const (
		folder = fs.ModeDir | 0o755
		open   = fs.ModeDir | fs.ModeSticky | 0o777
	)
	return Layer{Name: "base", Files: []File{
		{"/etc", folder, nil},
		{"/etc/group", 0o644, fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", UID)},
		{"/etc/passwd", 0o644, fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%d:%d:nonroot:/:/sbin/nologin\n", UID, UID)},
		{"/etc/ssl", folder, nil},
		{"/etc/ssl/certs", folder, nil},
		{"/etc/ssl/certs/ca-certificates.crt", 0o644, authorities()},
		{Scratch, open, nil},
		{"/tmp", open, nil},
	}}
}

// authorities are Mozilla's root certificates, from a Go module and not from
// the machine that builds, so that they are the same everywhere.
func authorities() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		// Trusted only for certificates from before some day, which this
		// file has no way to say.
		if root.Constraint != nil {
			continue
		}
		// Only headers can make Encode fail on a buffer, and there are none.
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
	}
	return b.Bytes()
}

// The licence comes with the weights, from the same pinned package, but
// [model.Check] does not look at it.
const modelLicense = "37fc5d9a86547a0dd64a07cff439ba2a6b79cc8f6555a05121fed32866591159"

// ModelLayer is the layer of the speech model, read from its folder, with its
// licence beside it.
func ModelLayer(dir string) (Layer, error) {
	layer := Layer{Name: "model", Files: []File{{ModelDir, fs.ModeDir | 0o755, nil}}}
	license, err := os.ReadFile(filepath.Join(dir, model.License))
	if err != nil {
		return Layer{}, fmt.Errorf("read the speech model's licence: %w", err)
	}
	if sum := sha256.Sum256(license); hex.EncodeToString(sum[:]) != modelLicense {
		return Layer{}, steps.Wrong("remove the folder and fetch the model again: make model",
			"the licence in %q is not the one of the pinned speech model", dir)
	}
	layer.Files = append(layer.Files, File{ModelDir + "/" + model.License, 0o644, license})
	for _, f := range model.Files() {
		weights, err := model.Read(dir, f)
		if err != nil {
			return Layer{}, err
		}
		layer.Files = append(layer.Files, File{ModelDir + "/" + f.Name, 0o644, weights})
	}
	return layer, nil
}
