package doctor

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
)

// limited is a store that does not do one thing.
type limited struct {
	store.Store
	not string
}

func (l limited) Put(ctx context.Context, key string, r io.Reader, opt store.PutOptions) (store.Info, error) {
	switch {
	case l.not == "write", l.not == "write in parts" && strings.HasSuffix(key, "large"):
		return store.Info{}, store.ErrDenied
	case l.not == "write in time" && strings.HasSuffix(key, "large"):
		<-ctx.Done()
		return store.Info{}, ctx.Err()
	case l.not == "write only what is absent":
		opt.IfAbsent = false
	}
	return l.Store.Put(ctx, key, r, opt)
}

func (l limited) Get(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	if l.not == "read" {
		return nil, store.Info{}, store.ErrDenied
	}
	return l.Store.Get(ctx, key)
}

func (l limited) Delete(ctx context.Context, key string) error {
	if l.not == "delete" || l.not == "write" {
		return store.ErrDenied
	}
	return l.Store.Delete(ctx, key)
}

func TestStorePermissionByPermission(t *testing.T) {
	t.Parallel()
	for not, c := range map[string]struct {
		say  string
		left int
	}{
		"":                          {"it can list, write, read", 0},
		"write":                     {"it cannot write: ", 0},
		"read":                      {"it cannot read: ", 0},
		"write only what is absent": {"it cannot write only what is absent: ", 0},
		"write in parts":            {"it cannot write in parts: ", 0},
		"write in time":             {"it cannot write in parts: ", 0},
		"delete":                    {"may be left behind", 2},
	} {
		t.Run(not, func(t *testing.T) {
			t.Parallel()
			under, err := folder.New(folder.Options{Root: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), slowest)
			defer cancel()
			f := tidily(ctx, limited{under, not}, "doctor-test-")
			if (f.State == OK) != (not == "") || !strings.Contains(f.Found, c.say) {
				t.Errorf("%s: %q, want %q", f.State, f.Found, c.say)
			}
			left := 0
			for _, err := range under.List(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				left++
			}
			if told := strings.Contains(f.Found, "left behind"); told != (c.left > 0) {
				t.Errorf("%q, with %d objects left", f.Found, c.left)
			}
			if left != c.left {
				t.Errorf("%d objects are left, want %d", left, c.left)
			}
		})
	}
}
