package folder

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/trackscribe/trackscribe/internal/store"
)

// absent covers a missing name and a missing folder on the way to it, be it
// that something else has the folder's name.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// fail gives an error its kind, its hint, and whether another try may help. A
// file system seldom heals by itself: only a source that says so, a network
// file system that lost its server and an interrupted call are transient.
func fail(op, key string, err error) error {
	e := &store.Error{Op: op, Key: key, Err: err, Transient: store.IsTransient(err)}
	var source *sourceError
	switch {
	case errors.As(err, &source):
		// Whatever it is, it says nothing about this folder.
		e.Err = source.error
	case errors.Is(err, store.ErrBadKey), errors.Is(err, store.ErrExists):
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Kind, e.Err = store.ErrDenied, cause(err)
		e.Advice = "the user that runs this must be able to read and write the store's folder, on a file system with hard links"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Kind, e.Err = store.ErrFull, cause(err)
		e.Advice = "free space on the disk, raise the quota, or put the store elsewhere"
	case errors.Is(err, syscall.EXDEV):
		e.Err = cause(err)
		e.Advice = "everything below the store's folder must be on one file system"
	case op == "put" && (errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) || errors.Is(err, fs.ErrExist)):
		e.Err = cause(err)
		e.Advice = "a file and a folder cannot have the same name: one key is the beginning of another"
	case op != "put" && absent(err):
		e.Kind, e.Err = store.ErrNotFound, nil
	case errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EIO):
		e.Err, e.Transient = cause(err), true
	}
	return e
}

// sourceError marks what the reader given to Put returned.
type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }

// cause drops the paths, which the key says better: only the reason is left.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}

// syncDir makes the entries of a folder durable. Some file systems cannot sync
// a folder and say so; there is nothing better to do there.
func syncDir(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
