package source_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store/folder"
)

const track = "1763000000000-11111111-2222-3333-4444-555555555555-"

func TestErase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	audible := []string{"composed.mp4", "tracks/" + track + "cam-audio-1763000000000", "tracks/" + track + "screen-video-1763000000000.webm"}
	others := []string{"notes.pdf", "participants.json", "recording.json", "tracks/" + track + "cam-audio-1763000000000.event.json", "deeper/still/another.webm"}
	for _, name := range slices.Concat(audible, others) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st, err := folder.New(folder.Options{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	src := source.New(st, dir, true)
	left, err := src.Left(t.Context())
	if diff := cmp.Diff(audible, left); diff != "" || err != nil {
		t.Fatalf("left (-want +got):\n%s%v", diff, err)
	}
	for _, name := range left {
		for range 2 {
			if err := src.Erase(t.Context(), name); err != nil {
				t.Errorf("Erase: %v", err)
			}
		}
	}
	if left, err := src.Left(t.Context()); len(left) > 0 || err != nil {
		t.Errorf("still left: %q, %v", left, err)
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
