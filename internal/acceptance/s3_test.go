package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
)

// TestFromBucketToBucket runs a recording that lies in a bucket, with the
// result in another one, and wants the same result as from and to folders.
func TestFromBucketToBucket(t *testing.T) {
	backend := s3mem.New()
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	defer srv.Close()
	for _, b := range []string{"recordings", "results"} {
		if err := backend.CreateBucket(b); err != nil {
			t.Fatal(err)
		}
	}
	// The SDK looks for credentials where every AWS tool does.
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	s3 := open.Options{Endpoint: srv.URL, Region: "us-east-1", PathStyle: true}
	ctx := context.Background()

	source, err := open.Open(ctx, "s3://recordings/daily/bare", s3)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(example(t, "bare"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.Put(ctx, filepath.Base(f), bytes.NewReader(b), store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"TRACKSCRIBE_S3_ENDPOINT": srv.URL}
	o := trackscribeWith(t, env, "run", "s3://recordings/daily/bare", "--out", "s3://results/team", "-q", "-o", "json")
	if o.code != 0 {
		t.Fatalf("exit code %d\n%s", o.code, o.stderr)
	}
	var answer struct{ Report, Result string }
	if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil {
		t.Fatal(err)
	}
	if want := "s3://results/team/recordings/bare/result/report.html"; answer.Report != want {
		t.Errorf("report at %q, want %q", answer.Report, want)
	}

	local := t.TempDir()
	succeed(t, "run", example(t, "bare"), "--out", local, "-q")
	out, err := open.Open(ctx, "s3://results/team", s3)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range tree(t, local, func(p string) bool { return strings.Contains(p, "/result/") }) {
		rc, _, err := out.Get(ctx, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := io.ReadAll(rc)
		rc.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs between bucket and folder (%v)", path, err)
		}
	}
}
