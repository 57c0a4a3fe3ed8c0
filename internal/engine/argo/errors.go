package argo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// What can be wrong with a cluster, or with what is asked of it.
var (
	ErrNoConfig     = errors.New("no cluster is configured")
	ErrUnreachable  = errors.New("not reachable")
	ErrUnauthorized = errors.New("credentials were not accepted")
	ErrForbidden    = errors.New("not allowed")
	ErrNotInstalled = errors.New("the cluster has no Argo Workflows")
	ErrNotFound     = errors.New("not found")
	ErrExists       = errors.New("exists already")
	ErrConflict     = errors.New("was changed by somebody else meanwhile")
	ErrInvalid      = errors.New("was refused")
)

// Error is what every call to a cluster returns: what was tried, on what, which
// kind of failure it was and what a person can do about it.
type Error struct {
	Op     string // "create", "watch"
	What   string // "workflow", "pod"
	Name   string // of the object; "" where there is none
	Kind   error  // one of the sentinels, or nil
	Err    error  // the cause, or nil; it has no credentials
	Advice string
	// Fields tells who owns what, of an [ErrConflict] between appliers.
	Fields []Owned
}

// Owned is a field that somebody else manages.
type Owned struct{ Manager, Field string }

func (e *Error) Error() string {
	text := e.Op + " " + e.What
	if e.Name != "" {
		text += fmt.Sprintf(" %q", e.Name)
	}
	if e.Kind != nil && (e.Err == nil || !strings.Contains(e.Err.Error(), e.Kind.Error())) {
		text += ": " + e.Kind.Error()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives errors.Is and errors.As both the kind and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Hint is one line for a person: what to check or to change.
func (e *Error) Hint() string { return e.Advice }

// IsUnreachable reports whether err says that the cluster cannot be talked to,
// or does not allow what was asked: the command's exit code 4.
func IsUnreachable(err error) bool {
	for _, kind := range []error{ErrNoConfig, ErrUnreachable, ErrUnauthorized, ErrForbidden, ErrNotInstalled} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// problem is what a server says went wrong. Both kinds of server answer in
// this shape: Kubernetes with a Status, an Argo Server with code and message.
type problem struct {
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Code    int    `json:"code"`
	Details struct {
		Name   string `json:"name"`
		Kind   string `json:"kind"`
		Causes []struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
			Field   string `json:"field"`
		} `json:"causes"`
	} `json:"details"`
}

// refused turns an answer that is no success into an error. It is the one
// place that decides what kind it is.
func (a *api) refused(c call, status int, p problem, structured bool) error {
	e := &Error{Op: c.verb, What: c.what, Name: c.name, Err: errors.New(p.Message)}
	switch status {
	case http.StatusUnauthorized:
		e.Kind, e.Advice = ErrUnauthorized, a.login
	case http.StatusForbidden:
		e.Kind = ErrForbidden
		e.Advice = fmt.Sprintf("ask for a Role in namespace %q that allows %s on %s; to see what you may do: kubectl auth can-i --list -n %s",
			c.namespace, rbacVerb(c.verb), c.resource, c.namespace)
	case http.StatusNotFound:
		e.Kind = ErrNotFound
		switch {
		case !structured:
			e.Err = nil
			if strings.HasPrefix(c.path, argoAPI) {
				e.Kind, e.Advice = ErrNotInstalled, "install it: https://argo-workflows.readthedocs.io/en/latest/quick-start/"
			} else {
				e.Advice = "check that the address is that of " + a.kind
			}
		case p.Details.Kind == "namespaces" || strings.HasPrefix(p.Message, "namespaces "):
			e.Advice = "create it: kubectl create namespace " + c.namespace
		case c.resource == "workflows.argoproj.io":
			e.Err, e.Advice = nil, "see what there is: trackscribe list -n "+c.namespace
		case c.resource == "workflowtemplates.argoproj.io":
			e.Err, e.Advice = nil, "install it: trackscribe install -n "+c.namespace
		default:
			e.Err = nil
		}
	case http.StatusConflict:
		e.Kind = ErrConflict
		if p.Reason == "AlreadyExists" || strings.HasSuffix(p.Message, "already exists") {
			e.Kind, e.Err = ErrExists, nil
			break
		}
		for _, cause := range p.Details.Causes {
			if manager, ok := conflictWith(cause.Message); ok {
				e.Fields = append(e.Fields, Owned{Manager: manager, Field: cause.Field})
			}
		}
		e.Advice = "try again"
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		e.Kind = ErrInvalid
		if strings.Contains(p.Message, "HTTP request to an HTTPS server") {
			e.Kind, e.Advice = ErrUnreachable, "the server wants TLS: ARGO_SECURE=true"
		}
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		e.Kind, e.Advice = ErrUnreachable, "the server is there but cannot answer now; try again"
	}
	return e
}

// conflictWith reads who owns a field out of `conflict with "kubectl" using v1`.
func conflictWith(message string) (string, bool) {
	rest, ok := strings.CutPrefix(message, `conflict with "`)
	manager, _, closed := strings.Cut(rest, `"`)
	return manager, ok && closed
}

// rbacVerb is what RBAC calls a verb.
func rbacVerb(verb string) string {
	switch verb {
	case "apply", "retry", "stop", "terminate":
		return "get, create and patch"
	case "read logs of":
		return "get"
	case "watch":
		return "get, list and watch"
	default:
		return verb
	}
}

// unreached turns a failure to get any answer into an error.
func (a *api) unreached(c call, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	e := &Error{Op: c.verb, What: c.what, Name: c.name, Kind: ErrUnreachable, Err: fmt.Errorf("%s at %s: %w", a.kind, a.base, cause(err))}
	text := err.Error()
	switch {
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		e.Advice = "the server speaks plain HTTP: ARGO_SECURE=false"
	case strings.Contains(text, "x509:") || strings.Contains(text, "certificate"):
		e.Advice = a.trust
	case strings.Contains(text, "getting credentials:"):
		e.Kind, e.Advice = ErrUnauthorized, a.login
	default:
		e.Advice = a.check
	}
	return e
}

// cause drops the URL that a network error repeats.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
