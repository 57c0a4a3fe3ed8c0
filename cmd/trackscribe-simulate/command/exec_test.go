package command_test

import (
	"bytes"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/command"
	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// stepBinary builds the step binary.
func stepBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "step")
	build := exec.Command("go", "build", "-o", path, "./cmd/step")
	build.Dir = testenv.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the step binary: %v\n%s", err, out)
	}
	return path
}

// moment is when something happened, which is the one thing that differs.
var moment = regexp.MustCompile(`"(started|finished)": "[^"]*"`)

// made reads all artifacts and results in a store.
func made(t *testing.T, store string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(store, path)
		parts := strings.Split(filepath.ToSlash(rel), "/")
		if err != nil || len(parts) < 3 || parts[2] != "artifacts" && parts[2] != "result" {
			return err
		}
		b, err := os.ReadFile(path)
		if filepath.Base(path) == "receipt.json" {
			b = moment.ReplaceAll(b, []byte(`"$1"`))
		}
		files[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestExec runs the example as processes of the real step binary under the real
// controller, in every granularity: what comes out are the bytes that come out
// of one process.
func TestExec(t *testing.T) {
	t.Parallel()
	modelDir, step := testenv.Model(t), stepBinary(t)
	source := filepath.Join(testenv.Root(t), "examples", "standup")
	getenv := func(name string) string { return map[string]string{"TRACKSCRIBE_MODEL_DIR": modelDir}[name] }
	reference := t.TempDir()
	var errs bytes.Buffer
	if code := cli.Run(t.Context(), cli.Env{
		Args: []string{"run", source, "--out", reference, "--run", "r1"}, Stdin: strings.NewReader(""),
		Stdout: new(bytes.Buffer), Stderr: &errs, Getenv: getenv,
	}); code != 0 {
		t.Fatalf("trackscribe run exits %d: %s", code, &errs)
	}
	want := made(t, reference)
	if len(want) < 30 {
		t.Fatalf("trackscribe run made %d files", len(want))
	}
	for _, gran := range []string{"step", "fused", "run"} {
		t.Run(gran, func(t *testing.T) {
			t.Parallel()
			store := t.TempDir()
			var out, errs bytes.Buffer
			code := command.Run(t.Context(), command.Env{
				Args:  []string{"--exec", "--step-binary", step, "--store", store, "--run", "r1", "--granularity", gran, "-v", source},
				Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: getenv, Now: time.Now,
			})
			if code != 0 {
				t.Fatalf("exit code %d:\n%s%s", code, &out, &errs)
			}
			t.Logf("\n%s", &out)
			if diff := cmp.Diff(want, made(t, store)); diff != "" {
				t.Errorf("what came out is not what trackscribe run makes (-want +got):\n%.4000s", diff)
			}
		})
	}
}

// TestExecFromBucketToBucket has the processes find the store by the rendered
// settings and the credentials by what stands for the rendered Secret.
func TestExecFromBucketToBucket(t *testing.T) {
	modelDir, step := testenv.Model(t), stepBinary(t)
	backend := s3mem.New()
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	defer srv.Close()
	if err := backend.CreateBucket("meetings"); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"TRACKSCRIBE_MODEL_DIR": modelDir, "TRACKSCRIBE_S3_ENDPOINT": srv.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, env[name]) // the SDK looks there, here and in the processes
	}
	st, err := open.Open(t.Context(), "s3://meetings/team", open.Options{Endpoint: srv.URL, Region: "us-east-1", PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(testenv.Root(t), "examples", "bare")
	entries, err := os.ReadDir(bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(bare, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Put(t.Context(), "raw/bare/"+e.Name(), f, store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	var out, errs bytes.Buffer
	code := command.Run(t.Context(), command.Env{
		Args:  []string{"--exec", "--step-binary", step, "--store", "s3://meetings/team", "--granularity", "fused", "-v", "s3://meetings/team/raw/bare"},
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: time.Now, Getenv: func(name string) string { return env[name] },
	})
	if code != 0 {
		t.Fatalf("exit code %d:\n%s%s", code, &out, &errs)
	}
	if _, err := st.Stat(t.Context(), "recordings/bare/result/transcript.json"); err != nil {
		t.Errorf("there is no result: %v", err)
	}
}

// TestExecFails runs a recording with a track that is none.
func TestExecFails(t *testing.T) {
	t.Parallel()
	modelDir, step := testenv.Model(t), stepBinary(t)
	source := filepath.Join(t.TempDir(), "broken")
	if err := os.MkdirAll(source, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(source, "ann.wav"), []byte("no audio"), 0o644); err != nil {
		t.Fatal(err)
	}
	store := t.TempDir()
	var out, errs bytes.Buffer
	code := command.Run(t.Context(), command.Env{
		Args:  []string{"--exec", "--step-binary", step, "--store", store, "--run", "r1", source},
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: time.Now,
		Getenv: func(name string) string { return map[string]string{"TRACKSCRIBE_MODEL_DIR": modelDir}[name] },
	})
	if code != 3 || !strings.Contains(out.String(), "exit code 65") {
		t.Errorf("exit code %d, want 3 and a step's exit code 65:\n%s%s", code, &out, &errs)
	}
	if _, err := os.Stat(filepath.Join(store, "recordings", "broken", "runs", "r1", "failures")); err != nil {
		t.Errorf("the store does not know of the failure: %v", err)
	}
}
