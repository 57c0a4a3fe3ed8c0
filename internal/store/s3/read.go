package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trackscribe/trackscribe/internal/store"
)

// Get sends one GET and hands on its body.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	out, err := s.get(ctx, key, nil)
	if err != nil {
		return nil, store.Info{}, s.fail(ctx, "get", key, err)
	}
	info := store.Info{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: etag(out.ETag), Version: version(out.VersionId)}
	return newBody(ctx, key, out), info, nil
}

// GetRange sends one GET with a Range.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	rc, err := s.getRange(ctx, key, offset, length)
	if err != nil {
		return nil, s.fail(ctx, "get", key, err)
	}
	return rc, nil
}

func (s *Store) getRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 {
		return nil, fmt.Errorf("offset %d is negative", offset)
	}
	if length == 0 {
		// HTTP has no empty range; the object must be there all the same.
		if _, err := s.head(ctx, key); err != nil {
			return nil, err
		}
		return io.NopCloser(strings.NewReader("")), nil
	}
	ranged := fmt.Sprintf("bytes=%d-", offset)
	if length > 0 && length <= math.MaxInt64-offset {
		ranged += fmt.Sprint(offset + length - 1)
	}
	out, err := s.get(ctx, key, &ranged)
	if errorCode(err) == "InvalidRange" || status(err) == http.StatusRequestedRangeNotSatisfiable {
		return io.NopCloser(strings.NewReader("")), nil
	}
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", offset)) {
		out.Body.Close()
		return nil, errors.New("the server sent another range than the one asked for")
	}
	return newBody(ctx, key, out), nil
}

func (s *Store) get(ctx context.Context, key string, ranged *string) (*s3.GetObjectOutput, error) {
	name, err := s.name(key)
	if err != nil {
		return nil, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: name, Range: ranged})
	if err != nil {
		return nil, s.missing(ctx, err, store.ErrNotFound)
	}
	s.bucketSeen.Store(true)
	return out, nil
}

// Stat sends one HEAD.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	info, err := s.head(ctx, key)
	if err != nil {
		return store.Info{}, s.fail(ctx, "stat", key, err)
	}
	return info, nil
}

func (s *Store) head(ctx context.Context, key string) (store.Info, error) {
	name, err := s.name(key)
	if err != nil {
		return store.Info{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: name})
	if err != nil {
		return store.Info{}, s.missing(ctx, err, store.ErrNotFound)
	}
	s.bucketSeen.Store(true)
	return store.Info{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: etag(out.ETag), Version: version(out.VersionId)}, nil
}

// missing replaces a 404 that does not say what is missing (the answer to HEAD
// has no body): ErrBucketNotFound if it is the bucket, otherwise what the
// caller says. The bucket is asked once, if nothing was heard from it before;
// without the right to ask, it is taken to be there.
func (s *Store) missing(ctx context.Context, err, otherwise error) error {
	if status(err) != http.StatusNotFound {
		return err
	}
	switch errorCode(err) {
	case "", "NotFound", "UnknownError":
	default:
		return err
	}
	if s.bucketSeen.Load() {
		return otherwise
	}
	_, headErr := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	switch n := status(headErr); {
	case headErr == nil:
		s.bucketSeen.Store(true)
	case n == http.StatusNotFound:
		return store.ErrBucketNotFound
	case n == 0 || n >= 500:
		return headErr
	}
	return otherwise
}

// body is an answer's body that names its key in errors and does not end
// before its announced length.
type body struct {
	ctx  context.Context
	key  string
	rc   io.ReadCloser
	left int64 // bytes to come; negative: unknown
}

func newBody(ctx context.Context, key string, out *s3.GetObjectOutput) io.ReadCloser {
	left := int64(-1)
	if out.ContentLength != nil {
		left = *out.ContentLength
	}
	return &body{ctx: ctx, key: key, rc: out.Body, left: left}
}

func (b *body) Read(p []byte) (int, error) {
	// What has arrived already would be readable for a while after the end of ctx.
	var n int
	err := b.ctx.Err()
	if err == nil {
		n, err = b.rc.Read(p)
	}
	if b.left >= 0 {
		b.left = max(b.left-int64(n), 0)
	}
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		e := &store.Error{Op: "read", Key: b.key, Err: err, Transient: true}
		if b.ctx.Err() != nil {
			e.Err, e.Transient = b.ctx.Err(), store.IsTransient(b.ctx.Err())
		}
		err = e
	}
	return n, err
}

func (b *body) Close() error { return b.rc.Close() }

// etag drops the quotes of a strong ETag, which not every answer has.
func etag(s *string) string { return strings.Trim(aws.ToString(s), `"`) }

// version is empty where the bucket keeps no versions.
func version(s *string) string {
	if v := aws.ToString(s); v != "null" {
		return v
	}
	return ""
}
