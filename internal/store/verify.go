package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
)

// Verify returns rc with its content checked while it is read: the SHA-256 in
// hex if wantSHA256 is not empty, the size in bytes if wantSize is not
// negative. Where rc ends, Read gives io.EOF only if both are right, else an
// error that wraps ErrMismatch; more than wantSize bytes are refused as soon as
// they come. An error of rc passes through, so a broken connection stays
// transient. What was read before the end is unchecked: use it only after
// io.EOF. Closing early checks nothing.
func Verify(rc io.ReadCloser, wantSHA256 string, wantSize int64) io.ReadCloser {
	return &verifier{rc: rc, sum: sha256.New(), wantSHA256: wantSHA256, wantSize: wantSize}
}

type verifier struct {
	rc         io.ReadCloser
	sum        hash.Hash
	size       int64
	wantSHA256 string
	wantSize   int64
	err        error // the verdict, once there is one
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.rc.Read(p)
	v.sum.Write(p[:n])
	v.size += int64(n)
	switch {
	case v.wantSize >= 0 && v.size > v.wantSize:
		err = mismatch("more than the %d bytes written", v.wantSize)
	case err == io.EOF:
		err = v.verdict()
	}
	v.err = err
	return n, err
}

func (v *verifier) verdict() error {
	if v.wantSize >= 0 && v.size != v.wantSize {
		return mismatch("%d bytes instead of %d", v.size, v.wantSize)
	}
	if got := hex.EncodeToString(v.sum.Sum(nil)); v.wantSHA256 != "" && !strings.EqualFold(got, v.wantSHA256) {
		return mismatch("sha256 %s instead of %s", got, v.wantSHA256)
	}
	return io.EOF
}

func (v *verifier) Close() error { return v.rc.Close() }

func mismatch(format string, args ...any) error {
	return &Error{
		Op:     "verify",
		Kind:   ErrMismatch,
		Err:    fmt.Errorf(format, args...),
		Advice: "the object was changed or damaged after it was written; delete it, or refresh the step that wrote it",
	}
}
