// Package digest watches the bytes that a store reads from its caller: it
// counts and hashes them, stops when the context is done, and remembers
// whether it was the source that failed. It buffers nothing.
package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// Reader passes a source through. It is for one goroutine at a time; read its
// results after the last Read has returned.
type Reader struct {
	ctx  context.Context
	src  io.Reader
	sum  hash.Hash
	size int64
	err  error
}

// NewReader reads from src until ctx is done.
func NewReader(ctx context.Context, src io.Reader) *Reader {
	return &Reader{ctx: ctx, src: src, sum: sha256.New()}
}

// Read implements io.Reader. It deliberately hides every other method of the
// source: a Seek or WriteTo would go around the hash.
func (r *Reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.src.Read(p)
	r.sum.Write(p[:n])
	r.size += int64(n)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// Err is the source's own error, nil at io.EOF.
func (r *Reader) Err() error { return r.err }

// Size is the number of bytes read so far.
func (r *Reader) Size() int64 { return r.size }

// SHA256 is the digest of the bytes read so far, in lower-case hex.
func (r *Reader) SHA256() string { return hex.EncodeToString(r.sum.Sum(nil)) }
