package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/cli"
)

const goodWorkflow = `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec: {entrypoint: a, templates: [{name: a, suspend: {}}]}
`

func TestLint(t *testing.T) {
	t.Parallel()
	badWorkflow := strings.Replace(goodWorkflow, "entrypoint: a", "entrypoint: b", 1)
	dir := t.TempDir()
	for name, text := range map[string]string{"good.yaml": goodWorkflow, "deep/bad.yml": badWorkflow, "empty/notes.txt": "a: ["} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, tt := range []struct {
		name           string
		args           []string
		stdin          string
		code           int
		stdout, stderr string
	}{
		{"good", []string{in("good.yaml")}, "", 0, "", "0 findings in 1 file\n"},
		{"folder", []string{dir}, "", 1, in("deep/bad.yml") + ":4: unknown-template: ", "1 finding in 2 files\n"},
		{"standard input", []string{"-"}, badWorkflow, 1, "stdin:4: unknown-template: ", "1 finding in 1 file\n"},
		{"house rules", []string{"--policy", "-"}, strings.Replace(goodWorkflow, "suspend: {}", "container: {image: busybox, command: [echo]}", 1), 1, "image-latest", "findings in 1 file\n"},
		{"nothing", nil, "", 2, "", "nothing to lint"},
		{"no such file", []string{in("none.yaml")}, "", 2, "", "none.yaml"},
		{"folder without YAML", []string{in("empty")}, "", 2, "", "no .yaml or .yml file"},
		{"rules", []string{"--rules"}, "", 0, "unknown-tag ", ""},
		{"rules of files", []string{"--rules", "-"}, "", 2, "", "--rules takes no files"},
		{"rules as sarif", []string{"--rules", "-o", "sarif"}, "", 2, "", "cannot be printed as sarif"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := lintWith(tt.args, tt.stdin)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || tt.stdout == "" && stdout != "" || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, tt.code, stdout, stderr)
			}
		})
	}
	for _, output := range []string{"json", "sarif"} {
		t.Run(output, func(t *testing.T) {
			t.Parallel()
			code, stdout, _ := lintWith([]string{"-o", output, dir}, "")
			if code != 1 || !json.Valid([]byte(stdout)) || !strings.Contains(stdout, "unknown-template") {
				t.Errorf("exit code %d\n%s", code, stdout)
			}
		})
	}
}

func lintWith(args []string, stdin string) (code int, stdout, stderr string) {
	var out, story bytes.Buffer
	code = cli.Run(context.Background(), cli.Env{
		Args: append([]string{"lint"}, args...), Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &story,
		Getenv: func(string) string { return "" },
	})
	return code, out.String(), story.String()
}
