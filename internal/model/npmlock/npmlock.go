// Package npmlock holds the pinned list of model weights that Trackscribe can
// fetch: an npm manifest and its lock, which names one package by version and
// content hash. It has no weights in it and fetches nothing itself; that is
// internal/model's work.
//
// The lock leaves out the JavaScript dependencies of the package on purpose.
// Only its weights are used, so npm installs this one package and nothing
// else.
package npmlock

import _ "embed" // the manifest and the lock travel in the binary

// The npm package that carries the weights.
const (
	Package = "@moonshine-ai/moonshine-js"
	Version = "0.1.29"
)

//go:embed package.json
var manifest string

//go:embed package-lock.json
var lock string

// Manifest returns package.json.
func Manifest() []byte { return []byte(manifest) }

// Lock returns package-lock.json.
func Lock() []byte { return []byte(lock) }
