package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/internal/digest"
)

const (
	staging  = store.TempPrefix + "put" // unfinished writes, below the root
	stale    = 24 * time.Hour           // age at which an unfinished write is surely dead
	copySize = 256 << 10                // bytes of memory per Put
)

// Put writes a file in the staging folder, syncs it and renames it into place.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, opt store.PutOptions) (store.Info, error) {
	info, err := s.put(ctx, key, r, opt)
	if err != nil {
		return store.Info{}, fail("put", key, err)
	}
	return info, nil
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, opt store.PutOptions) (store.Info, error) {
	var info store.Info
	root, name, err := s.open(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(s.root, 0o755); err != nil {
			return info, err
		}
		root, name, err = s.open(ctx, key)
	}
	if err != nil {
		return info, err
	}
	defer root.Close()
	if opt.IfAbsent {
		// Only to spare the copy: the link below is what decides.
		if err := regular(root, name); err == nil {
			return info, store.ErrExists
		}
	}

	temp, f, err := stage(root)
	if err != nil {
		return info, err
	}
	defer func() {
		f.Close()
		// After a rename nothing is left; what cannot be removed is swept later.
		_ = root.Remove(temp)
	}()
	s.sweep.Do(func() { sweep(root, f) })

	src := digest.NewReader(ctx, r)
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, src, make([]byte, copySize))
	if src.Err() != nil {
		return info, &sourceError{src.Err()}
	}
	if err != nil {
		return info, err
	}
	if err := f.Sync(); err != nil {
		return info, err
	}
	if err := f.Close(); err != nil {
		return info, err
	}
	if err := publish(root, temp, name, opt.IfAbsent); err != nil {
		return info, err
	}
	return store.Info{Key: key, Size: src.Size(), SHA256: src.SHA256()}, nil
}

// stage creates an empty file that no other Put uses.
func stage(root *os.Root) (string, *os.File, error) {
	if err := root.Mkdir(staging, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", nil, err
	}
	temp := filepath.Join(staging, rand.Text())
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	return temp, f, err
}

// publish gives the finished file its name, and syncs every folder that got a
// new entry by it.
func publish(root *os.Root, temp, name string, ifAbsent bool) error {
	dir := filepath.Dir(name)
	_, statErr := root.Stat(dir)
	if statErr != nil {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if ifAbsent {
		// A link, unlike a rename, never replaces what is there.
		if err := root.Link(temp, name); err != nil {
			if errors.Is(err, fs.ErrExist) && regular(root, name) == nil {
				return store.ErrExists
			}
			return err
		}
	} else if err := root.Rename(temp, name); err != nil {
		return err
	}
	for {
		if err := syncDir(root, dir); err != nil {
			return err
		}
		if statErr == nil || dir == "." {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// sweep removes what killed processes left in the staging folder. The file
// system's own clock decides, by way of the file just created in it: on a
// network share this machine's clock may differ. Errors are left for the next
// sweep.
func sweep(root *os.Root, newest *os.File) {
	now, err := newest.Stat()
	if err != nil {
		return
	}
	dir, err := root.Open(staging)
	if err != nil {
		return
	}
	defer dir.Close()
	entries, _ := dir.ReadDir(-1)
	for _, e := range entries {
		fi, err := e.Info()
		if err == nil && now.ModTime().Sub(fi.ModTime()) > stale {
			_ = root.Remove(filepath.Join(staging, e.Name()))
		}
	}
}
