package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

// What can be wrong with an object or with the place it lives in.
var (
	ErrNotFound       = errors.New("object not found")
	ErrBucketNotFound = errors.New("bucket not found")
	ErrDenied         = errors.New("access denied")
	ErrExists         = errors.New("object exists already")
	ErrFull           = errors.New("no space left")
	ErrMismatch       = errors.New("content is not what was written")
	ErrBadKey         = errors.New("bad key")
)

// Error is what every store returns: what was tried, on which key, what kind
// of failure it was and what caused it.
type Error struct {
	Op        string // "put", "get", "stat", "list", "delete", "purge", "read", "verify"
	Key       string // key or prefix; "" where there is none
	Kind      error  // one of the sentinels, or nil
	Err       error  // the cause, or nil; its text has no URL and no credentials
	Transient bool   // the same call may succeed later
	Advice    string // what a person can do about it; "" if nothing is known
}

// maxKeyInError keeps an absurd key from flooding a log line.
const maxKeyInError = 256

// Error is `op "key": kind: cause`.
func (e *Error) Error() string {
	text := e.Op
	switch {
	case len(e.Key) > maxKeyInError:
		text += fmt.Sprintf(" %q...", e.Key[:maxKeyInError])
	case e.Key != "":
		text += fmt.Sprintf(" %q", e.Key)
	}
	if e.Kind != nil && (e.Err == nil || !strings.Contains(e.Err.Error(), e.Kind.Error())) {
		text += ": " + e.Kind.Error()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Permanent reports that the same call will not succeed later.
func (e *Error) Permanent() bool { return !e.Transient }

// Unwrap gives errors.Is and errors.As both the kind and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Hint is one line for a person: what to check or to change. It may be empty.
func (e *Error) Hint() string { return e.Advice }

// IsTransient reports whether the same call may succeed later: the network
// failed, the server had an error of its own or asked to slow down. Not found,
// denied, wrong bucket, exists, full, mismatch, a bad key and a canceled
// context are permanent. A deadline that passed is transient. nil is not.
func IsTransient(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Transient
	}
	return IsNetwork(err)
}

// IsNetwork reports whether err is a failure of a connection: refused, reset,
// closed before its end, timed out, a name that did not resolve.
func IsNetwork(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var (
		op      *net.OpError
		dns     *net.DNSError
		timeout interface{ Timeout() bool }
	)
	// Not net.Error as such: every errno of a file system is one too.
	return errors.As(err, &op) || errors.As(err, &dns) ||
		errors.As(err, &timeout) && timeout.Timeout() ||
		errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.EPIPE)
}
