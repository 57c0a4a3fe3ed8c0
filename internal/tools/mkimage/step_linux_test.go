package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/trackscribe/trackscribe/images"
)

// mostStep bounds what a node stores for the step image, not counting the
// speech model, in bytes. What it fetches is about a third.
const mostStep = 25_000_000

// TestStepImage builds the step image with the real program and a model of a
// few bytes, weighs it and starts it.
func TestStepImage(t *testing.T) {
	t.Parallel()
	b := stub(t, image(t, "step"))
	b.archs = []string{runtime.GOARCH}
	b.compile = compiler{goTool: "go", version: "v1.2.3"}.compile
	built, err := b.build(t.Context(), b.images[0])
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "root")
	unpack(t, mutate.Extract(built[0]), root)

	stored, fetched := sizes(t, built[0])
	t.Logf("without the model: %.1f MB stored, %.1f MB fetched", float64(stored)/1e6, float64(fetched)/1e6)
	if stored > mostStep {
		t.Errorf("the step image stores %d bytes without the model, want at most %d", stored, mostStep)
	}

	program := filepath.Join(root, b.images[0].Program())
	static(t, program)
	cmd := exec.CommandContext(t.Context(), program)
	// A test that runs as root sees what the container sees: its files, its
	// user. Another one at least starts the program.
	if os.Geteuid() == 0 {
		cmd.Path, cmd.Dir = b.images[0].Program(), "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: images.UID, Gid: images.UID}}
	}
	cmd.Env = b.images[0].Env()
	said, err := cmd.CombinedOutput()
	const misuse = 64
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != misuse || !strings.Contains(string(said), "usage: step") {
		t.Errorf("step without arguments: %v, said %q, want exit code %d and its usage", err, said, misuse)
	}
}

// sizes returns what an image takes, unpacked and packed.
func sizes(t *testing.T, img v1.Image) (stored, fetched int64) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		size, err2 := l.Size()
		if err := errors.Join(err, err2, r.Close()); err != nil {
			t.Fatal(err)
		}
		stored, fetched = stored+n, fetched+size
	}
	return stored, fetched
}

// static fails t where the program needs a loader or libraries, which the
// image does not have.
func static(t *testing.T, path string) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s needs a loader", path)
		}
	}
	if libs, err := f.ImportedLibraries(); err == nil && len(libs) > 0 {
		t.Errorf("%s needs %q", path, libs)
	}
}
