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

// Folders asks the server to roll up what follows the next slash.
func (s *Store) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := store.ValidateFolder(prefix)
		if err == nil {
			in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix), Delimiter: aws.String("/")}
			err = s.pages(ctx, in, func(page *s3.ListObjectsV2Output) (bool, error) {
				for _, p := range page.CommonPrefixes {
					name := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), s.prefix+prefix), "/")
					if store.ValidateKey(prefix+name) == nil && !yield(name, nil) {
						return false, nil
					}
				}
				return true, nil
			})
		}
		if err != nil {
			yield("", s.fail(ctx, "list", prefix, err))
		}
	}
}

// errStuck stands between such a server and a caller that would wait for ever.
var errStuck = errors.New("the server's listing does not go on")

// errOrder stands between a server that lists badly and a caller that trusts
// the order: a repeated page, or the unsorted listing of a directory bucket.
var errOrder = errors.New("the server's listing is not in key order")

func (s *Store) list(ctx context.Context, prefix string, yield func(store.Info) bool) error {
	if err := store.ValidatePrefix(prefix); err != nil {
		return err
	}
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix)}
	last := ""
	return s.pages(ctx, in, func(page *s3.ListObjectsV2Output) (bool, error) {
		for _, o := range page.Contents {
			name := aws.ToString(o.Key)
			if name <= last {
				return false, errOrder
			}
			last = name
			key, ok := strings.CutPrefix(name, s.prefix)
			if !ok || store.ValidateKey(key) != nil {
				continue // such as the empty "folder/" that consoles create
			}
			if !yield(store.Info{Key: key, Size: aws.ToInt64(o.Size), ETag: etag(o.ETag)}) {
				return false, nil
			}
		}
		return true, nil
	})
}

// pages hands over one page after the other, as long as more is wanted.
func (s *Store) pages(ctx context.Context, in *s3.ListObjectsV2Input, take func(*s3.ListObjectsV2Output) (more bool, err error)) error {
	for {
		page, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return s.missing(ctx, err, err)
		}
		s.bucketSeen.Store(true)
		if more, err := take(page); err != nil || !more {
			return err
		}
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		next := aws.ToString(page.NextContinuationToken)
		if next == "" || next == aws.ToString(in.ContinuationToken) {
			return errStuck
		}
		in.ContinuationToken = &next
	}
}
