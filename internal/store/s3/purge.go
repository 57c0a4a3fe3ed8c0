package s3

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trackscribe/trackscribe/internal/store"
)

// Purge removes the object's unfinished uploads, then its versions and marks
// of deletion, the latest last: as long as anything is left, the object does not
// look as if it were gone, nor does an older version come back to light.
//
// A server that knows no versions (NotImplemented) has only the object.
func (s *Store) Purge(ctx context.Context, key string) error {
	name, err := s.name(key)
	if err == nil {
		err = s.purge(ctx, *name)
	}
	if err != nil {
		return s.fail(ctx, "purge", key, err)
	}
	return nil
}

func (s *Store) purge(ctx context.Context, name string) error {
	var uploads []string
	err := s.uploads(ctx, name, func(u types.MultipartUpload) bool {
		if aws.ToString(u.Key) == name {
			uploads = append(uploads, aws.ToString(u.UploadId))
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, id := range uploads {
		_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &name, UploadId: &id})
		if err != nil && errorCode(err) != "NoSuchUpload" {
			return s.missing(ctx, err, err)
		}
	}
	var versions []revision
	err = s.versions(ctx, name, func(v revision) bool {
		if v.name == name {
			versions = append(versions, v)
		}
		return true
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(versions, func(a, b revision) int {
		switch {
		case a.latest == b.latest:
			return 0
		case a.latest:
			return 1
		}
		return -1
	})
	for _, v := range versions {
		in := &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &name}
		if v.id != "" {
			in.VersionId = &v.id
		}
		_, err := s.client.DeleteObject(ctx, in)
		if code := errorCode(err); err != nil && code != "NoSuchKey" && code != "NoSuchVersion" {
			return s.missing(ctx, err, err)
		}
	}
	return nil
}

// Remains asks for the versions first, then for the uploads, page after page.
func (s *Store) Remains(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		seen := map[string]bool{}
		done := false
		give := func(name string) bool {
			key, ok := strings.CutPrefix(name, s.prefix)
			if !ok || seen[key] || store.ValidateKey(key) != nil {
				return true
			}
			seen[key] = true
			done = !yield(key, nil)
			return !done
		}
		err := store.ValidatePrefix(prefix)
		if err == nil {
			err = s.versions(ctx, s.prefix+prefix, func(v revision) bool { return give(v.name) })
		}
		if err == nil && !done {
			err = s.uploads(ctx, s.prefix+prefix, func(u types.MultipartUpload) bool { return give(aws.ToString(u.Key)) })
		}
		if err != nil {
			e := s.fail(ctx, "list", prefix, err)
			var se *store.Error
			if errors.As(e, &se) && se.Kind == store.ErrDenied && se.Advice != "" {
				se.Advice = s.adviseDenied("purge", errorCode(err))
			}
			yield("", e)
		}
	}
}

// revision is one version of an object, or a mark that it was deleted.
type revision struct {
	name   string // in the bucket
	id     string // "null" of what was written without versioning; "" from a server that knows no versions
	latest bool
}

// versions hands over every version of the objects whose name begins with
// prefix.
func (s *Store) versions(ctx context.Context, prefix string, take func(revision) bool) error {
	in := &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &prefix}
	for {
		page, err := s.client.ListObjectVersions(ctx, in)
		if unknown(err) {
			return s.plain(ctx, prefix, take)
		}
		if err != nil {
			return s.missing(ctx, err, err)
		}
		s.bucketSeen.Store(true)
		for _, v := range page.Versions {
			if !take(revision{aws.ToString(v.Key), aws.ToString(v.VersionId), aws.ToBool(v.IsLatest)}) {
				return nil
			}
		}
		for _, m := range page.DeleteMarkers {
			if !take(revision{aws.ToString(m.Key), aws.ToString(m.VersionId), aws.ToBool(m.IsLatest)}) {
				return nil
			}
		}
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		if k, v := page.NextKeyMarker, page.NextVersionIdMarker; aws.ToString(k) == "" ||
			aws.ToString(k) == aws.ToString(in.KeyMarker) && aws.ToString(v) == aws.ToString(in.VersionIdMarker) {
			return errStuck
		}
		in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
	}
}

// plain is versions on a server that knows none.
func (s *Store) plain(ctx context.Context, prefix string, take func(revision) bool) error {
	return s.pages(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}, func(page *s3.ListObjectsV2Output) (bool, error) {
		for _, o := range page.Contents {
			if !take(revision{name: aws.ToString(o.Key), latest: true}) {
				return false, nil
			}
		}
		return true, nil
	})
}

// uploads hands over the unfinished multipart uploads of objects whose name
// begins with prefix. A server that cannot list them is taken to have none.
func (s *Store) uploads(ctx context.Context, prefix string, take func(types.MultipartUpload) bool) error {
	in := &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &prefix}
	for {
		page, err := s.client.ListMultipartUploads(ctx, in)
		if unknown(err) || errorCode(err) == "NoSuchUpload" {
			return nil
		}
		if err != nil {
			return s.missing(ctx, err, err)
		}
		for _, u := range page.Uploads {
			if !take(u) {
				return nil
			}
		}
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		if k, u := page.NextKeyMarker, page.NextUploadIdMarker; aws.ToString(k) == "" ||
			aws.ToString(k) == aws.ToString(in.KeyMarker) && aws.ToString(u) == aws.ToString(in.UploadIdMarker) {
			return errStuck
		}
		in.KeyMarker, in.UploadIdMarker = page.NextKeyMarker, page.NextUploadIdMarker
	}
}

// unknown says that the server has no such operation.
func unknown(err error) bool {
	return err != nil && (errorCode(err) == "NotImplemented" || status(err) == http.StatusNotImplemented || status(err) == http.StatusMethodNotAllowed)
}
