package s3

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trackscribe/trackscribe/internal/store"
)

// List asks page after page, as the consumer gets there.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := s.list(ctx, prefix, func(info store.Info) bool { return yield(info, nil) }); err != nil {
			yield(store.Info{}, s.fail(ctx, "list", prefix, err))
		}
	}
}

// errOrder stands between a server that lists badly and a caller that trusts
// the order: a repeated page, or the unsorted listing of a directory bucket.
var errOrder = errors.New("the server's listing is not in key order")

func (s *Store) list(ctx context.Context, prefix string, yield func(store.Info) bool) error {
	if err := store.ValidatePrefix(prefix); err != nil {
		return err
	}
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix)}
	last := ""
	for {
		page, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return s.missing(ctx, err, err)
		}
		s.bucketSeen.Store(true)
		for _, o := range page.Contents {
			name := aws.ToString(o.Key)
			if name <= last {
				return errOrder
			}
			last = name
			key, ok := strings.CutPrefix(name, s.prefix)
			if !ok || store.ValidateKey(key) != nil {
				continue // such as the empty "folder/" that consoles create
			}
			if !yield(store.Info{Key: key, Size: aws.ToInt64(o.Size), ETag: etag(o.ETag)}) {
				return nil
			}
		}
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		next := aws.ToString(page.NextContinuationToken)
		if next == "" || next == aws.ToString(in.ContinuationToken) {
			return errors.New("the server's listing does not go on")
		}
		in.ContinuationToken = &next
	}
}
