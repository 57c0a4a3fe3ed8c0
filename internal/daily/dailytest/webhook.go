package dailytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Sign returns the headers with which Daily delivers a webhook's body: the
// base64 of HMAC-SHA256, under the decoded secret, of "<time stamp>.<body>"
// (https://docs.daily.co/reference/rest-api/webhooks).
func Sign(secret, body string, at time.Time) http.Header {
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		panic(err) // a test's own secret
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, stamp+"."+body)
	return http.Header{"X-Webhook-Timestamp": {stamp}, "X-Webhook-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
}
