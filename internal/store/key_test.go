package store_test

import (
	"errors"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/store"
)

var goodKeys = []string{
	"a", "a/b/c.json", "..a/b..", "...", ".hidden", "a b", "日本", "a.tmp-b", ".tmp", "%2e%2e/x", "~", "a:b",
	strings.Repeat("x", store.MaxSegmentLen), strings.Repeat("x/", store.MaxKeyLen/2-1) + "xx",
}

var badKeys = []string{
	"", "/", "a/", "/a", "a//b", ".", "..", "./a", "a/..", "a/../b", "a\\b", "a\x00", "\n", "a\x7f", "a\u0085",
	"a\uffff", "\xc3\x28", ".tmp-", "a/.tmp-b/c", strings.Repeat("x", store.MaxSegmentLen+1), strings.Repeat("x/", store.MaxKeyLen/2) + "x",
}

func TestValidateKey(t *testing.T) {
	t.Parallel()
	for _, key := range goodKeys {
		if err := store.ValidateKey(key); err != nil {
			t.Errorf("ValidateKey(%q) = %v, want nil", key, err)
		}
	}
	for _, key := range badKeys {
		if err := store.ValidateKey(key); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("ValidateKey(%q) = %v, want ErrBadKey", key, err)
		}
	}
}

// FuzzValidateKey checks what the stores rely on: a good key is a clean path
// that stays below any root, all its beginnings are good prefixes, and good
// keys can be joined.
func FuzzValidateKey(f *testing.F) {
	for _, key := range append(goodKeys, badKeys...) {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		prefixErr := store.ValidatePrefix(key)
		if err := store.ValidateKey(key); err != nil {
			if !errors.Is(err, store.ErrBadKey) {
				t.Errorf("error %v is not ErrBadKey", err)
			}
			return
		}
		if prefixErr != nil {
			t.Errorf("a good key is a bad prefix: %v", prefixErr)
		}
		if path.Clean(key) != key || path.IsAbs(key) || !filepath.IsLocal(key) {
			t.Error("not a clean local path")
		}
		if got := path.Join("/base", key); !strings.HasPrefix(got, "/base/") || len(got) != len("/base/")+len(key) {
			t.Errorf("joined to %q", got)
		}
		if !utf8.ValidString(key) || strings.ContainsAny(key, "\x00\r\n\\") {
			t.Error("has bytes that a key must not have")
		}
		for i := range key {
			if err := store.ValidatePrefix(key[:i]); err != nil {
				t.Errorf("beginning %q is a bad prefix: %v", key[:i], err)
			}
		}
		if joined := "a/" + key; len(joined) <= store.MaxKeyLen {
			if err := store.ValidateKey(joined); err != nil {
				t.Errorf("joined key is bad: %v", err)
			}
		}
	})
}
