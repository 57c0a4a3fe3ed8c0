//go:build unix

package folder_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
)

// Opening a pipe would wait for somebody to write to it.
func TestPipeIsNoObject(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, root)
	if _, _, err := s.Get(t.Context(), "pipe"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get: error is %v, want ErrNotFound", err)
	}
	if got := keys(t, s); len(got) > 0 {
		t.Errorf("List = %q, want nothing", got)
	}
}
