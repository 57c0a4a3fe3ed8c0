package argo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// How long a server may take until it is called unreachable. A stream that has
// begun may stay silent for as long as it likes.
const (
	connectTimeout = 5 * time.Second
	answerTimeout  = 30 * time.Second
)

// argoAPI is where a Kubernetes API keeps Argo's objects.
const argoAPI = "/apis/argoproj.io/v1alpha1"

// api speaks JSON over HTTP with a Kubernetes API or an Argo Server; both are
// small enough that it needs no client of theirs.
type api struct {
	client *http.Client
	base   string // URL without a slash at its end and without credentials
	header http.Header
	kind   string // for people: "the Kubernetes API"
	// Advice for when it does not answer, is not trusted, or wants to know who
	// is asking.
	check, trust, login string
}

// call is one request, and what to say about it when it fails.
type call struct {
	verb, what, name    string // "create", "workflow", "rec-1"
	resource, namespace string // for RBAC: "workflows.argoproj.io"

	method string // default GET
	path   string
	query  url.Values
	body   any
	media  string // content type of the body; default application/json
}

// do sends a call and decodes its answer into out, unless that is nil.
func (a *api) do(ctx context.Context, c call, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	body, err := a.open(ctx, c)
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return a.unreached(c, err)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return a.nonsense(c, err)
	}
	return nil
}

// open sends a call and returns its answer as a stream, which the caller
// closes.
func (a *api) open(ctx context.Context, c call) (io.ReadCloser, error) {
	var body io.Reader
	if c.body != nil {
		data, err := json.Marshal(c.body)
		if err != nil {
			return nil, &Error{Op: c.verb, What: c.what, Name: c.name, Err: err}
		}
		body = bytes.NewReader(data)
	}
	if c.method == "" {
		c.method = http.MethodGet
	}
	// The deadline is for the answer's head only: the rest may be a stream.
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(answerTimeout, func() { cancel(fmt.Errorf("no answer within %s", answerTimeout)) })
	defer late.Stop()
	req, err := http.NewRequestWithContext(ctx, c.method, a.base+c.path+"?"+c.query.Encode(), body)
	if err != nil {
		cancel(nil)
		return nil, &Error{Op: c.verb, What: c.what, Name: c.name, Err: err}
	}
	req.Header = a.header.Clone()
	if c.body != nil {
		if c.media == "" {
			c.media = "application/json"
		}
		req.Header.Set("Content-Type", c.media)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		if why := context.Cause(ctx); why != nil && !errors.Is(why, context.Canceled) {
			err = why
		}
		cancel(nil)
		return nil, a.unreached(c, err)
	}
	if resp.StatusCode/100 == 2 {
		return &stream{ReadCloser: resp.Body, cancel: cancel}, nil
	}
	defer cancel(nil)
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var p problem
	structured := json.Unmarshal(text, &p) == nil && p.Message != ""
	if !structured {
		p = problem{Message: firstLine(string(text))}
		if p.Message == "" || strings.HasPrefix(p.Message, "<") {
			p.Message = resp.Status
		}
	}
	return nil, a.refused(c, resp.StatusCode, p, structured)
}

// stream ends its request when it is closed.
type stream struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (s *stream) Close() error {
	s.cancel(nil)
	return s.ReadCloser.Close()
}

func (a *api) nonsense(c call, err error) error {
	return &Error{
		Op: c.verb, What: c.what, Name: c.name, Kind: ErrUnreachable,
		Err: fmt.Errorf("what %s answers is not %s: %w", a.base, a.kind, err), Advice: a.check,
	}
}

// lines sends a call and yields the lines of its answer as they come. The
// error that ends it is nil at the answer's proper end.
func (a *api) lines(ctx context.Context, c call) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		body, err := a.open(ctx, c)
		if err != nil {
			yield(nil, err)
			return
		}
		defer body.Close()
		// A Workflow is one line of up to some MiB.
		for r := bufio.NewReaderSize(body, 64<<10); ; {
			line, err := r.ReadBytes('\n')
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 && !yield(line, nil) {
				return
			}
			switch {
			case err == nil:
			case errors.Is(err, io.EOF):
				return
			case ctx.Err() != nil:
				yield(nil, context.Cause(ctx))
				return
			default:
				yield(nil, a.unreached(c, err))
				return
			}
		}
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 300 {
		s = s[:300] + "..."
	}
	return s
}
