package moonshine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// hinted is how the command line finds out what to tell the user.
type hinted interface{ Hint() string }

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	sized := func(i int, first string) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, model.Files()[i].Name)
			if err := os.WriteFile(path, []byte(first), 0o600); err != nil {
				return err
			}
			return os.Truncate(path, model.Files()[i].Size)
		}
	}
	for name, c := range map[string]struct {
		prepare func(dir string) error
		kind    error
		want    string
	}{
		"no folder":    {os.Remove, model.ErrAbsent, "encoder_model.onnx"},
		"empty folder": {func(string) error { return nil }, model.ErrAbsent, "encoder_model.onnx"},
		"cut off": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, model.Files()[0].Name), []byte("x"), 0o600)
		}, model.ErrCorrupt, "1 bytes, want 7937661"},
		"other contents": {sized(0, "x"), model.ErrCorrupt, "sha256"},
	} {
		dir := filepath.Join(t.TempDir(), "model")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := c.prepare(dir); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{})
		var h hinted
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || !errors.As(err, &h) || !strings.Contains(h.Hint(), "trackscribe model fetch") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestOpenDecoderAbsent(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(testenv.Model(t), model.Files()[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, model.Files()[0].Name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, Options{})
	if !errors.Is(err, model.ErrAbsent) || !strings.Contains(err.Error(), model.Files()[1].Name) {
		t.Errorf("error %v", err)
	}
}

// TestLoadChecksShapes breaks the real encoder in ways that a checksum would
// catch first: what is left must be refused, not run.
func TestLoadChecksShapes(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(testenv.Model(t), model.Files()[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"conv1.weight_quantized", "layer_norm.weight", "/layers.3/mlp/fc1/MatMul_quant"} {
		broken := strings.Replace(string(b), name, strings.ToUpper(name), -1)
		_, err := load([]byte(broken), nil)
		if !errors.Is(err, model.ErrCorrupt) {
			t.Errorf("without %q: error %v", name, err)
		}
	}
	if _, err := load(b, b); !errors.Is(err, model.ErrCorrupt) || !strings.Contains(err.Error(), model.Files()[1].Name) {
		t.Errorf("encoder as decoder: error %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add([]byte("\x3a\x00"), []byte("\x3a\x02\x0a\x00"))
	f.Add([]byte("\x3a\x1a\x2a\x18\x10\x01\x42\x0elayer_norm.weight"), []byte("<html>"))
	f.Fuzz(func(t *testing.T, enc, dec []byte) {
		if _, err := load(enc, dec); !errors.Is(err, model.ErrCorrupt) {
			t.Errorf("error %v", err)
		}
	})
}

func TestName(t *testing.T) {
	t.Parallel()
	if n := (&Model{}).Name(); !strings.HasPrefix(n, "moonshine-tiny-en@eed87831c3a6/") {
		t.Errorf("name %q", n)
	}
}
