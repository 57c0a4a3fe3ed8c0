// Package webhooktest is a receiver of webhooks for tests. It verifies what it
// gets by code of its own, written from the documentation.
package webhooktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Secret is what deliveries must be signed with.
const Secret = "webhook-secret-for-tests"

// A Delivery is one request.
type Delivery struct {
	EventID string
	Event   string
	Retry   string
	Valid   bool // its signature
	Body    []byte
}

// A Receiver keeps what it was told. It may be used from many goroutines.
type Receiver struct {
	mu   sync.Mutex
	fail int
	with int
	got  []Delivery
}

// New returns a receiver that answers the first so many requests with a status,
// and the others with 200.
func New(fail, status int) *Receiver { return &Receiver{fail: fail, with: status} }

// Deliveries returns all requests so far.
func (r *Receiver) Deliveries() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Delivery{}, r.got...)
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var v struct {
		EventID string `json:"event_id"`
		Event   string `json:"event"`
	}
	if json.Unmarshal(body, &v) != nil || v.Event != req.Header.Get("X-Webhook-Event") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, Delivery{v.EventID, v.Event, req.Header.Get("X-Webhook-Retry"), valid(req.Header.Get("X-Webhook-Signature"), body), body})
	if len(r.got) <= r.fail {
		w.WriteHeader(r.with)
	}
	io.WriteString(w, "thanks")
}

// valid checks a header t=<seconds>,v1=<hex of HMAC-SHA256 of "<t>.<body>">.
func valid(header string, body []byte) bool {
	fields := map[string]string{}
	for _, f := range strings.Split(header, ",") {
		k, v, _ := strings.Cut(f, "=")
		fields[k] = v
	}
	mac := hmac.New(sha256.New, []byte(Secret))
	fmt.Fprintf(mac, "%s.%s", fields["t"], body)
	want, err := hex.DecodeString(fields["v1"])
	return err == nil && hmac.Equal(mac.Sum(nil), want)
}
