package serve

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily"
)

// window is how old, or how far ahead, a delivery's time may be: a recorded one
// cannot be sent again later.
const window = 5 * time.Minute

// maxBody bounds a delivery.
const maxBody = 1 << 20

// Why a delivery is refused, for the log alone.
var (
	errNoSecret  = errors.New("DAILY_WEBHOOK_SECRET is not set here")
	errUnsigned  = errors.New("it is not signed")
	errOffTime   = errors.New("its time is more than five minutes from now")
	errSignature = errors.New("the signature is not made with DAILY_WEBHOOK_SECRET, which is the webhook's hmac at Daily")
)

// verify checks a delivery's signature: base64 of HMAC-SHA256 under the decoded
// secret of "<time stamp>.<body>" (https://docs.daily.co/reference/rest-api/webhooks).
func verify(secret []byte, h http.Header, body []byte, now time.Time) error {
	if len(secret) == 0 {
		return errNoSecret
	}
	stamp := h.Get("X-Webhook-Timestamp")
	seconds, err := strconv.ParseFloat(stamp, 64)
	if err != nil {
		return errUnsigned
	}
	if seconds > 1e12 { // milliseconds
		seconds /= 1000
	}
	if math.Abs(float64(now.Unix())-seconds) > window.Seconds() {
		return errOffTime
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
	outcomeError     = "error"   // Daily says that a recording went wrong
	outcomeIgnored   = "ignored" // nothing to do about it
	outcomeRefused   = "refused" // the signature is wrong
	outcomeBad       = "bad"     // not what Daily sends
	outcomeFailed    = "failed"  // the store did not keep it
)

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
	case d.Type == "recording.error":
		return "", outcomeError
	case d.Type != "recording.ready-to-download", d.Payload.Type != "" && d.Payload.Type != "raw-tracks":
		return "", outcomeIgnored
	case !daily.IsID(d.Payload.RecordingID):
		return "", outcomeBad
	}
	return d.Payload.RecordingID, outcomeAccepted
}

// hook takes one delivery. The order is in the store before the answer.
func (s *Server) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.delivered(w, http.StatusRequestEntityTooLarge, outcomeBad)
		return
	}
	id, outcome := recordingOf(body)
	// The ping that makes a webhook comes before its secret is known here.
	if outcome == outcomePing {
		s.delivered(w, http.StatusOK, outcome)
		return
	}
	now := s.opt.Now()
	if err := verify(s.secret, r.Header, body, now); err != nil {
		s.opt.Log.Warn("a delivery is refused", "error", err)
		s.delivered(w, http.StatusUnauthorized, outcomeRefused)
		return
	}
	switch outcome {
	case outcomeBad:
		s.opt.Log.Warn("a delivery is not what Daily sends")
		s.delivered(w, http.StatusUnprocessableEntity, outcome)
		return
	case outcomeError:
		s.opt.Log.Warn("daily says that a recording went wrong; its dashboard has the reason")
		s.delivered(w, http.StatusOK, outcome)
		return
	case outcomeIgnored:
		s.delivered(w, http.StatusOK, outcome)
		return
	}
	fresh, err := s.order(r.Context(), orderOf(id, now))
	switch {
	case err != nil:
		s.opt.Log.Error("a delivery is not kept", "recording", id, "error", err)
		s.delivered(w, http.StatusServiceUnavailable, outcomeFailed) // Daily sends it again
	case fresh:
		s.delivered(w, http.StatusOK, outcomeAccepted)
	default:
		s.delivered(w, http.StatusOK, outcomeDuplicate)
	}
}

// delivered answers a delivery and counts it.
func (s *Server) delivered(w http.ResponseWriter, status int, outcome string) {
	s.metrics.Delivery(outcome)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, outcome+"\n")
}
