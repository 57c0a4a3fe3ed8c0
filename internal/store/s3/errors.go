package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/trackscribe/trackscribe/internal/store"
)

// fail turns what the SDK returned into a store.Error. Its text has the
// server's code and message, never a URL.
func (s *Store) fail(ctx context.Context, op, key string, err error) error {
	e := &store.Error{Op: op, Key: key}
	if ctx.Err() != nil {
		// The SDK's error is then only an echo of it, and may hide it.
		e.Err, e.Transient = ctx.Err(), store.IsTransient(ctx.Err())
		return e
	}
	for _, kind := range []error{store.ErrNotFound, store.ErrBucketNotFound, store.ErrExists} {
		if err == kind {
			e.Kind = kind
		}
	}
	if e.Kind == nil {
		e.Err = &cause{text: describe(err), err: err}
		e.Kind, e.Transient = s.classify(op, err)
	}
	e.Advice = s.advise(op, e.Kind, err)
	return e
}

// cause is an SDK error with a short text. errors.As still finds the original.
type cause struct {
	text string
	err  error
}

func (c *cause) Error() string { return c.text }
func (c *cause) Unwrap() error { return c.err }

func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func response(err error) *smithyhttp.Response {
	var re *smithyhttp.ResponseError
	if errors.As(err, &re) && re.Response != nil && re.Response.Response != nil {
		return re.Response
	}
	return nil
}

// status is the HTTP status of an error, 0 if no answer came.
func status(err error) int {
	if r := response(err); r != nil {
		return r.StatusCode
	}
	return 0
}

// classify sorts an error by the server's code first, since servers disagree on
// statuses, then by status, then by how the connection failed.
// Codes: AWS S3 API reference, "Error responses"; MinIO's X... codes.
func (s *Store) classify(op string, err error) (kind error, transient bool) {
	code := errorCode(err)
	switch code {
	case "NoSuchKey":
		return store.ErrNotFound, false
	case "NoSuchBucket", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return store.ErrBucketNotFound, false
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded":
		return store.ErrFull, false
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return store.ErrDenied, false // status 400
	case "ConditionalRequestConflict", "OperationAborted", // two writers met
		"NoSuchUpload",                                             // the upload was swept away, or its answer was lost
		"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", // damaged on the way
		"RequestTimeout":
		return nil, true
	}
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return nil, true
	}
	switch n := status(err); {
	case isCredentials(err):
		return store.ErrDenied, n >= 500 || n == http.StatusTooManyRequests
	case n == http.StatusPreconditionFailed && op == "put":
		return store.ErrExists, false
	case n == http.StatusMovedPermanently || n == http.StatusTemporaryRedirect || s.otherRegion(err) != "":
		return store.ErrBucketNotFound, false
	case n == http.StatusUnauthorized || n == http.StatusForbidden:
		return store.ErrDenied, false
	case n == http.StatusInsufficientStorage:
		return store.ErrFull, false
	case n == http.StatusRequestTimeout || n == http.StatusTooManyRequests:
		return nil, true
	case n >= 500:
		return nil, n != http.StatusNotImplemented
	case n >= 300:
		return nil, false
	}
	return nil, !isTLS(err) && (isSend(err) || store.IsNetwork(err))
}

// otherRegion is the region where a server says the bucket is, if it refused
// the request for that. HEAD gets a bare 400 for it.
func (s *Store) otherRegion(err error) string {
	r := response(err)
	if r == nil {
		return ""
	}
	region := r.Header.Get("X-Amz-Bucket-Region")
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest:
		if region != s.client.Options().Region {
			return region
		}
	}
	return ""
}

func isSend(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send)
}

// isTLS says that both sides do not speak the same protocol or that one does
// not trust the other: another try changes nothing.
func isTLS(err error) bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &cert) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// describe is `Code: message (HTTP 403)`, or the network's own words.
func describe(err error) string {
	text := err.Error()
	var api smithy.APIError
	var link *url.Error
	switch {
	case errors.As(err, &api):
		text = api.ErrorCode()
		if msg := api.ErrorMessage(); msg != "" && msg != text {
			text += ": " + msg
		}
		if n := status(err); n != 0 {
			text += fmt.Sprintf(" (HTTP %d)", n)
		}
	case errors.As(err, &link):
		text = link.Err.Error()
	}
	const limit = 500 // a proxy's whole page is no message
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	var tries *retry.MaxAttemptsError
	if errors.As(err, &tries) {
		text += fmt.Sprintf(", after %d attempts", tries.Attempt)
	}
	return text
}

// advise says what a person can do.
func (s *Store) advise(op string, kind, err error) string {
	switch {
	case isCredentials(err):
		return "no usable credentials were found: set the store's access key and secret, or give the process a role"
	case kind == store.ErrDenied:
		return s.adviseDenied(op, errorCode(err))
	case kind == store.ErrBucketNotFound:
		if region := s.otherRegion(err); region != "" {
			return fmt.Sprintf("bucket %q is in region %q: set the store's region", s.bucket, region)
		}
		return fmt.Sprintf("check the name and the region of bucket %q, and the endpoint", s.bucket)
	case kind == store.ErrFull:
		return fmt.Sprintf("raise the quota of bucket %q or free space on its server", s.bucket)
	case isTLS(err):
		return "check the endpoint: http or https, and whether its certificate is trusted here"
	case kind == nil && isSend(err):
		return "check that the endpoint can be reached from here; own servers often need path style"
	}
	return ""
}

func (s *Store) adviseDenied(op, code string) string {
	switch code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return "the server does not know this access key, or the secret is wrong: check both, and that they belong to this endpoint"
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return "the session token has expired: get a new one"
	case "RequestTimeTooSkewed":
		return "this machine's clock is wrong"
	}
	permission := map[string]string{
		"put":    "s3:PutObject and s3:AbortMultipartUpload",
		"get":    "s3:GetObject",
		"stat":   "s3:GetObject (and s3:ListBucket, without which a missing object looks forbidden)",
		"list":   "s3:ListBucket",
		"delete": "s3:DeleteObject",
		"purge":  "s3:ListBucketVersions, s3:ListBucketMultipartUploads, s3:DeleteObject, s3:DeleteObjectVersion and s3:AbortMultipartUpload",
	}[op]
	if permission == "" {
		permission = "s3:GetObject"
	}
	return fmt.Sprintf("the credentials need %s on bucket %q", permission, s.bucket)
}

// namedProvider marks the errors of a credentials provider, which are otherwise
// told from a failed request only by their text.
type namedProvider struct{ aws.CredentialsProvider }

type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "get credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

func (p namedProvider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return c, &credentialsError{err}
	}
	return c, nil
}

func isCredentials(err error) bool {
	var c *credentialsError
	return errors.As(err, &c)
}
