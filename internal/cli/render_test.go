package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/cli"
)

// rendered returns what `trackscribe render` writes with the arguments, its
// complaints, and its exit code.
func rendered(t *testing.T, args ...string) (out, complaints string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(t.Context(), cli.Env{
		Args:   append([]string{"render", "--store", "s3://meetings"}, args...),
		Stdout: &stdout, Stderr: &stderr, Stdin: strings.NewReader(""), Getenv: func(string) string { return "" },
	})
	return stdout.String(), stderr.String(), code
}

func TestRenderServe(t *testing.T) {
	t.Parallel()
	if out, _, code := rendered(t); code != 0 || strings.Contains(out, "kind: Deployment") {
		t.Errorf("exit code %d; a Deployment that nobody asked for", code)
	}
	out, complaints, code := rendered(t, "--serve", "--serve-source", "s3://daily/team", "--serve-replicas", "3", "--serve-host", "a.example.com", "--serve-tls-secret", "cert")
	for _, want := range []string{
		"kind: Deployment\n", "replicas: 3\n", "- --source=s3://daily/team\n", "- host: a.example.com\n", "secretName: cert\n", "kind: PodDisruptionBudget\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q; exit code %d %s", want, code, complaints)
		}
	}
	if _, complaints, code := rendered(t, "--serve-host", "a.example.com"); code != 2 || !strings.Contains(complaints, "--serve") {
		t.Errorf("a host without --serve: exit code %d, %q", code, complaints)
	}
}

// TestRenderServeFile has flags win over the file, and keep what they do not say.
func TestRenderServeFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "options.yaml")
	if err := os.WriteFile(file, []byte("serve: {enabled: true, replicas: 2, host: old.example.com, ingressClass: nginx}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, complaints, code := rendered(t, "-f", file, "--serve-host", "new.example.com")
	for _, want := range []string{"replicas: 2\n", "- host: new.example.com\n", "ingressClassName: nginx\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q; exit code %d %s", want, code, complaints)
		}
	}
}
