// Package webhook delivers events to a receiver over HTTP: signed, one request
// an attempt, and never to an address inside the own network unless that is
// allowed.
//
// The signature is in the header X-Webhook-Signature: t=<unix seconds>,v1=<hex>,
// where hex is HMAC-SHA256 under the receiver's secret of "<t>.<body>".
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// timeout bounds one delivery: receivers should answer at once and work later.
const timeout = 30 * time.Second

// Options say who is told.
type Options struct {
	URL          string
	Secret       string // empty: deliveries are not signed
	AllowPrivate bool   // private, loopback and link-local addresses too
	Timeout      time.Duration
	Now          func() time.Time
}

// A Receiver is who is told. It implements [github.com/trackscribe/trackscribe/steps/sendwebhook.Receiver].
type Receiver struct {
	opt    Options
	remote *remote.Client
}

// New returns a receiver.
func New(o Options) *Receiver {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = timeout
	}
	return &Receiver{opt: o, remote: &remote.Client{
		Service: "the webhook's receiver", Setting: "WEBHOOK_URL", KeyName: "WEBHOOK_SECRET", Base: o.URL,
		Timeout: o.Timeout, Secrets: []string{o.Secret}, Transport: remote.Direct(Transport(o.AllowPrivate)), Now: o.Now,
	}}
}

// Transport returns a transport that connects to no private address unless
// that is allowed.
func Transport(private bool) *http.Transport {
	t := remote.NewTransport()
	if private {
		return t
	}
	// A proxy would connect in our stead, to wherever it likes.
	t.Proxy = nil
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second, Control: public}).DialContext
	return t
}

// Host implements [github.com/trackscribe/trackscribe/steps/sendwebhook.Receiver].
func (r *Receiver) Host() string {
	if u, err := url.Parse(r.opt.URL); err == nil {
		return u.Host
	}
	return ""
}

// Now implements [github.com/trackscribe/trackscribe/steps/sendwebhook.Receiver].
func (r *Receiver) Now() time.Time { return r.opt.Now().UTC() }

// Deliver implements [github.com/trackscribe/trackscribe/steps/sendwebhook.Receiver].
func (r *Receiver) Deliver(ctx context.Context, event string, attempt int, body []byte) (artifact.Delivery, error) {
	at := r.Now()
	header := http.Header{
		"X-Webhook-Event": {event},
		"X-Webhook-Retry": {strconv.Itoa(attempt)},
		"User-Agent":      {"Trackscribe-Webhook/1"},
	}
	if r.opt.Secret != "" {
		header.Set("X-Webhook-Signature", Sign(r.opt.Secret, at, body))
	}
	reply, err := r.remote.Do(ctx, remote.Request{
		Op: "deliver", Method: http.MethodPost, Header: header, Body: body, ContentType: "application/json", Quiet: true, MaxBytes: 1 << 20,
	})
	d := artifact.Delivery{At: at.Format(time.RFC3339), Status: reply.Status, Milliseconds: r.Now().Sub(at).Milliseconds()}
	if err == nil {
		return d, nil
	}
	var private *privateError
	if errors.As(err, &private) {
		err = remote.NewError(r.remote.Service, "deliver", steps.Misuse, "if that is meant: WEBHOOK_ALLOW_PRIVATE=true", "its address %s is inside a private network", private.addr)
	}
	var e *remote.Error
	if errors.As(err, &e) {
		d.Status = e.Status
	}
	d.Error = err.Error()
	return d, err
}

// Sign returns the value of the signature header.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// privateError is the refusal to connect to an address.
type privateError struct{ addr netip.Addr }

func (e *privateError) Error() string { return fmt.Sprintf("address %s is private", e.addr) }

// public sees each address right before it is connected to, after all names are
// resolved, so that no name and no redirect leads inside.
func public(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if Private(at.Addr()) {
		return &privateError{at.Addr().Unmap()}
	}
	return nil
}

// shared are further ranges that are nobody's on the Internet: RFC 6598, 6890
// and, through a translator (RFC 6052), any of IPv4.
var shared = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	// IPv4 in IPv6 in older ways, and what was private before fc00::/7.
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// Private reports whether an address is none of the public Internet.
func Private(a netip.Addr) bool {
	a = a.Unmap()
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.IsInterfaceLocalMulticast() {
		return true
	}
	a = a.WithZone("") // no prefix contains an address with a zone
	for _, p := range shared {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
