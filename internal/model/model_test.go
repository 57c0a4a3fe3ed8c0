package model_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/trackscribe/trackscribe/internal/model"
)

func TestDir(t *testing.T) {
	t.Parallel()
	if got, want := model.Dir("/weights", "/cache"), "/weights"; got != want {
		t.Errorf("Dir = %q, want the override %q", got, want)
	}
	want := filepath.Join("/cache", "trackscribe", "models", "moonshine-tiny-en-0.1.29")
	if got := model.Dir("", "/cache"); got != want {
		t.Errorf("Dir = %q, want %q", got, want)
	}
}

func TestCheckTellsAbsentFromCorrupt(t *testing.T) {
	t.Parallel()
	files := model.Files()
	tests := []struct {
		name string
		make func(t *testing.T, dir string)
		want error
	}{
		{"no folder", func(t *testing.T, dir string) { remove(t, dir) }, model.ErrAbsent},
		{"empty folder", func(*testing.T, string) {}, model.ErrAbsent},
		{"cut off", func(t *testing.T, dir string) { write(t, dir, files[0].Name, []byte("short")) }, model.ErrCorrupt},
		{"right size, other bytes", func(t *testing.T, dir string) {
			write(t, dir, files[0].Name, make([]byte, files[0].Size))
		}, model.ErrCorrupt},
		{"a folder in its place", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, files[0].Name), 0o755); err != nil {
				t.Fatal(err)
			}
		}, model.ErrCorrupt},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			test.make(t, dir)
			err := model.Check(dir)
			if !errors.Is(err, test.want) {
				t.Fatalf("Check = %v, want %v", err, test.want)
			}
			var modelError *model.Error
			if !errors.As(err, &modelError) || modelError.Hint() == "" {
				t.Errorf("%T has no hint", err)
			}
			if got, want := modelError.Path, filepath.Join(dir, files[0].Name); got != want {
				t.Errorf("path %q, want %q", got, want)
			}
		})
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
