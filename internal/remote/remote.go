// Package remote makes single calls to services over HTTP. It is the one place
// that decides what kind of failure each answer is, and what people are told
// of it: adapters add what their service calls things.
//
// A call is one request. Nothing here tries again: that is the engine's, by the
// graph's policy. How long a server asks to be left alone travels with the
// error, and the runner sees to it.
//
// Error texts hold the service, what was asked and what the server said of it;
// never a header, a query, a body that was sent, or one of the client's
// secrets, even where the server repeats it.
package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxRedirects is how many redirects one call follows.
const maxRedirects = 5

// defaultMaxBytes bounds an answer where the request sets no bound.
const defaultMaxBytes = 32 << 20

// margin is kept free before the context's deadline, so that a call ends before
// the step that makes it, and its failure can still be written down.
const margin = 2 * time.Second

// A Client calls one service. It may be used from many goroutines.
type Client struct {
	Service string // how people call it: "Daily", "the speech server"
	Setting string // what holds its address, for hints: "TRANSCRIPT_URL"
	KeyName string // what holds its secret, for hints: "DAILY_API_KEY"
	Base    string // address that paths are relative to
	// Timeout bounds one call, from the connection to the last byte of the
	// answer; 0: a minute. A context that ends earlier bounds it further.
	Timeout time.Duration
	// Authorize adds the credentials to a request; nil: none.
	Authorize func(*http.Request)
	// Secrets are blotted out of whatever the server says.
	Secrets []string
	// Transport makes the connections; nil: [NewTransport].
	Transport http.RoundTripper
	// Now dates Retry-After; nil: the system's clock.
	Now func() time.Time
}

// NewTransport returns a transport for calls to a service: the standard one,
// with fewer idle connections and bounded waits for a connection.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

var shared = NewTransport()

// Bearer returns an Authorize for a bearer token; nil when there is none.
func Bearer(token string) func(*http.Request) {
	if token == "" {
		return nil
	}
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// A Request is what is asked of a service.
type Request struct {
	Op          string // for people: "list the participants"
	Method      string // default GET
	Path        string // joined to Base; escaped where it has to be
	Query       url.Values
	Header      http.Header
	Body        []byte
	ContentType string
	MaxBytes    int64 // bound on the answer; default 32 MiB
	Quiet       bool  // the answer is not quoted in errors: it may hold anything
}

// A Reply is an answer with a status of 200 to 299.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes the call. A failure is an [*Error].
func (c *Client) Do(ctx context.Context, req Request) (Reply, error) {
	target, err := c.target(req)
	if err != nil {
		return Reply{}, err
	}
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, c.timeout(ctx))
	defer cancel()
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, req.Method, target, bytes.NewReader(req.Body))
	if err != nil {
		return Reply{}, c.misuse(req, "its address is not usable")
	}
	for k, v := range req.Header {
		r.Header[k] = v
	}
	if req.ContentType != "" {
		r.Header.Set("Content-Type", req.ContentType)
	}
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "trackscribe")
	}
	if c.Authorize != nil {
		c.Authorize(r)
	}
	res, err := c.http().Do(r)
	if err != nil {
		return Reply{}, c.broken(parent, req, err)
	}
	defer res.Body.Close()
	limit := req.MaxBytes
	if limit <= 0 {
		limit = defaultMaxBytes
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		// What it says is welcome, and not necessary.
		return Reply{}, c.refused(req, res, body)
	}
	if err != nil {
		return Reply{}, c.broken(parent, req, err)
	}
	if int64(len(body)) > limit {
		return Reply{}, c.fail(req, &Error{class: permanent, text: fmt.Sprintf("it answers with more than %d bytes", limit)})
	}
	return Reply{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// JSON makes the call and decodes the answer into v.
func (c *Client) JSON(ctx context.Context, req Request, v any) error {
	reply, err := c.Do(ctx, req)
	if err != nil {
		return err
	}
	return c.Decode(req, reply, v)
}

// Decode reads a reply as JSON, whatever its content type says. A page for
// people instead is a wrong address; anything else is an answer that broke off.
func (c *Client) Decode(req Request, reply Reply, v any) error {
	err := json.Unmarshal(reply.Body, v)
	if err == nil {
		return nil
	}
	start := bytes.TrimSpace(reply.Body)
	if len(start) > 0 && start[0] == '<' {
		return c.misuse(req, "it answers with a web page instead of JSON")
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.fail(req, &Error{class: transient, text: fmt.Sprintf("its answer is no whole JSON (%d bytes)", len(reply.Body))})
	}
	return c.fail(req, &Error{class: permanent, text: "its answer has another form than documented: " + err.Error()})
}

// JSONBody encodes v, which must be encodable, as a request's body.
func JSONBody(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("remote: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// target joins the base address, the path and the query.
func (c *Client) target(req Request) (string, error) {
	u, err := url.Parse(c.Base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", c.misuse(req, "its address is no http:// or https:// address")
	}
	if req.Path != "" {
		u = u.JoinPath(req.Path)
	}
	q := u.Query()
	for k, v := range req.Query {
		q[k] = v
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// timeout is how long this call may take.
func (c *Client) timeout(ctx context.Context) time.Duration {
	limit := c.Timeout
	if limit <= 0 {
		limit = time.Minute
	}
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		limit = min(limit, max(left-margin, left/2))
	}
	return limit
}

func (c *Client) http() *http.Client {
	t := c.Transport
	if t == nil {
		t = shared
	}
	return &http.Client{Transport: t, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return errRedirects
		}
		return nil
	}}
}

var errRedirects = errors.New("too many redirects")

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// blot removes the client's secrets from a text.
func (c *Client) blot(s string) string {
	for _, secret := range c.Secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "…")
		}
	}
	return s
}
