package source

import (
	"context"
	"strings"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
	"github.com/trackscribe/trackscribe/steps/getparticipants"
	"github.com/trackscribe/trackscribe/steps/getrecording"
	"github.com/trackscribe/trackscribe/steps/padtrack"
)

// A Recording is where one recording lies: a folder or a prefix in a bucket
// ([Source]), or Daily ([daily.Source]).
type Recording interface {
	getrecording.Source
	getparticipants.Source
	padtrack.Source
	cleanupconsent.Place
	// Any reports whether there is anything.
	Any(ctx context.Context) (bool, error)
}

var (
	_ Recording = (*Source)(nil)
	_ Recording = (*daily.Source)(nil)
)

// Options say how recordings are reached.
type Options struct {
	S3    open.Options // of buckets
	Daily settings.Daily
	Store string // where artifacts lie; if that is Daily's bucket too, S3 says where it is
}

// FromSettings returns the options that the settings say.
func FromSettings(s settings.Settings) Options {
	return Options{S3: open.FromSettings(s), Daily: s.Daily, Store: s.Store}
}

// Open opens the place of a recording.
func Open(ctx context.Context, location string, opt Options) (Recording, error) {
	id, ok, err := daily.ParseLocation(location)
	if err != nil {
		return nil, err
	}
	if ok {
		client, err := opt.Client()
		if err != nil {
			return nil, err
		}
		return daily.NewSource(client, id, opt.bucket), nil
	}
	st, err := open.Open(ctx, location, opt.S3)
	if err != nil {
		return nil, err
	}
	return New(st, location, IsLocal(location)), nil
}

// IsLocal reports whether a location is a folder of this machine.
func IsLocal(location string) bool {
	return !strings.HasPrefix(location, "s3://") && !strings.HasPrefix(location, daily.Scheme)
}

// Client returns the client of Daily's API.
func (o Options) Client() (*daily.Client, error) {
	if o.Daily.Key == "" {
		return nil, steps.Wrong("set DAILY_API_KEY to a key of the account that recorded", "there is no key for Daily")
	}
	return daily.NewClient(daily.ClientOptions{URL: o.Daily.URL, Key: o.Daily.Key}), nil
}

// bucket opens the bucket that Daily writes to: what the settings say goes
// before what Daily says.
func (o Options) bucket(ctx context.Context, name, region string) (store.Store, error) {
	d := o.Daily
	if d.Bucket != "" {
		name = d.Bucket
	}
	if name == "" {
		return nil, steps.Wrong("set DAILYCO_STORAGE_AWS_BUCKET_NAME", "Daily does not say in which bucket the tracks are")
	}
	s3 := o.S3
	if d.Endpoint != "" {
		s3.Endpoint, s3.PathStyle = d.Endpoint, true
	} else if at, err := open.ParseLocation(o.Store); err != nil || at.Bucket != name {
		// The store's own server has no bucket of Daily's: that is at AWS.
		s3.Endpoint, s3.PathStyle = "", false
	}
	switch {
	case d.Region != "":
		s3.Region = d.Region
	case region != "" && s3.Endpoint == "":
		s3.Region = region
	}
	s3.AccessKeyID, s3.SecretAccessKey, s3.RoleARN = d.AccessKey, d.SecretKey, d.RoleARN
	return open.Open(ctx, "s3://"+name, s3)
}
