package s3

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Presign implements [store.Presigner]. It sends nothing: whether the object is
// there shows when somebody reads it.
func (s *Store) Presign(ctx context.Context, key string, life time.Duration) (string, error) {
	name, err := s.name(key)
	if err != nil {
		return "", err
	}
	req, err := s3.NewPresignClient(s.client, s3.WithPresignExpires(life)).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: name})
	if err != nil {
		return "", s.fail(ctx, "presign", key, err)
	}
	return req.URL, nil
}
