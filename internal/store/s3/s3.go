// Package s3 is a store in a bucket of any S3-compatible server. It is the
// only package that imports the AWS SDK.
//
// It promises what store.Store does. Both ways stream:
//
//   - Put uses the SDK's transfer manager. An object below 5 MiB is one request;
//     a larger one is a multipart upload that becomes visible when it is
//     completed and is aborted when it fails. One Put holds at most 4 parts of
//     5 MiB (2 in flight, 1 being filled, the first one): 20 MiB. The limit of
//     10,000 parts puts the largest object at 48.8 GiB.
//   - Get is one GET request whose body is handed on; it holds a few hundred
//     KiB at most. The transfer manager's GetObject is not used: it buffers whole
//     parts, waits for them in a busy loop and starts goroutines on every Read.
//
// Retries are the SDK's (3 attempts for a request, with backoff) and end where
// a body begins: a Get whose connection breaks is an error of Read. Checksums
// beyond the signed SHA-256 of each request are sent only where S3 demands
// them, so that servers without them work.
//
// IfAbsent is "If-None-Match: *", which the server must honour to be atomic:
// AWS, MinIO and R2 do, Garage does not document it. A look before the upload
// finds an object that is there already on any server, but where the condition
// is ignored two writers at the same moment may both win.
//
// It will not create buckets, set ACLs or encryption (the bucket's defaults
// apply), read old versions, or wait for an eventually
// consistent server.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/trackscribe/trackscribe/internal/store"
)

// responseTimeout is how long a server may take to begin its answer once it has
// the whole request.
const responseTimeout = 60 * time.Second

// Options says which bucket, where, and as whom.
//
// With AccessKeyID and Region set nothing else is looked at. Otherwise the
// SDK's default chain (its environment variables, shared files, container and
// instance roles) fills in what is empty; this is the one place where a library
// of this project lets the environment in, because that chain is what people
// know.
type Options struct {
	Bucket string // required
	Prefix string // keys live below it, as if it were a folder; may be empty

	Region    string // default: the chain's, else us-east-1 if Endpoint is set
	Endpoint  string // http(s)://host[:port][/path] of another server than AWS
	PathStyle bool   // endpoint/bucket/key instead of bucket.endpoint/key: MinIO, Garage and most own servers

	AccessKeyID     string // default: the chain's credentials
	SecretAccessKey string
	SessionToken    string
	RoleARN         string // assumed with those credentials; empty: none

	// HTTPClient replaces the SDK's. Its Timeout, if any, would cover whole
	// streams. It follows no redirects: a signature holds for one host.
	HTTPClient *http.Client

	maxBackoff time.Duration // for tests; 0 is the SDK's
}

// Store is one bucket, or what is below a prefix in it. It implements
// store.Store.
type Store struct {
	client *s3.Client
	bucket string
	prefix string // "" or ends in a slash

	// bucketSeen is set once the bucket has answered; see missing.
	bucketSeen atomic.Bool
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Purger = (*Store)(nil)

	_ store.Presigner = (*Store)(nil)
)

// New checks the options and makes the client. It sends nothing to the store:
// a wrong bucket or credential shows on first use.
func New(ctx context.Context, opt Options) (*Store, error) {
	if opt.Bucket == "" {
		return nil, errors.New("open S3 store: the bucket is empty")
	}
	prefix := strings.Trim(opt.Prefix, "/")
	if prefix != "" {
		if err := store.ValidateKey(prefix); err != nil {
			return nil, fmt.Errorf("open S3 store: prefix: %w", err)
		}
		prefix += "/"
	}
	if err := checkEndpoint(opt.Endpoint); err != nil {
		return nil, fmt.Errorf("open S3 store: endpoint: %w", err)
	}
	if (opt.AccessKeyID == "") != (opt.SecretAccessKey == "") {
		return nil, errors.New("open S3 store: access key id and secret access key go together")
	}
	cfg, err := loadConfig(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	return &Store{client: newClient(cfg, opt), bucket: opt.Bucket, prefix: prefix}, nil
}

// checkEndpoint never repeats the endpoint: it may have a password in it.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("it must be http://host:port or https://host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("it must not have credentials, a query or a fragment")
	}
	return nil
}

func loadConfig(ctx context.Context, opt Options) (aws.Config, error) {
	var cfg aws.Config
	if opt.AccessKeyID == "" || opt.Region == "" {
		loaded, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}))
		if err != nil {
			return cfg, err
		}
		cfg = loaded
	}
	if opt.Region != "" {
		cfg.Region = opt.Region
	}
	if cfg.Region == "" {
		if opt.Endpoint == "" {
			return cfg, errors.New("no region is set")
		}
		cfg.Region = "us-east-1"
	}
	if opt.AccessKeyID != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(opt.AccessKeyID, opt.SecretAccessKey, opt.SessionToken)
	}
	if opt.RoleARN != "" {
		cfg.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), opt.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "trackscribe"
		})
	}
	cfg.Credentials = aws.NewCredentialsCache(namedProvider{cfg.Credentials})
	cfg.Logger = logging.Nop{}
	cfg.HTTPClient = httpClient(opt.HTTPClient)
	return cfg, nil
}

func httpClient(client *http.Client) aws.HTTPClient {
	if client == nil {
		return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = responseTimeout
		})
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func newClient(cfg aws.Config, opt Options) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if opt.Endpoint != "" {
			o.BaseEndpoint = aws.String(opt.Endpoint)
		}
		o.UsePathStyle = opt.PathStyle
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		if opt.maxBackoff > 0 {
			o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxBackoff = opt.maxBackoff })
		}
	})
}

// URL is s3://bucket/prefix.
func (s *Store) URL() string {
	return strings.TrimSuffix("s3://"+s.bucket+"/"+s.prefix, "/")
}

// name is the key in the bucket.
func (s *Store) name(key string) (*string, error) {
	if err := store.ValidateKey(key); err != nil {
		return nil, err
	}
	if n := len(s.prefix) + len(key); n > store.MaxKeyLen {
		return nil, fmt.Errorf("%w: it has %d bytes with the store's prefix, the limit is %d", store.ErrBadKey, n, store.MaxKeyLen)
	}
	return aws.String(s.prefix + key), nil
}
