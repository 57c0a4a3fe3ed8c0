package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

const (
	misuse    = steps.Misuse
	permanent = steps.Permanent
	transient = steps.Transient
)

// An Error is a call that failed.
type Error struct {
	Service string
	Op      string
	Status  int    // of the answer; 0 when there was none
	Said    string // what the server said of it, in one line, without secrets; may be empty

	class steps.Class
	text  string
	hint  string
	after time.Duration
	cause error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s: %s", e.Service, e.Op, e.text)
	if e.Said != "" {
		s += ": " + e.Said
	}
	return s
}

// Unwrap returns the transport's error, if it was one.
func (e *Error) Unwrap() error { return e.cause }

// Class implements [steps.Classifier].
func (e *Error) Class() steps.Class { return e.class }

// Hint tells people what to do next.
func (e *Error) Hint() string { return e.hint }

// RetryAfter is how long the server asks to be left alone; 0: it does not say.
func (e *Error) RetryAfter() time.Duration { return e.after }

// NewError returns a failure of a kind that no status says: an answer that is
// well-formed and yet a refusal.
func NewError(service, op string, class steps.Class, hint, format string, args ...any) *Error {
	return &Error{Service: service, Op: op, class: class, hint: hint, text: fmt.Sprintf(format, args...)}
}

func (c *Client) fail(req Request, e *Error) *Error {
	e.Service, e.Op = c.Service, req.Op
	return e
}

func (c *Client) misuse(req Request, text string) *Error {
	hint := ""
	if c.Setting != "" {
		hint = "check " + c.Setting
	}
	return c.fail(req, &Error{class: misuse, text: text, hint: hint})
}

// ClassOf says what kind of failure a status of 300 or more is. What the server
// cannot do now it may do later; what it does not accept it never will; what it
// does not know us for is for people to set right.
func ClassOf(status int) steps.Class {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return transient
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return permanent
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return misuse
	}
	switch {
	case status >= 500:
		return transient
	case status >= 400:
		return permanent
	default:
		return misuse // a redirect to nowhere: the address is wrong
	}
}

// refused makes an error of an answer that is no success.
func (c *Client) refused(req Request, res *http.Response, body []byte) *Error {
	e := &Error{Status: res.StatusCode, class: ClassOf(res.StatusCode), text: strings.TrimSpace(strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode))}
	if !req.Quiet {
		e.Said = c.blot(Said(body))
	}
	if e.Status < 400 {
		e.text = fmt.Sprintf("it redirects (%d)", e.Status)
	}
	e.after = retryAfter(res.Header.Get("Retry-After"), c.now())
	switch {
	case e.class == misuse && e.Status >= 400 && c.KeyName != "":
		e.hint = "check " + c.KeyName + " and what it allows"
	case e.class == misuse, e.Status == http.StatusNotFound, e.Status == http.StatusMethodNotAllowed:
		if c.Setting != "" {
			e.hint = "check " + c.Setting
		}
	case e.Status == http.StatusPaymentRequired:
		e.hint = "the account has nothing left to pay with"
	}
	return c.fail(req, e)
}

// broken makes an error of a call without a whole answer. parent is the
// caller's context: when that one was canceled, nothing failed.
func (c *Client) broken(parent context.Context, req Request, err error) error {
	if errors.Is(context.Cause(parent), context.Canceled) {
		return context.Cause(parent)
	}
	e := &Error{class: transient, cause: err}
	if c.Setting != "" {
		e.hint = "is it up? check " + c.Setting
	}
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		dns      *net.DNSError
		timeout  net.Error
	)
	switch {
	case errors.Is(err, errRedirects):
		return c.misuse(req, fmt.Sprintf("it redirects more than %d times", maxRedirects))
	case errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid):
		return c.misuse(req, "its certificate is not trusted")
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return c.misuse(req, "it does not speak TLS there")
	case errors.As(err, &dns):
		e.text = "its host name is not known"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.text = "no whole answer in time"
		e.hint = ""
	case errors.Is(err, syscall.ECONNREFUSED):
		e.text = "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE):
		e.text = "the connection broke off"
		e.hint = ""
	default:
		e.text = "no answer: " + c.blot(reason(err))
	}
	return c.fail(req, e)
}

// reason is the last cause of a transport's error, without the address, whose
// query may be signed.
func reason(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return clip(err.Error())
		}
		err = next
	}
}

// Said digs the server's own words out of an error body: a JSON object with one
// of the usual fields, or plain text. It never returns markup or lists of what
// was sent.
func Said(body []byte) string {
	var any any
	if json.Unmarshal(body, &any) == nil {
		return clip(dig(any, 0))
	}
	text := strings.TrimSpace(string(body))
	if text == "" || text[0] == '<' || text[0] == '{' || text[0] == '[' {
		return ""
	}
	return clip(text)
}

// dig finds the message in the shapes that servers use: {"error": "…"},
// {"error": {"message": "…"}}, {"msg": "…"}, {"info": "…"}, {"detail": "…"} and
// {"detail": [{"msg": "…"}]}.
func dig(v any, depth int) string {
	if depth > 3 {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, key := range []string{"message", "msg", "error", "info", "detail", "error_msg"} {
			if s := dig(v[key], depth+1); s != "" {
				return s
			}
		}
	case []any:
		for _, item := range v {
			if m, ok := item.(map[string]any); ok {
				if s := dig(m, depth+1); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// clip makes one short line of a text.
func clip(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:199]) + "…"
	}
	return s
}

// maxAfter bounds what a server may ask for.
const maxAfter = time.Hour

// retryAfter reads a Retry-After header (RFC 9110, 10.2.3): seconds or a date.
func retryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	var d time.Duration
	if n, err := strconv.ParseFloat(v, 64); err == nil && n > 0 && n <= maxAfter.Seconds() {
		d = time.Duration(n * float64(time.Second))
	} else if err == nil && n > 0 {
		d = maxAfter
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxAfter)
}
