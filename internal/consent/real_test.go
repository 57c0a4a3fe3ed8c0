package consent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A realServer is an S3 server that keeps objects, old versions and unfinished
// uploads in folders, where a test can look for itself.
type realServer struct {
	endpoint string
	folder   string
	client   *awss3.Client
}

func startRealServer(t *testing.T) *realServer {
	t.Helper()
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("versitygw is not on PATH; the end-to-end tests have one")
	}
	r := &realServer{folder: t.TempDir()}
	objects, versions := filepath.Join(r.folder, "objects"), filepath.Join(r.folder, "versions")
	for _, dir := range []string{objects, versions} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(t.Context(), program, "--port", address, "posix", "--versioning-dir", versions, objects)
	cmd.Env = []string{"ROOT_ACCESS_KEY=AKIDTEST", "ROOT_SECRET_KEY=the-secret", "PATH=" + filepath.Dir(program)}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	r.endpoint = "http://" + address
	for end := time.Now().Add(20 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case err := <-done:
			done <- err
			t.Fatalf("the server ended: %v\n%s", err, log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatal("the server does not listen")
		}
	}
	r.client = awss3.New(awss3.Options{
		BaseEndpoint: &r.endpoint, UsePathStyle: true, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDTEST", "the-secret", ""),
	})
	for _, bucket := range []string{storeBucket, rawBucket} {
		if _, err := r.client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
			Bucket: aws.String(bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// world plants a recording of its own on the server, below a prefix.
func (r *realServer) world(t *testing.T, prefix string) *world {
	t.Helper()
	target, err := url.Parse(r.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	w := &world{line: &line{server: proxy}}
	server := httptest.NewServer(w.line)
	t.Cleanup(server.Close)
	open := func(bucket, endpoint string) store.Store {
		s, err := s3.New(t.Context(), s3.Options{
			Bucket: bucket, Prefix: prefix, Region: "us-east-1", Endpoint: endpoint, PathStyle: true, AccessKeyID: "AKIDTEST", SecretAccessKey: "the-secret",
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	w.store, w.source = open(storeBucket, server.URL), source.New(open(rawBucket, server.URL), "s3://raw-tracks/"+prefix, false)
	direct := map[string]store.Store{storeBucket: open(storeBucket, r.endpoint), rawBucket: open(rawBucket, r.endpoint)}
	put := func(bucket, key, content string) {
		if _, err := direct[bucket].Put(t.Context(), key, strings.NewReader(content), store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	in := run.Root(recording)
	for take := range 2 {
		sound := fmt.Sprintf("%s, take %d", heard, take)
		for _, key := range []string{"artifacts/pad-track/k1/audio.webm", "artifacts/mixdown-tracks/k2/audio.webm", "result/audio.webm", "result/old.ogg"} {
			put(storeBucket, in+key, sound)
		}
		put(rawBucket, "tracks/"+trackID+"cam-audio-1763000000000.webm", sound)
		put(rawBucket, "tracks/"+trackID+"screen-video-1763000000000.webm", sound)
	}
	if err := direct[storeBucket].Delete(t.Context(), in+"result/old.ogg"); err != nil {
		t.Fatal(err)
	}
	key := aws.String(prefix + "/" + in + "artifacts/pad-track/k9/audio.webm")
	upload, err := r.client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: aws.String(storeBucket), Key: key})
	if err == nil {
		_, err = r.client.UploadPart(t.Context(), &awss3.UploadPartInput{
			Bucket: aws.String(storeBucket), Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader(heard + ", in part"),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	put(storeBucket, in+"artifacts/finalize/k5/silent.html", "the page without a player")
	put(storeBucket, in+"result/transcript.txt", "what Ann said")
	put(storeBucket, in+"consent.json", denial)
	put(rawBucket, "recording.json", "{}")
	w.asked(t, thisRun, "s3://raw-tracks/"+prefix, noon)
	return w
}

// audible looks into the server's folders for what can be heard below a
// prefix, and asks the server for what is left of it. Files of uploads have
// other names, so they are looked for by their content alone.
func (r *realServer) audible(t *testing.T, prefix string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(r.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && bytes.Contains(b, []byte(heard)) {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{storeBucket, rawBucket} {
		versions, err := r.client.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: aws.String(prefix + "/")})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range versions.DeleteMarkers {
			list = append(list, "mark of "+*m.Key)
		}
		uploads, err := r.client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range uploads.Uploads {
			list = append(list, "upload of "+*u.Key)
		}
	}
	return list
}

// TestRealServer does on a real server, whose folders it looks into, what
// TestInterruptedAnywhere does on one in memory.
func TestRealServer(t *testing.T) {
	t.Parallel()
	r := startRealServer(t)
	w := r.world(t, "whole")
	if n := len(r.audible(t, "whole")); n < 14 {
		t.Fatalf("before, only %d files can be heard", n)
	}
	w.line.cutOff(0, false, nil)
	if err := w.work(t.Context(), t, w.step(), nil); err != nil {
		t.Fatal(err)
	}
	requests := w.line.requests
	if left := r.audible(t, "whole"); len(left) > 0 {
		t.Fatalf("can still be heard:\n%s", strings.Join(left, "\n"))
	}
	t.Logf("%d requests", requests)
	for n := 1; n <= requests; n++ {
		prefix := fmt.Sprintf("cut-%d", n)
		w := r.world(t, prefix)
		ctx, cancel := context.WithCancel(t.Context())
		w.line.cutOff(n, n%2 == 0, cancel)
		if err := w.work(ctx, t, w.step(), nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("cut at request %d: %v", n, err)
		}
		w.line.cutOff(0, false, nil)
		if err := w.work(t.Context(), t, w.step(), nil); err != nil {
			t.Fatalf("cut at request %d, and gone on: %v", n, err)
		}
		var doc artifact.Cleanup
		if ok, err := (effects{w.store}).Load(t.Context(), "cleanup-consent", &doc); err != nil || !ok || !doc.AudioGone {
			t.Fatalf("cut at request %d: effect %+v, %v", n, doc, err)
		}
		if left := r.audible(t, prefix); len(left) > 0 {
			t.Fatalf("cut at request %d: can still be heard:\n%s", n, strings.Join(left, "\n"))
		}
		if b, err := os.ReadFile(filepath.Join(r.folder, "objects", storeBucket, prefix, run.ResultKey(recording, "transcript.txt"))); err != nil || string(b) != "what Ann said" {
			t.Errorf("cut at request %d: the transcript: %q, %v", n, b, err)
		}
	}
}
