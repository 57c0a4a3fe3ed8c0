// Package moonshine recognises English speech with the model Moonshine-tiny-en,
// in this process and on the CPU: no server, no other library, no GPU.
//
// Open reads the two ONNX files of the npm package @moonshine-ai/moonshine-js
// (MIT licence), which a model folder holds, and checks them against pinned
// checksums. Transcribe then turns a stream of samples into words with times,
// probabilities and levels. Segmentation (package vad) and loudness
// normalisation are part of it: the model loses text in stretches longer than
// about twelve seconds and in quiet ones.
//
// It promises the same words, to the last bit of their times, for the same
// samples on one machine, however many Workers there are. CPUs with other
// vector instructions round differently, which now and then changes a word.
//
// It will not recognise other languages, tell speakers apart or spell out
// strings of digits well; and it does not download anything.
package moonshine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trackscribe/trackscribe/internal/asr/kernel"
	"github.com/trackscribe/trackscribe/internal/asr/onnx"
)

// File is one file of a model folder.
type File struct {
	Name   string
	Size   int64
	SHA256 string // lower-case hex
}

// Files returns what a model folder must hold: the encoder and the decoder from
// dist/model/tiny/quantized of @moonshine-ai/moonshine-js 0.1.29.
func Files() []File {
	return []File{
		{"encoder_model.onnx", 7937661, "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a"},
		{"decoder_model_merged.onnx", 20243286, "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367"},
	}
}

// The kinds of an OpenError, for errors.Is.
var (
	ErrAbsent  = errors.New("speech model is absent")
	ErrCorrupt = errors.New("speech model is corrupt")
)

// OpenError says which file of the model folder is missing or wrong.
type OpenError struct {
	Kind error  // ErrAbsent, ErrCorrupt, or nil when the file cannot be read
	File string // base name
	Err  error  // what is wrong with it; may be nil
}

func (e *OpenError) Error() string {
	switch {
	case e.Kind == nil:
		return fmt.Sprintf("read speech model %q: %v", e.File, e.Err)
	case e.Err == nil:
		return fmt.Sprintf("%v: no file %q", e.Kind, e.File)
	}
	return fmt.Sprintf("%v: %q: %v", e.Kind, e.File, e.Err)
}

// Unwrap gives both the kind and the cause.
func (e *OpenError) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Hint says what the user can do about it; empty where nothing is known to
// help.
func (e *OpenError) Hint() string {
	switch e.Kind {
	case ErrAbsent:
		return "run: trackscribe model fetch"
	case ErrCorrupt:
		return "remove the model folder and run: trackscribe model fetch"
	}
	return ""
}

// Options change how a model works, not what it is. The zero value works.
type Options struct {
	// Workers is how many segments are recognised at the same time; 0 means 1.
	// The result does not depend on it. Each worker takes about 25 MB.
	Workers int
	// Kernels does the arithmetic; nil means the fastest that the CPU runs.
	Kernels *kernel.Kernels
}

// Open loads the model from a folder. Its errors are of type *OpenError.
func Open(dir string, opts Options) (*Model, error) {
	files := Files()
	enc, err := readFile(dir, files[0])
	if err != nil {
		return nil, err
	}
	dec, err := readFile(dir, files[1])
	if err != nil {
		return nil, err
	}
	m, err := load(enc, dec)
	if err != nil {
		return nil, err
	}
	m.kernels = opts.Kernels
	if m.kernels == nil {
		m.kernels = kernel.Best()
	}
	m.workers = max(1, opts.Workers)
	return m, nil
}

func readFile(dir string, f File) ([]byte, error) {
	path := filepath.Join(dir, f.Name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &OpenError{Kind: ErrAbsent, File: f.Name}
	case err != nil:
		return nil, &OpenError{File: f.Name, Err: err}
	case info.Size() != f.Size: // before reading what may be anything
		return nil, &OpenError{Kind: ErrCorrupt, File: f.Name, Err: fmt.Errorf("%d bytes instead of %d", info.Size(), f.Size)}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &OpenError{File: f.Name, Err: err}
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, &OpenError{Kind: ErrCorrupt, File: f.Name, Err: errors.New("wrong checksum")}
	}
	return b, nil
}

// load builds the model from its files' bytes, which need not be the pinned
// ones: every shape is checked.
func load(enc, dec []byte) (*Model, error) {
	files := Files()
	m := &Model{}
	for i, part := range []struct {
		data  []byte
		build func(*weights)
	}{{enc, m.buildEncoder}, {dec, m.buildDecoder}} {
		g, err := onnx.Parse(part.data)
		if err == nil {
			w := newWeights(g)
			part.build(w)
			err = w.err
		}
		if err != nil {
			return nil, &OpenError{Kind: ErrCorrupt, File: files[i].Name, Err: err}
		}
	}
	var err error
	if m.vocab, err = vocabulary(); err != nil {
		return nil, err
	}
	return m, nil
}
