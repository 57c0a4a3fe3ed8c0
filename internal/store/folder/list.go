package folder

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/store"
)

// List walks the folders that can hold the prefix. One folder's entries are in
// memory at a time, per level.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := store.ValidatePrefix(prefix); err != nil {
			yield(store.Info{}, fail("list", prefix, err))
			return
		}
		root, err := s.openRoot()
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(store.Info{}, fail("list", prefix, err))
			return
		}
		defer root.Close()
		l := lister{ctx: ctx, fs: root.FS(), prefix: prefix, yield: yield}
		start := "."
		if i := strings.LastIndexByte(prefix, '/'); i > 0 {
			start = prefix[:i]
		}
		l.walk(start)
	}
}

// Folders reads one folder.
func (s *Store) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := store.ValidateFolder(prefix); err != nil {
			yield("", fail("list", prefix, err))
			return
		}
		root, err := s.openRoot()
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield("", fail("list", prefix, err))
			return
		}
		defer root.Close()
		entries, err := fs.ReadDir(root.FS(), path.Clean("./"+prefix))
		if absent(err) {
			return
		}
		if err != nil {
			yield("", fail("list", prefix, err))
			return
		}
		for _, e := range entries { // sorted by name
			if err := ctx.Err(); err != nil {
				yield("", fail("list", prefix, err))
				return
			}
			if !e.IsDir() || store.ValidateKey(prefix+e.Name()) != nil {
				continue
			}
			// An empty folder is none: keys make folders, not the other way round.
			full, err := holds(root.FS(), path.Join(prefix, e.Name()))
			if err != nil {
				yield("", fail("list", prefix, err))
				return
			}
			if full && !yield(e.Name(), nil) {
				return
			}
		}
	}
}

// holds reports whether some file lies in the folder, however deep.
func holds(fsys fs.FS, dir string) (bool, error) {
	found := false
	err := fs.WalkDir(fsys, dir, func(_ string, e fs.DirEntry, err error) error {
		switch {
		case absent(err):
			return nil
		case err != nil:
			return err
		case e.Type().IsRegular():
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found, err
}

type lister struct {
	ctx    context.Context
	fs     fs.FS
	prefix string
	yield  func(store.Info, error) bool
}

// walk yields what is below dir and reports whether to go on.
func (l *lister) walk(dir string) bool {
	if err := l.ctx.Err(); err != nil {
		l.yield(store.Info{}, fail("list", l.prefix, err))
		return false
	}
	entries, err := fs.ReadDir(l.fs, dir)
	if absent(err) {
		return true // deleted meanwhile, or the prefix's folder does not exist
	}
	if err != nil {
		l.yield(store.Info{}, fail("list", l.prefix, err))
		return false
	}
	// The order of keys, not of names: "a.b" comes before "a/b".
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	for _, e := range entries {
		if !l.visit(path.Join(dir, e.Name()), e) {
			return false
		}
	}
	return true
}

func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

func (l *lister) visit(key string, e fs.DirEntry) bool {
	if store.ValidateKey(key) != nil {
		return true // staging, or a name that no Put wrote
	}
	if e.IsDir() {
		below := key + "/"
		if strings.HasPrefix(below, l.prefix) || strings.HasPrefix(l.prefix, below) {
			return l.walk(key)
		}
		return true
	}
	if !e.Type().IsRegular() || !strings.HasPrefix(key, l.prefix) {
		return true
	}
	fi, err := e.Info()
	if absent(err) {
		return true
	}
	if err != nil {
		l.yield(store.Info{}, fail("list", l.prefix, err))
		return false
	}
	return l.yield(store.Info{Key: key, Size: fi.Size()}, nil)
}
