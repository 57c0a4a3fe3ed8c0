package source_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/source/sourcetest"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
)

// atDaily opens the one recording of an account.
func atDaily(t *testing.T, rec map[string]any, opt source.Options) source.Recording {
	t.Helper()
	account := dailytest.New()
	account.Add(rec)
	srv := httptest.NewServer(account)
	t.Cleanup(srv.Close)
	opt.Daily.URL, opt.Daily.Key = srv.URL, dailytest.Key
	src, err := source.Open(t.Context(), "daily:rec", opt)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestWhatIsLeftAtDaily has files that Daily does not list any more, or never
// did: they are the recording's all the same, and can be heard.
func TestWhatIsLeftAtDaily(t *testing.T) {
	t.Parallel()
	key := func(name string) string { return "domain/room/" + name }
	only := []any{map[string]any{"type": "audio", "s3Key": key(sourcetest.Ann)}}
	all := []string{key(sourcetest.Ann), key(sourcetest.Bob), key(sourcetest.Video)}
	odd := "domain/room/of-no-known-name"
	for name, c := range map[string]struct {
		change map[string]any
		want   []string
		fails  string
	}{
		"one track is listed":            {map[string]any{"tracks": only}, all, ""},
		"and the key is not told":        {map[string]any{"tracks": only, "s3": map[string]any{"bucket_name": "raw"}}, all, ""},
		"nothing is listed":              {map[string]any{"tracks": nil}, all, ""},
		"the list is empty":              {map[string]any{"tracks": []any{}}, all, ""},
		"a track of another name":        {map[string]any{"tracks": []any{map[string]any{"type": "audio", "s3Key": odd}}, "s3": map[string]any{"bucket_name": "raw"}}, []string{odd}, ""},
		"no track, and no place":         {map[string]any{"tracks": []any{}, "s3": map[string]any{}}, nil, ""},
		"neither a list nor a place":     {map[string]any{"tracks": nil, "s3": map[string]any{"bucket_name": "raw"}}, nil, "nor where they are"},
		"a place, and nobody says where": {map[string]any{"tracks": only, "s3": map[string]any{}}, nil, "in which bucket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, s3 := bucket(t, "raw")
			for name, text := range sourcetest.Files() {
				put(t, st, key(name), text)
			}
			put(t, st, key(sourcetest.Other), "another day")
			put(t, st, odd, "somebody")
			put(t, st, odd+"-else", "somebody else")
			src := atDaily(t, recording(c.change), source.Options{Daily: settings.Daily{
				Endpoint: s3.Endpoint, Region: s3.Region, AccessKey: s3.AccessKeyID, SecretKey: s3.SecretAccessKey,
			}})
			left, err := src.Left(t.Context())
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || steps.Hint(err) == "" {
					t.Errorf("error %v, want one with a hint that tells %q", err, c.fails)
				}
				return
			}
			if err != nil || !slices.Equal(left, c.want) {
				t.Errorf("left %q, want %q: %v", left, c.want, err)
			}
		})
	}
}

// asked is an HTTP transport that remembers which hosts were asked, and has
// nothing.
type asked struct {
	mu    sync.Mutex
	hosts []string
}

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hosts = append(a.hosts, path.Join(r.URL.Host, r.URL.Path))
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(&bytes.Buffer{}), Request: r}, nil
}

// TestWhereDailysBucketIs has a store on a server of its own: Daily's bucket is
// at AWS all the same, unless it is the store's, or somebody says otherwise.
func TestWhereDailysBucketIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ store, endpoint, bucket, want string }{
		"elsewhere":             {"s3://results/team", "", "", "raw.s3.eu-west-1.amazonaws.com/domain/"},
		"no store":              {"", "", "", "raw.s3.eu-west-1.amazonaws.com/domain/"},
		"a folder as the store": {"/var/results", "", "", "raw.s3.eu-west-1.amazonaws.com/domain/"},
		"the store's bucket":    {"s3://raw/results", "", "", "minio.test/raw/domain/"},
		"a copy in the store's": {"s3://results", "", "results", "minio.test/results/domain/"},
		"a server is named":     {"s3://results", "http://other.test", "", "other.test/raw/domain/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &asked{}
			src := atDaily(t, recording(map[string]any{"s3": map[string]any{"bucket_name": "raw", "bucket_region": "eu-west-1", "key": "domain/room/1763980200000"}}), source.Options{
				S3:    open.Options{Endpoint: "http://minio.test", Region: "us-east-1", PathStyle: true, HTTPClient: &http.Client{Transport: seen}},
				Daily: settings.Daily{Endpoint: c.endpoint, Bucket: c.bucket, AccessKey: "id", SecretKey: "secret"},
				Store: c.store,
			})
			if _, err := src.Objects(t.Context()); err == nil {
				t.Error("no error where nothing is allowed")
			}
			if len(seen.hosts) == 0 || !strings.HasPrefix(seen.hosts[0], c.want) {
				t.Errorf("asked %q, want %q…", seen.hosts, c.want)
			}
		})
	}
}
