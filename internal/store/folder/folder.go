// Package folder is a store in a local folder: the object "a/b" is the file
// a/b below the root. It is the store of a laptop, and of any shared file
// system that has hard links and atomic renames.
//
// It promises what store.Store does, and that a Put which returned is on disk
// (file and folder entries synced), nothing outside the root is ever touched
// (symbolic links that lead out are refused), and a process killed in the
// middle leaves no half object.
//
// A write is staged in the folder ".tmp-put" below the root and then renamed,
// so the whole root must be one file system. What a killed process left there is
// removed by a later store's first Put, once it is a day old.
//
// It will not keep content types, versions or ETags, follow symbolic links in
// List, remove folders that became empty, or hold both "a" and "a/b": a file
// system cannot, and the second Put is an error. Where the file system ignores
// case, so do keys.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/trackscribe/trackscribe/internal/store"
)

// Options says where the folder is.
type Options struct {
	// Root is the folder's path; relative is relative to the working directory
	// of each call. It is created by the first Put. Required.
	Root string
}

// Store is one folder. It implements store.Store.
type Store struct {
	root  string
	sweep sync.Once
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Purger = (*Store)(nil)
)

// New checks the options and touches nothing.
func New(opt Options) (*Store, error) {
	if opt.Root == "" || strings.ContainsRune(opt.Root, 0) {
		return nil, errors.New("open folder store: the root is empty or has a NUL")
	}
	return &Store{root: filepath.Clean(opt.Root)}, nil
}

// URL is the root's path.
func (s *Store) URL() string { return s.root }

// open gives the root and the key's name in it. The caller closes the root. A
// root that is not there wraps fs.ErrNotExist.
func (s *Store) open(ctx context.Context, key string) (*os.Root, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if err := store.ValidateKey(key); err != nil {
		return nil, "", err
	}
	name, err := filepath.Localize(key)
	if err != nil {
		return nil, "", fmt.Errorf("%w: this system has no such file name", store.ErrBadKey)
	}
	root, err := s.openRoot()
	return root, name, err
}

func (s *Store) openRoot() (*os.Root, error) {
	root, err := os.OpenRoot(s.root)
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, errors.New("the store's root is not a folder")
	}
	return root, err
}

// Get opens the file.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	f, info, err := s.openFile(ctx, key)
	if err != nil {
		return nil, store.Info{}, fail("get", key, err)
	}
	return &body{ctx: ctx, key: key, r: f, c: f}, info, nil
}

// GetRange opens the file at an offset.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 {
		return nil, fail("get", key, fmt.Errorf("offset %d is negative", offset))
	}
	f, info, err := s.openFile(ctx, key)
	if err != nil {
		return nil, fail("get", key, err)
	}
	if rest := max(info.Size-offset, 0); length < 0 || length > rest {
		length = rest
	}
	return &body{ctx: ctx, key: key, r: io.NewSectionReader(f, offset, length), c: f}, nil
}

func (s *Store) openFile(ctx context.Context, key string) (*os.File, store.Info, error) {
	root, name, err := s.open(ctx, key)
	if err != nil {
		return nil, store.Info{}, err
	}
	defer root.Close()
	// Look before opening: opening a pipe would wait for its writer.
	if err := regular(root, name); err != nil {
		return nil, store.Info{}, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, store.Info{}, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, store.Info{}, err
	}
	return f, store.Info{Key: key, Size: fi.Size()}, nil
}

// regular says that a name is a file; anything else is no object.
func regular(root *os.Root, name string) error {
	fi, err := root.Stat(name)
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	return err
}

// Stat looks at the file.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	root, name, err := s.open(ctx, key)
	if err != nil {
		return store.Info{}, fail("stat", key, err)
	}
	defer root.Close()
	fi, err := root.Stat(name)
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return store.Info{}, fail("stat", key, err)
	}
	return store.Info{Key: key, Size: fi.Size()}, nil
}

// Delete removes the file and syncs its folder.
func (s *Store) Delete(ctx context.Context, key string) error {
	root, name, err := s.open(ctx, key)
	if err == nil {
		defer root.Close()
		if err = regular(root, name); err == nil {
			err = root.Remove(name)
		}
		if err == nil {
			err = syncDir(root, filepath.Dir(name))
		}
	}
	if err != nil && !absent(err) {
		return fail("delete", key, err)
	}
	return nil
}

// body is a file that stops when its context is done and names its key.
type body struct {
	ctx context.Context
	key string
	r   io.Reader
	c   io.Closer
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, fail("read", b.key, err)
	}
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = fail("read", b.key, err)
	}
	return n, err
}

func (b *body) Close() error { return b.c.Close() }
