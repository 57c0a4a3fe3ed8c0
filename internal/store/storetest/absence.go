package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/store"
)

func missingObject(t *testing.T, s store.Store) {
	// Before anything was written, and beside things that were.
	for range 2 {
		_, _, err := s.Get(t.Context(), "dir/missing")
		wantError(t, "Get", err, store.ErrNotFound)
		wantDescribed(t, err, "dir/missing")
		_, err = s.Stat(t.Context(), "dir/missing")
		wantError(t, "Stat", err, store.ErrNotFound)
		wantDescribed(t, err, "dir/missing")
		// A folder is not an object.
		_, err = s.Stat(t.Context(), "dir")
		wantError(t, "Stat of a prefix", err, store.ErrNotFound)
		_, _, err = s.Get(t.Context(), "dir")
		wantError(t, "Get of a prefix", err, store.ErrNotFound)
		// Nor has an object anything below it.
		_, err = s.Stat(t.Context(), "dir/there/below")
		wantError(t, "Stat below an object", err, store.ErrNotFound)
		put(t, s, "dir/there", "x")
	}
}

// wantDescribed checks what every error must carry.
func wantDescribed(t *testing.T, err error, key string) {
	t.Helper()
	var e *store.Error
	if !errors.As(err, &e) {
		t.Errorf("error %v is no *store.Error", err)
		return
	}
	if e.Key != key || e.Transient {
		t.Errorf("error %v has key %q and transient %t, want %q and false", err, e.Key, e.Transient, key)
	}
	if !strings.Contains(err.Error(), `"`+key+`"`) {
		t.Errorf("error %q does not name the key", err)
	}
}

func deleteTwice(t *testing.T, s store.Store) {
	if err := s.Delete(t.Context(), "never/was"); err != nil {
		t.Errorf("Delete in an empty store: %v", err)
	}
	put(t, s, "dir/key", "x")
	put(t, s, "dir/other", "y")
	for range 2 {
		if err := s.Delete(t.Context(), "dir/key"); err != nil {
			t.Errorf("Delete: %v", err)
		}
		_, err := s.Stat(t.Context(), "dir/key")
		wantError(t, "Stat after Delete", err, store.ErrNotFound)
	}
	// Deleting a prefix, or below an object, deletes nothing.
	for _, key := range []string{"dir", "dir/other/below"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q): %v", key, err)
		}
	}
	if diff := cmp.Diff([]string{"dir/other"}, keys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	put(t, s, "dir/key", "again")
	wantContent(t, s, "dir/key", "again")
}

func badKeys(t *testing.T, s store.Store) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..",
		"a\x00b", "a\nb", "a\\b", "a/\xff", store.TempPrefix + "x", "a/" + store.TempPrefix + "put",
		strings.Repeat("x", store.MaxSegmentLen+1),
		strings.Repeat("x/", store.MaxKeyLen/2) + "x",
	} {
		read := false
		_, putErr := s.Put(t.Context(), key, readerFunc(func([]byte) (int, error) {
			read = true
			return 0, errors.New("must not be read")
		}), store.PutOptions{})
		if read {
			t.Errorf("Put(%s) read its source", brief(key))
		}
		_, _, getErr := s.Get(t.Context(), key)
		_, rangeErr := s.GetRange(t.Context(), key, 0, 1)
		_, statErr := s.Stat(t.Context(), key)
		for op, err := range map[string]error{
			"Put": putErr, "Get": getErr, "GetRange": rangeErr, "Stat": statErr, "Delete": s.Delete(t.Context(), key),
		} {
			if !errors.Is(err, store.ErrBadKey) || store.IsTransient(err) {
				t.Errorf("%s(%s): error is %v, want a permanent ErrBadKey", op, brief(key), err)
			}
		}
	}
	for _, prefix := range []string{"/", "/a", "a//", "a/../b", "../", "a\x00"} {
		for _, err := range s.List(t.Context(), prefix) {
			wantError(t, "List of "+brief(prefix), err, store.ErrBadKey)
		}
	}
	if got := keys(t, s, ""); len(got) > 0 {
		t.Errorf("bad keys left %q behind", got)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
