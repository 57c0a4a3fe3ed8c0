package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// program puts a shell script on PATH, and nothing else.
func program(t *testing.T, name, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if name == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func simulate(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run(ctx, Env{
		Args: append([]string{"simulate"}, args...), Stdin: strings.NewReader("a file"), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" },
	})
	return code, out.String(), errs.String()
}

func TestSimulateHandsOver(t *testing.T) {
	program(t, simulator, "read -r line; echo \"$line: $*\"; echo told >&2; exit 3\n")
	code, out, errs := simulate(t.Context(), "--tracks", "3", "--fail=pad-track[0]", "-o", "json", "-")
	if code != 3 || out != "a file: --tracks 3 --fail=pad-track[0] -o json -\n" || errs != "told\n" {
		t.Errorf("exit code %d, want 3; stdout %q, stderr %q", code, out, errs)
	}
}

func TestSimulateSucceeds(t *testing.T) {
	program(t, simulator, "exit 0\n")
	if code, out, errs := simulate(t.Context()); code != 0 || out+errs != "" {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestSimulateWithoutProgram(t *testing.T) {
	program(t, "", "")
	code, out, errs := simulate(t.Context(), "--matrix")
	want := "error: there is no program trackscribe-simulate beside trackscribe or on PATH\nhint: build it: make simulate\n"
	if code != 1 || out != "" || errs != want {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, errs)
	}
	if code, out, _ = simulate(t.Context(), "--tracks", "3", "--help"); code != 0 || !strings.Contains(out, "--lose target") {
		t.Errorf("help exits %d and says %q", code, out)
	}
}

// TestSimulateIsInterrupted ends the program with what started it.
func TestSimulateIsInterrupted(t *testing.T) {
	program(t, simulator, "trap 'exit 130' TERM\necho ready\nwhile :; do :; done\n")
	stdin, never, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer never.Close()
	defer stdin.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs bytes.Buffer
	code := Run(ctx, Env{
		Args: []string{"simulate"}, Stdin: stdin, Stdout: onWrite(cancel), Stderr: &errs, Getenv: func(string) string { return "" },
	})
	if code != 130 {
		t.Errorf("exit code %d, want 130: %s", code, &errs)
	}
}

// onWrite is a writer that calls a function.
type onWrite func()

func (f onWrite) Write(b []byte) (int, error) {
	f()
	return len(b), nil
}
