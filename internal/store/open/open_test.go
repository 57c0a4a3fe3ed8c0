package open_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
)

var good = map[string]open.Location{
	"s3://bucket":               {Bucket: "bucket"},
	"s3://bucket/":              {Bucket: "bucket"},
	"S3://My_Bucket.1/a/b":      {Bucket: "My_Bucket.1", Prefix: "a/b"},
	"s3://bucket/team one/":     {Bucket: "bucket", Prefix: "team one"},
	"s3://bucket/a@b:c":         {Bucket: "bucket", Prefix: "a@b:c"},
	"/var/lib/trackscribe":      {Folder: "/var/lib/trackscribe"},
	"recordings":                {Folder: "recordings"},
	"../out":                    {Folder: "../out"},
	"./s3:":                     {Folder: "./s3:"},
	".":                         {Folder: "."},
	`C:\Users\me\store`:         {Folder: `C:\Users\me\store`},
	"/mnt/odd://name":           {Folder: "/mnt/odd://name"},
	"my recordings/2026 (new)~": {Folder: "my recordings/2026 (new)~"},
}

var bad = []string{
	"", "~", "~/store", "a\x00b", "s3:", "s3:bucket", "s3:/bucket/x", "s3://", "s3:///x", "s3://ab", "s3://-ab", "s3://bu cket",
	"s3://bucket//a", "s3://bucket/a//b", "s3://bucket/../b", "s3://bucket/.tmp-x", "s3://bucket?region=x", "s3://bucket/a?x=hush",
	"s3://bucket/a#hush", "s3://id:hush@bucket/a", "s3://id@bucket", "s3://id:hush/hush@bucket/a",
	"gs://bucket", "https://bucket.s3.amazonaws.com/a?X-Amz-Signature=hush", "file:///tmp", "http://user:hush@host/", "s3a://bucket",
}

func TestParseLocation(t *testing.T) {
	t.Parallel()
	for text, want := range good {
		got, err := open.ParseLocation(text)
		if err != nil {
			t.Errorf("ParseLocation(%q): %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseLocation(%q) (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range bad {
		got, err := open.ParseLocation(text)
		if err == nil {
			t.Errorf("ParseLocation(%q) = %+v, want an error", text, got)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("error %q gives the secret away", err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	opt := open.Options{Region: "r", Endpoint: "http://minio:9000", PathStyle: true, AccessKeyID: "id", SecretAccessKey: "hush"}
	for location, want := range map[string]struct{ url, kind string }{
		"s3://bucket/a/b/": {"s3://bucket/a/b", "*s3.Store"},
		"some/folder/":     {filepath.Join("some", "folder"), "*folder.Store"},
	} {
		s, err := open.Open(t.Context(), location, opt)
		if err != nil {
			t.Errorf("Open(%q): %v", location, err)
			continue
		}
		if kind := fmt.Sprintf("%T", s); s.URL() != want.url || kind != want.kind {
			t.Errorf("Open(%q) is a %s at %q, want a %s at %q", location, kind, s.URL(), want.kind, want.url)
		}
	}
	for _, location := range []string{"", "gs://bucket"} {
		if s, err := open.Open(t.Context(), location, opt); err == nil || s != nil {
			t.Errorf("Open(%q) = %v, %v, want nil and an error", location, s, err)
		}
	}
	opt.Endpoint = "minio:9000"
	if s, err := open.Open(t.Context(), "s3://bucket", opt); err == nil || s != nil {
		t.Errorf("Open with a bad endpoint = %v, %v, want nil and an error", s, err)
	}
}

// FuzzParseLocation: a location is one thing or the other, reads back as it is
// written, and an error repeats nothing that could be a secret.
func FuzzParseLocation(f *testing.F) {
	for text := range good {
		f.Add(text)
	}
	for _, text := range bad {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := open.ParseLocation(text)
		if err != nil {
			if at != (open.Location{}) {
				t.Errorf("%+v with an error", at)
			}
			if _, secret, ok := strings.Cut(text, "://"); ok && len(secret) > 12 && strings.Contains(err.Error(), secret) {
				t.Errorf("error %q repeats the location", err)
			}
			return
		}
		if (at.Folder == "") == (at.Bucket == "") {
			t.Errorf("%+v is not exactly one of folder and bucket", at)
		}
		if at.Bucket != "" && (!strings.EqualFold(text[:5], "s3://") || strings.ContainsAny(at.Bucket, "@:/?#")) {
			t.Errorf("bucket %q", at.Bucket)
		}
		if at.Prefix != "" {
			if err := store.ValidateKey(at.Prefix); err != nil {
				t.Errorf("prefix %q: %v", at.Prefix, err)
			}
		}
		again, err := open.ParseLocation(at.String())
		if err != nil || again != at {
			t.Errorf("%+v reads back from %q as %+v, %v", at, at.String(), again, err)
		}
	})
}
