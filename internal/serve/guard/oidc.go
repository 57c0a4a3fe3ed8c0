package guard

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/trackscribe/trackscribe/steps"
)

// OIDC is an identity provider that signs people in
// (https://openid.net/specs/openid-connect-core-1_0.html).
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	BaseURL      string // of this server, as browsers reach it
	Rules        []Rule // empty: who is signed in sees everything
}

// patience is how long the provider may take.
const patience = 10 * time.Second

// provider is the identity provider, asked for its addresses when somebody
// first signs in, so that this server starts without it.
type provider struct {
	opt  OIDC
	seal *sealer

	mu     sync.Mutex
	config *oauth2.Config
	verify *oidc.IDTokenVerifier
	failed time.Time // when it was last asked in vain
}

// errDown says that the provider did not answer a moment ago.
var errDown = errors.New("the identity provider does not answer")

// grace is how long a provider that did not answer is not asked again.
const grace = 5 * time.Second

func newProvider(o OIDC, seal *sealer) (*provider, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, steps.Wrong("set UI_BASE_URL to the address at which browsers reach the server", "the identity provider cannot send people back: the server's own address is not known")
	}
	if o.Issuer == "" || o.ClientID == "" {
		return nil, steps.Wrong("set TRACKSCRIBE_OIDC_ISSUER and TRACKSCRIBE_OIDC_CLIENT_ID", "the identity provider is not fully told")
	}
	return &provider{opt: o, seal: seal}, nil
}

func (p *provider) ready(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config != nil {
		return p.config, p.verify, nil
	}
	if p.seal.now().Sub(p.failed) < grace { // whoever waited for the lock need not wait again
		return nil, nil, errDown
	}
	// Who asked may go away: that says nothing of the provider. Its keys are
	// fetched later, in requests of their own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	found, err := oidc.NewProvider(ctx, p.opt.Issuer)
	if err != nil {
		p.failed = p.seal.now()
		return nil, nil, err
	}
	p.config = &oauth2.Config{
		ClientID: p.opt.ClientID, ClientSecret: p.opt.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: strings.TrimSuffix(p.opt.BaseURL, "/") + "/oidc/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
	p.verify = found.VerifierContext(oidc.ClientContext(context.Background(), &http.Client{Timeout: patience}), &oidc.Config{ClientID: p.opt.ClientID, Now: p.seal.now})
	return p.config, p.verify, nil
}

// attempt is the cookie of somebody who is on the way to the provider and back.
const attempt = "trackscribe_oidc"

// attemptLife is how long that may take.
const attemptLife = 10 * time.Minute

type attempted struct {
	State, Nonce, Verifier, Next string
}

const notReached = "The identity provider does not answer. Try again later."

func (g *Guard) start(w http.ResponseWriter, r *http.Request) {
	if !g.patient(w, r) {
		return
	}
	next := Local(r.URL.Query().Get("next"))
	config, _, err := g.oidc.ready(r.Context())
	if err != nil {
		g.opt.Log.Error("the identity provider does not answer")
		g.opt.SignIn(w, r, http.StatusBadGateway, next, notReached)
		return
	}
	a := attempted{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next}
	if !g.remember(w, r, attempt, a, attemptLife) { // the address to go on to is too long to keep
		a.Next = "/"
		_ = g.remember(w, r, attempt, a, attemptLife)
	}
	http.Redirect(w, r, config.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), http.StatusSeeOther)
}

func (g *Guard) callback(w http.ResponseWriter, r *http.Request) {
	const refused = "Signing in did not work. Try again."
	if !g.patient(w, r) {
		return
	}
	var a attempted
	q := r.URL.Query()
	if !g.recall(r, attempt, &a) || subtle.ConstantTimeCompare([]byte(a.State), []byte(q.Get("state"))) != 1 {
		g.opt.SignIn(w, r, http.StatusBadRequest, "/", refused)
		return
	}
	forget(w, r, attempt)
	code := q.Get("code")
	if code == "" {
		g.opt.SignIn(w, r, http.StatusForbidden, a.Next, "The identity provider did not sign you in.")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	h, err := g.oidc.exchange(ctx, code, a)
	switch {
	case unreached(err):
		g.opt.Log.Error("the identity provider does not answer")
		g.opt.SignIn(w, r, http.StatusBadGateway, a.Next, notReached)
	case err != nil:
		g.opt.Log.Warn("signing in with the identity provider was refused")
		g.opt.SignIn(w, r, http.StatusForbidden, a.Next, refused)
	case !h.All && len(h.Prefixes) == 0:
		g.opt.SignIn(w, r, http.StatusForbidden, a.Next, "You may not see any recording here. Ask whoever runs this server.")
	case !g.remember(w, r, session, h, sessionLife):
		g.opt.Log.Warn("somebody was refused: too many rules let them in, which a session cannot hold")
		g.opt.SignIn(w, r, http.StatusForbidden, a.Next, "Too many rules let you in. Ask whoever runs this server for fewer.")
	default:
		http.Redirect(w, r, Local(a.Next), http.StatusSeeOther)
	}
}

// unreached reports whether an error says nothing of who wants to sign in.
func unreached(err error) bool {
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return answer.Response != nil && answer.Response.StatusCode >= http.StatusInternalServerError
	}
	_, broken := errors.AsType[*url.Error](err)
	return broken || errors.Is(err, errDown) || errors.Is(err, context.DeadlineExceeded)
}

// exchange gives the code back to the provider and reads who it is.
func (p *provider) exchange(ctx context.Context, code string, a attempted) (held, error) {
	config, verify, err := p.ready(ctx)
	if err != nil {
		return held{}, err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return held{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := verify.Verify(ctx, raw)
	if err != nil {
		return held{}, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return held{}, steps.Bad("", "the nonce is another")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return held{}, err
	}
	return allowed(p.opt.Rules, claims), nil
}
