// Package model knows which speech model Trackscribe uses, where it lies on
// this machine, whether the files there are the right ones, and how to fetch
// them.
//
// It promises that a folder which passes [Check] holds exactly the pinned
// bytes. It does not load or run the model, reads no environment and decides
// no cache folder: callers hand both in.
package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Name identifies the model and its version; it names the folder in the cache
// and is what a result says it was recognised with.
const Name = "moonshine-tiny-en-0.1.29"

// Names of the model's files in its folder.
const (
	Encoder = "encoder_model.onnx"
	Decoder = "decoder_model_merged.onnx"
	License = "LICENSE" // of the model, beside its weights
)

// A File is one pinned file of the model.
type File struct {
	Name   string
	Size   int64  // bytes
	SHA256 string // lower-case hex
}

// Files returns the weights that make up the model, in a fixed order.
func Files() []File {
	return []File{
		{Encoder, 7_937_661, "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a"},
		{Decoder, 20_243_286, "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367"},
	}
}

// Dir returns the model's folder: override when it is not empty, else the
// model's place under the user's cache folder.
func Dir(override, cacheDir string) string {
	if override != "" {
		return override
	}
	return filepath.Join(cacheDir, "trackscribe", "models", Name)
}

// What can be wrong with a model folder. Errors of [Check] match one of these.
var (
	ErrAbsent  = errors.New("not there")
	ErrCorrupt = errors.New("not the pinned file")
)

// An Error says which file of the model is missing or wrong.
type Error struct {
	Path   string
	Err    error // ErrAbsent or ErrCorrupt
	Detail string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("speech model %q: %v", e.Path, e.Err)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *Error) Hint() string { return "run: trackscribe model fetch" }

// Permanent says that trying again does not bring the file.
func (e *Error) Permanent() bool { return true }

// Check reports whether dir holds the model: every file there with its pinned
// size and sha256. A missing or wrong file is an [*Error]; other failures to
// read are returned as they are. It reads 28 MB, some 20 to 100 ms.
func Check(dir string) error { return check(dir, Files()) }

// Read returns a file of the model from its folder, checked as [Check] does.
func Read(dir string, f File) ([]byte, error) {
	path := filepath.Join(dir, f.Name)
	if err := checkFile(path, f); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read speech model: %w", err)
	}
	return b, nil
}

func check(dir string, files []File) error {
	for _, f := range files {
		if err := checkFile(filepath.Join(dir, f.Name), f); err != nil {
			return err
		}
	}
	return nil
}

func checkFile(path string, want File) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Path: path, Err: ErrAbsent}
	}
	if err != nil {
		return fmt.Errorf("open speech model: %w", err)
	}
	defer file.Close()
	// Size first: it costs nothing, and names the usual case, a download that
	// was cut off, better than a hash does.
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("stat speech model: %w", err)
	}
	if !info.Mode().IsRegular() {
		return &Error{Path: path, Err: ErrCorrupt, Detail: "not a regular file"}
	}
	if info.Size() != want.Size {
		return &Error{
			Path: path, Err: ErrCorrupt,
			Detail: fmt.Sprintf("%d bytes, want %d", info.Size(), want.Size),
		}
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("read speech model: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
		return &Error{
			Path: path, Err: ErrCorrupt,
			Detail: fmt.Sprintf("sha256 %s, want %s", got, want.SHA256),
		}
	}
	return nil
}
