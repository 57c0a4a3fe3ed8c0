package serve

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// window is how old, or how far ahead, a delivery's time may be: a recorded one
// cannot be sent again later.
const window = 5 * time.Minute

// errSignature says that a delivery is not Daily's, or not of now.
var errSignature = errors.New("the signature does not match")

// verify checks a delivery's signature: base64 of HMAC-SHA256 under the decoded
// secret of "<time stamp>.<body>" (https://docs.daily.co/reference/rest-api/webhooks).
func verify(secret []byte, h http.Header, body []byte, now time.Time) error {
	stamp := h.Get("X-Webhook-Timestamp")
	seconds, err := strconv.ParseFloat(stamp, 64)
	if err != nil {
		return errSignature
	}
	if seconds > 1e12 { // milliseconds
		seconds /= 1000
	}
	if math.Abs(float64(now.Unix())-seconds) > window.Seconds() {
		return errSignature
	}
	got, err := base64.StdEncoding.DecodeString(h.Get("X-Webhook-Signature"))
	if err != nil {
		return errSignature
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), got) {
		return errSignature
	}
	return nil
}

// delivery is the part of what Daily sends that matters here.
type delivery struct {
	Test    string `json:"test"` // the ping when a webhook is made
	Type    string `json:"type"`
	Payload struct {
		Type        string `json:"type"`
		RecordingID string `json:"recording_id"`
	} `json:"payload"`
}

// What came of a delivery, for people and counters.
const (
	outcomeAccepted  = "accepted"  // a run will be started
	outcomeDuplicate = "duplicate" // it was accepted before
	outcomePing      = "ping"
	outcomeIgnored   = "ignored" // nothing to do about it
	outcomeRefused   = "refused" // the signature is wrong
	outcomeBad       = "bad"     // not what Daily sends
)

// recordingID is what Daily's ids look like.
var recordingID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,118}$`)

// recordingOf returns the recording that a delivery makes ready, or what else
// it is.
func recordingOf(body []byte) (id, outcome string) {
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil {
		return "", outcomeBad
	}
	switch {
	case d.Test != "":
		return "", outcomePing
	case d.Type != "recording.ready-to-download", d.Payload.Type != "" && d.Payload.Type != "raw-tracks":
		return "", outcomeIgnored
	case !recordingID.MatchString(d.Payload.RecordingID):
		return "", outcomeBad
	}
	return d.Payload.RecordingID, outcomeAccepted
}
