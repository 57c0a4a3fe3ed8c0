package s3

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/internal/digest"
)

const (
	partSize    = 5 << 20 // bytes; S3 takes no smaller part but the last
	concurrency = 2       // parts in flight per Put

	// abortTimeout bounds the clean-up of a failed upload, which must happen
	// although the caller's context may be done.
	abortTimeout = 10 * time.Second
)

// Put streams r in parts.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, opt store.PutOptions) (store.Info, error) {
	src := digest.NewReader(ctx, r)
	out, err := s.upload(ctx, key, src, opt)
	if src.Err() != nil {
		// Whatever it is, it says nothing about this store.
		return store.Info{}, &store.Error{Op: "put", Key: key, Err: src.Err(), Transient: store.IsTransient(src.Err())}
	}
	if err != nil {
		return store.Info{}, s.fail(ctx, "put", key, err)
	}
	s.bucketSeen.Store(true)
	return store.Info{
		Key:     key,
		Size:    src.Size(),
		SHA256:  src.SHA256(),
		ETag:    etag(out.ETag),
		Version: version(out.VersionID),
	}, nil
}

func (s *Store) upload(ctx context.Context, key string, src io.Reader, opt store.PutOptions) (*transfermanager.UploadObjectOutput, error) {
	name, err := s.name(key)
	if err != nil {
		return nil, err
	}
	in := &transfermanager.UploadObjectInput{Bucket: &s.bucket, Key: name, Body: src}
	if opt.ContentType != "" {
		in.ContentType = &opt.ContentType
	}
	if opt.IfAbsent {
		// The condition below decides. This look spares the upload of what is
		// there already, and is all there is on servers that ignore conditions.
		if _, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: name}); err == nil {
			return nil, store.ErrExists
		}
		in.IfNoneMatch = aws.String("*")
	}
	client := &uploadClient{Client: s.client}
	manager := transfermanager.New(client, func(o *transfermanager.Options) {
		o.PartSizeBytes = partSize
		o.MultipartUploadThreshold = partSize
		o.Concurrency = concurrency
		o.FailTimeout = abortTimeout
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	out, err := manager.UploadObject(ctx, in)
	if client.err != nil {
		err = client.err
	}
	if err == nil {
		return out, nil
	}
	if opt.IfAbsent && errorCode(err) == "ConditionalRequestConflict" {
		// Another writer came in between. If it won, the answer is final.
		if _, headErr := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: name}); headErr == nil {
			return nil, store.ErrExists
		}
	}
	return nil, s.missing(ctx, err, err)
}

// uploadClient keeps a failed CompleteMultipartUpload from the transfer
// manager, which would print it with the global logger: for IfAbsent that
// failure is an ordinary answer. It is used for one upload.
type uploadClient struct {
	*s3.Client
	err error
}

// CompleteMultipartUpload aborts the upload itself when it fails.
func (c *uploadClient) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, opts ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	out, err := c.Client.CompleteMultipartUpload(ctx, in, opts...)
	if err == nil {
		return out, nil
	}
	c.err = err
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	// The first error is the one to report. Parts that stay behind are for the
	// bucket's lifecycle rule.
	_, _ = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId})
	return &s3.CompleteMultipartUploadOutput{}, nil
}

// Delete sends one DELETE, which succeeds for an absent object too.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := s.name(key)
	if err == nil {
		_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: name})
	}
	if errorCode(err) == "NoSuchKey" {
		return nil // not AWS, where this is a success
	}
	if err = s.missing(ctx, err, nil); err != nil {
		return s.fail(ctx, "delete", key, err)
	}
	return nil
}
