// Package open makes a store from a location that a person wrote:
// "s3://bucket/prefix" or a folder's path. It exists so that package store and
// its users stay free of the AWS SDK; only what starts a program imports it.
//
// It will not look at the environment (see s3.Options for the one exception),
// expand "~" or variables, or send anything before the store is used.
package open

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

// Options are the settings of an S3 store; a folder needs none. The fields are
// those of s3.Options.
type Options struct {
	Region          string
	Endpoint        string
	PathStyle       bool
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	RoleARN         string
	HTTPClient      *http.Client
}

// FromSettings returns the options that the settings say.
func FromSettings(s settings.Settings) Options {
	return Options{Region: s.S3Region, Endpoint: s.S3Endpoint, PathStyle: s.S3PathStyle}
}

// Open makes the store at a location.
func Open(ctx context.Context, location string, opt Options) (store.Store, error) {
	at, err := ParseLocation(location)
	if err != nil {
		return nil, err
	}
	// Not returned straight away: a nil *Store in an interface is not nil.
	if at.Bucket == "" {
		s, err := folder.New(folder.Options{Root: at.Folder})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	s, err := s3.New(ctx, s3.Options{
		Bucket:          at.Bucket,
		Prefix:          at.Prefix,
		Region:          opt.Region,
		Endpoint:        opt.Endpoint,
		PathStyle:       opt.PathStyle,
		AccessKeyID:     opt.AccessKeyID,
		SecretAccessKey: opt.SecretAccessKey,
		SessionToken:    opt.SessionToken,
		RoleARN:         opt.RoleARN,
		HTTPClient:      opt.HTTPClient,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Location is a folder, or a bucket with an optional prefix.
type Location struct {
	Folder string
	Bucket string
	Prefix string // without slashes at its ends
}

// String is the location as ParseLocation reads it.
func (l Location) String() string {
	switch {
	case l.Bucket == "":
		return l.Folder
	case l.Prefix == "":
		return "s3://" + l.Bucket
	}
	return "s3://" + l.Bucket + "/" + l.Prefix
}

// ParseLocation reads "s3://bucket", "s3://bucket/prefix" or a folder's path,
// relative or absolute. What looks like a URL of something else, or like a typo
// of one, is an error rather than a folder with an odd name. Errors never
// repeat the location, which may carry a password or a signature.
func ParseLocation(location string) (Location, error) {
	switch {
	case location == "":
		return Location{}, errors.New("store location: it is empty")
	case strings.ContainsRune(location, 0):
		return Location{}, errors.New("store location: it has a NUL")
	case location == "~" || strings.HasPrefix(location, "~/"):
		return Location{}, errors.New(`store location: "~" is not expanded here, write the whole path`)
	}
	scheme, rest, ok := strings.Cut(location, "://")
	switch {
	case ok && strings.EqualFold(scheme, "s3"):
		return parseBucket(rest)
	case ok && isScheme(scheme):
		return Location{}, fmt.Errorf("store location: scheme %q is not known, only s3:// and folders are", scheme)
	case len(location) >= 3 && strings.EqualFold(location[:3], "s3:"):
		return Location{}, errors.New("store location: an S3 location begins with s3://")
	}
	return Location{Folder: location}, nil
}

func parseBucket(rest string) (Location, error) {
	bucket, prefix, _ := strings.Cut(rest, "/")
	prefix = strings.TrimSuffix(prefix, "/")
	switch {
	case strings.ContainsRune(rest, '@') && strings.ContainsRune(bucket, ':'), strings.ContainsRune(bucket, '@'):
		return Location{}, errors.New("store location: credentials do not belong into a location, set the access key and secret")
	case strings.ContainsAny(rest, "?#"):
		return Location{}, errors.New("store location: an S3 location has no query and no fragment, set region and endpoint instead")
	case !isBucket(bucket):
		return Location{}, errors.New("store location: the bucket's name must have 3 to 255 of a-z A-Z 0-9 . _ -")
	}
	if prefix != "" {
		if err := store.ValidateKey(prefix); err != nil {
			return Location{}, fmt.Errorf("store location: prefix: %w", err)
		}
	}
	return Location{Bucket: bucket, Prefix: prefix}, nil
}

// isBucket is wider than AWS's rule (3 to 63, lower case): other servers, and
// the oldest buckets of AWS, have longer names and capitals.
func isBucket(s string) bool {
	if len(s) < 3 || len(s) > 255 {
		return false
	}
	for _, c := range []byte(s) {
		if !isAlnum(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return isAlnum(s[0])
}

// isScheme tells "gs://x" from a folder that happens to have "://" in its path.
func isScheme(s string) bool {
	for _, c := range []byte(s) {
		if !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
