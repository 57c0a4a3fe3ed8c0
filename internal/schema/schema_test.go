package schema_test

import (
	"path/filepath"
	"testing"

	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/internal/schema"
)

const (
	folder = "../../docs/schema"
	source = "../../steps/artifact"
)

// The files in docs/schema are what the Go types and comments say today.
func TestFilesAreCurrent(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, d := range schema.Documents() {
		got, err := schema.File(d, source)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, d.Name+".schema.json")
		golden.Equal(t, got, path)
		known[path] = true
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("%s is the schema of no document", f)
		}
	}
}
