package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
)

// A full disk and the like cannot be had in a test; their mapping can.
func TestFail(t *testing.T) {
	t.Parallel()
	at := func(errno syscall.Errno) error { return &fs.PathError{Op: "write", Path: "/secret/place", Err: errno} }
	link := &os.LinkError{Op: "link", Old: "/secret/a", New: "/secret/b", Err: syscall.EPERM}
	for _, test := range []struct {
		op        string
		err       error
		kind      error
		transient bool
		hint      string
	}{
		{"put", at(syscall.ENOSPC), store.ErrFull, false, "free space"},
		{"put", at(syscall.EDQUOT), store.ErrFull, false, "quota"},
		{"put", at(syscall.EACCES), store.ErrDenied, false, "read and write"},
		{"put", at(syscall.EROFS), store.ErrDenied, false, "write"},
		{"put", link, store.ErrDenied, false, "hard links"},
		{"put", at(syscall.EXDEV), nil, false, "one file system"},
		{"put", at(syscall.ENOENT), nil, false, ""}, // the staging folder was removed
		{"put", &sourceError{at(syscall.ENOSPC)}, nil, false, ""},
		{"put", &sourceError{io.ErrUnexpectedEOF}, nil, true, ""},
		{"get", at(syscall.ENOENT), store.ErrNotFound, false, ""},
		{"get", at(syscall.ENOTDIR), store.ErrNotFound, false, ""},
		{"get", at(syscall.ESTALE), nil, true, ""},
		{"read", at(syscall.EIO), nil, true, ""},
		{"get", context.Canceled, nil, false, ""},
		{"get", context.DeadlineExceeded, nil, true, ""},
	} {
		err := fail(test.op, "key", test.err)
		var e *store.Error
		if !errors.As(err, &e) {
			t.Fatalf("%v is no *store.Error", err)
		}
		if e.Kind != test.kind || e.Transient != test.transient || !strings.Contains(e.Hint(), test.hint) {
			t.Errorf("%s, %v: kind %v, transient %t, hint %q; want %v, %t, %q in it",
				test.op, test.err, e.Kind, e.Transient, e.Hint(), test.kind, test.transient, test.hint)
		}
		if test.kind != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("error %q has the path in it", err)
		}
	}
}
