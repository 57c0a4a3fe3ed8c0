package s3_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	good := s3.Options{Bucket: "the-bucket", Region: "r", AccessKeyID: "id", SecretAccessKey: "hush"}
	for name, change := range map[string]func(*s3.Options){
		"no bucket":            func(o *s3.Options) { o.Bucket = "" },
		"bad prefix":           func(o *s3.Options) { o.Prefix = "a/../b" },
		"half a key":           func(o *s3.Options) { o.SecretAccessKey = "" },
		"half a key, reversed": func(o *s3.Options) { o.AccessKeyID = "" },
		"no scheme":            func(o *s3.Options) { o.Endpoint = "minio:9000" },
		"other scheme":         func(o *s3.Options) { o.Endpoint = "ftp://minio" },
		"no host":              func(o *s3.Options) { o.Endpoint = "http://" },
		"password":             func(o *s3.Options) { o.Endpoint = "http://user:hush@minio:9000" },
		"password, malformed":  func(o *s3.Options) { o.Endpoint = "http://user:hush@minio:port" },
		"signature":            func(o *s3.Options) { o.Endpoint = "http://minio/?X-Amz-Signature=hush" },
	} {
		opt := good
		change(&opt)
		if _, err := s3.New(t.Context(), opt); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: error is %v, want one without the secret", name, err)
		}
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"": "s3://the-bucket", "/a/b/": "s3://the-bucket/a/b"} {
		s, err := s3.New(t.Context(), s3.Options{
			Bucket: "the-bucket", Prefix: prefix, Region: "r", AccessKeyID: "id", SecretAccessKey: "hush", Endpoint: "https://s3.example.com",
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.URL() != want {
			t.Errorf("URL with prefix %q = %q, want %q", prefix, s.URL(), want)
		}
	}
}

func TestKeyTooLongWithPrefix(t *testing.T) {
	t.Parallel()
	s := open(t, http.NotFoundHandler(), func(o *s3.Options) { o.Prefix = strings.Repeat("p/", 100) + "p" })
	_, err := s.Stat(t.Context(), strings.Repeat("k/", 450)+"k")
	wantError(t, "stat", err, store.ErrBadKey, false)
}

// The SDK's own chain is used for what the options leave out. Not parallel: it
// reads the environment.
func TestDefaultChain(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	bare := func(o *s3.Options) { o.AccessKeyID, o.SecretAccessKey, o.Region = "", "", "" }

	s := open(t, fake(t), bare)
	err := operations["put"](t.Context(), s)
	wantError(t, "put without credentials", err, store.ErrDenied, false)
	var e *store.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint(), "no usable credentials") {
		t.Errorf("error %v has no hint at the credentials", err)
	}

	t.Setenv("AWS_ACCESS_KEY_ID", "FROMENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush")
	next := fake(t)
	signed := ""
	s = open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed = r.Header.Get("Authorization")
		next.ServeHTTP(w, r)
	}), bare)
	if err := operations["put"](t.Context(), s); err != nil {
		t.Errorf("put with credentials of the environment: %v", err)
	}
	if !strings.Contains(signed, "Credential=FROMENV/") || !strings.Contains(signed, "/us-east-1/s3/") {
		t.Errorf("request was signed with %q, want the environment's key and the default region", signed)
	}
	// What the options say in full is not overridden, and not even looked up.
	t.Setenv("AWS_PROFILE", "no-such-profile")
	if err := operations["put"](t.Context(), open(t, next)); err != nil {
		t.Errorf("put with full options and a broken environment: %v", err)
	}
	t.Setenv("AWS_PROFILE", "")
	if _, err := s3.New(t.Context(), s3.Options{Bucket: "the-bucket"}); err == nil || !strings.Contains(err.Error(), "region") {
		t.Errorf("New for AWS without a region: error is %v, want one about the region", err)
	}
}
