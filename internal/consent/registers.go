// Package consent is what the step cleanup-consent works on: where decisions
// about a recording are kept, what of it can be heard in the store, which of
// its runs may still read that, and its published result. It decides nothing;
// the step does.
package consent

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
)

// maxDocument bounds a document of decisions, in bytes.
const maxDocument = 4 << 20

// File is a recording's consent.json in the store. It implements
// [github.com/trackscribe/trackscribe/steps/cleanupconsent.Register].
type File struct {
	Store     store.Store
	Recording string
}

// Name implements the register.
func (File) Name() string { return "consent.json in the store" }

// Decisions implements the register.
func (f File) Decisions(ctx context.Context) ([]byte, error) {
	rc, _, err := f.Store.Get(ctx, run.ConsentKey(f.Recording))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	b, err := io.ReadAll(io.LimitReader(rc, maxDocument+1))
	if err == nil && len(b) > maxDocument {
		err = steps.Bad("", "%s has more than %d bytes; nothing was deleted", f.Name(), maxDocument)
	}
	return b, err
}

// Endpoint is a service that is asked for decisions. It implements
// [github.com/trackscribe/trackscribe/steps/cleanupconsent.Register].
type Endpoint struct {
	recording string
	remote    *remote.Client
}

// EndpointOptions say which service, and for which recording.
type EndpointOptions struct {
	URL       string // the recording's id is appended to its path
	Token     string // bearer token; empty: none
	Recording string
	Timeout   time.Duration // of the call; 0: 30 s
}

// NewEndpoint returns the endpoint.
func NewEndpoint(o EndpointOptions) *Endpoint {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return &Endpoint{recording: o.Recording, remote: &remote.Client{
		Service: "the consent endpoint", Setting: "CONSENT_URL", KeyName: "CONSENT_TOKEN", Base: o.URL, Timeout: o.Timeout,
		Authorize: remote.Bearer(o.Token), Secrets: []string{o.Token},
	}}
}

// Name implements the register.
func (*Endpoint) Name() string { return "what the consent endpoint answers" }

// Decisions implements the register. 404 says that there are none; what the
// service says otherwise is not repeated, for it may name people.
func (e *Endpoint) Decisions(ctx context.Context) ([]byte, error) {
	req := remote.Request{Op: "ask for the decisions", Path: url.PathEscape(e.recording), MaxBytes: maxDocument, Quiet: true}
	reply, err := e.remote.Do(ctx, req)
	var failed *remote.Error
	switch {
	case errors.As(err, &failed) && failed.Status == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case reply.Status == http.StatusNoContent:
		return nil, nil
	}
	// Whole JSON is what the transport owes; what is in it is the step's to judge.
	var whole json.RawMessage
	if err := e.remote.Decode(req, reply, &whole); err != nil {
		return nil, err
	}
	return reply.Body, nil
}
