// Package store says what the runner asks of the place where bytes live: a
// flat set of objects under slash-separated keys, written whole or not at all.
//
// It promises one interface, one set of errors, one rule for keys, and a
// conformance suite (storetest) that every store passes; a store is a local
// folder (package folder) or any S3-compatible server (package s3), and
// package open picks one from a location. It knows no cloud SDK.
//
// It will not cache, append, lock, expire objects or retry: a
// store does what one call needs and reports the rest with [IsTransient], so
// that the policy in the graph stays the only one.
package store

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store keeps objects. All methods may be called at the same time from many
// goroutines, and every one checks its key first (see [ValidateKey]).
//
// Errors are of type [*Error] and wrap one of this package's sentinels where
// one applies. A canceled context surfaces as [context.Canceled].
type Store interface {
	// Put streams r to key until io.EOF. A reader of the key sees the old
	// object, none, or the whole new one, never a part; when r fails or ctx is
	// done nothing changes. The result has the size and the SHA-256 of what was
	// read from r. The size need not be known, and r is not closed. ctx is looked
	// at between reads: a Read of r that hangs is for its owner to end.
	//
	// Errors: ErrExists (only with IfAbsent), ErrDenied, ErrFull,
	// ErrBucketNotFound, ErrBadKey; an error of r is wrapped.
	Put(ctx context.Context, key string, r io.Reader, opt PutOptions) (Info, error)

	// Get opens an object for streaming. The caller closes it. A connection
	// that breaks is an error of Read, never an early io.EOF. ctx must stay
	// alive until the last Read.
	//
	// Errors: ErrNotFound, ErrBucketNotFound, ErrDenied, ErrBadKey.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)

	// GetRange is Get for length bytes from offset; a negative length means to
	// the end. A range that reaches past the end is cut there, so one that
	// starts there reads nothing. A negative offset is an error.
	GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)

	// Stat describes an object without reading it. Errors as for Get.
	Stat(ctx context.Context, key string) (Info, error)

	// List yields every object whose key begins with prefix, in the byte order
	// of the keys, whatever their number. The prefix is a plain string: "a/b"
	// finds "a/b", "a/bc" and "a/b/c"; "" finds everything. What was not
	// written under a valid key is left out. The first error ends the sequence.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Folders yields the distinct names that follow prefix in the keys, up to
	// the next slash, in no particular order: with "a/b/c" and "a/d/e", prefix "a/" gives
	// "b" and "d". Objects right under the prefix have no folder. It costs by
	// the number of folders, not of what is in them. The prefix is empty or ends
	// with a slash.
	Folders(ctx context.Context, prefix string) iter.Seq2[string, error]

	// Delete removes an object; one that is absent is no error.
	Delete(ctx context.Context, key string) error

	// URL says where the store lives, for people: "s3://bucket/prefix" or a
	// folder's path. It never has credentials.
	URL() string
}

// A Purger can forget. Where a bucket keeps versions, Delete only puts a mark
// over what is there; a store that is a Purger removes what lies beneath too.
// Every store here is one; it is an interface of its own because few need it.
type Purger interface {
	// Purge removes an object for good: all its versions, its marks of deletion
	// and its unfinished uploads. One that is absent is no error. When it is cut
	// short, the same call goes on.
	//
	// Errors: ErrDenied, ErrBucketNotFound, ErrBadKey.
	Purge(ctx context.Context, key string) error

	// Remains yields each key under the prefix of which Purge would remove
	// something, in no particular order: those that List yields, and those of
	// which only former versions, marks of deletion or unfinished uploads are
	// left. The first error ends the sequence.
	Remains(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// PutOptions says how to write one object. The zero value overwrites.
type PutOptions struct {
	// ContentType is the media type that a browser is told. Empty leaves it to
	// the store; a folder has no place for it.
	ContentType string

	// IfAbsent creates the object only if the key has none: of many writers at
	// once exactly one gets no error and the others get ErrExists.
	//
	// When the answer of a server is lost and the request is sent again, the
	// writer that won may be told ErrExists too. So look at the object that is
	// there before treating ErrExists as somebody else's.
	IfAbsent bool
}

// Info describes one version of one object.
type Info struct {
	Key     string // as given to Put, without the store's own prefix
	Size    int64  // bytes
	SHA256  string // lower-case hex; only from Put and the JSON helpers, else ""
	ETag    string // identity of the content's version at an S3 server, without quotes; "" in a folder
	Version string // S3 version id where the bucket keeps versions, else ""
}

// A Presigner is a store whose objects others can read without credentials.
type Presigner interface {
	// Presign returns an address under which anybody can read the object for
	// as long as life. The address is a secret.
	Presign(ctx context.Context, key string, life time.Duration) (string, error)
}
