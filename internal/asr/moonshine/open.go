// Package moonshine recognises English speech with the model Moonshine-tiny-en,
// in this process and on the CPU: no server, no other library, no GPU.
//
// Open reads the two ONNX files of the npm package @moonshine-ai/moonshine-js
// (MIT licence), which a model folder holds (package model pins them). Transcribe then turns a stream of samples into words with times,
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
	"github.com/trackscribe/trackscribe/internal/asr/kernel"
	"github.com/trackscribe/trackscribe/internal/asr/onnx"
	"github.com/trackscribe/trackscribe/internal/model"
)

// Options change how a model works, not what it is. The zero value works.
type Options struct {
	// Workers is how many segments are recognised at the same time; 0 means 1.
	// The result does not depend on it. Each worker takes about 35 MB.
	Workers int
	// Kernels does the arithmetic; nil means the fastest that the CPU runs.
	Kernels *kernel.Kernels
}

// Open loads the model from a folder. A file that is missing or not the pinned
// one is a [*model.Error].
func Open(dir string, opts Options) (*Model, error) {
	files := model.Files()
	enc, err := model.Read(dir, files[0])
	if err != nil {
		return nil, err
	}
	dec, err := model.Read(dir, files[1])
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

// load builds the model from its files' bytes, which need not be the pinned
// ones: every shape is checked.
func load(enc, dec []byte) (*Model, error) {
	files := model.Files()
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
			return nil, &model.Error{Path: files[i].Name, Err: model.ErrCorrupt, Detail: err.Error()}
		}
	}
	var err error
	if m.vocab, err = vocabulary(); err != nil {
		return nil, err
	}
	return m, nil
}
