// Package guardtest is an identity provider for tests: OpenID Connect over real
// HTTP, with the ways in which one can fail. It is written from the standards,
// without the library that is tested against it, and it is strict: a code is good
// once, for the client and the verifier that it was asked for with.
package guardtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// What the client is called, and what it must prove to know.
const (
	ClientID     = "trackscribe-tests"
	ClientSecret = "client-secret-that-nobody-may-see"
)

// A Fault is a way in which the provider fails.
type Fault string

// The faults.
const (
	None           Fault = ""
	Down           Fault = "down" // it hangs up on everybody
	TokenDown      Fault = "token endpoint down"
	KeysDown       Fault = "keys down"
	WrongIssuer    Fault = "another issuer in the discovery"
	Denied         Fault = "the person said no"
	WrongNonce     Fault = "wrong nonce"
	NoNonce        Fault = "no nonce"
	WrongAudience  Fault = "wrong audience"
	ForeignToken   Fault = "another issuer in the token"
	Expired        Fault = "expired token"
	WrongSignature Fault = "wrong signature"
	Unsigned       Fault = "unsigned token"
	Symmetric      Fault = "signed with the client's secret"
	NoToken        Fault = "no id token"
	Garbage        Fault = "an answer that is no JSON"
)

// grant is what a code stands for.
type grant struct {
	redirect, nonce, challenge string
	used                       bool
}

// A Provider signs everybody in, as the person whose claims it was given.
type Provider struct {
	URL string
	now func() time.Time

	mu          sync.Mutex
	key         *ecdsa.PrivateKey
	keyID       string
	fault       Fault
	claims      map[string]any
	grants      map[string]*grant
	secrets     []string
	discoveries int
	refused     int
}

// New starts a provider.
func New(tb testing.TB, now func() time.Time) *Provider {
	tb.Helper()
	p := &Provider{now: now, grants: map[string]*grant{}, secrets: []string{ClientSecret}}
	p.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.fault == Down {
			panic(http.ErrAbortHandler) // hang up
		}
		mux.ServeHTTP(w, r)
	}))
	tb.Cleanup(s.Close)
	p.URL = s.URL
	return p
}

// Fail makes the provider fail from now on, or no longer.
func (p *Provider) Fail(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Person says who signs in next.
func (p *Provider) Person(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims = claims
}

// Rotate makes a new key; the old one is no longer told.
func (p *Provider) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.keyID = key, rand.Text()
}

// Secrets are all codes, tokens and verifiers so far, and the client's secret:
// what no browser's page and no log may show.
func (p *Provider) Secrets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.secrets...)
}

// Discoveries is how often the provider was asked for its addresses.
func (p *Provider) Discoveries() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.discoveries
}

// Refused is how many codes were refused.
func (p *Provider) Refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.discoveries++
	issuer := p.URL
	if p.fault == WrongIssuer {
		issuer = "https://issuer.example"
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer": issuer, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	if p.fault == KeysDown {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	point, err := p.key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		panic(err)
	}
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": p.keyID, "x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
}

// authorize sends the browser back with a code, as if somebody had signed in.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !back.IsAbs() || q.Get("client_id") != ClientID || q.Get("response_type") != "code" ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || len(q.Get("state")) < 16 || len(q.Get("nonce")) < 16 {
		http.Error(w, "this request is not right", http.StatusBadRequest)
		return
	}
	params := url.Values{"state": {q.Get("state")}}
	if p.fault == Denied {
		params.Set("error", "access_denied")
	} else {
		code := "code-" + rand.Text()
		p.secrets = append(p.secrets, code)
		p.grants[code] = &grant{redirect: back.String(), nonce: q.Get("nonce"), challenge: q.Get("code_challenge")}
		params.Set("code", code)
	}
	back.RawQuery = params.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	switch p.fault {
	case TokenDown:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case Garbage:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("<html>" + r.PostFormValue("code")))
		return
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != ClientID || secret != ClientSecret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	verifier := r.PostFormValue("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	g := p.grants[r.PostFormValue("code")]
	if g == nil || g.used || g.redirect != r.PostFormValue("redirect_uri") || g.challenge != encode(sum[:]) {
		p.refused++
		// As some providers do, it repeats what it was told.
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": r.PostForm.Encode()})
		return
	}
	g.used = true
	access, idToken := "access-"+rand.Text(), p.idToken(g)
	p.secrets = append(p.secrets, verifier, access, idToken)
	body := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300}
	if p.fault != NoToken {
		body["id_token"] = idToken
	}
	answer(w, http.StatusOK, body)
}

func (p *Provider) idToken(g *grant) string {
	now := p.now()
	claims := map[string]any{
		"iss": p.URL, "aud": ClientID, "sub": "person-1", "nonce": g.nonce,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, p.claims)
	switch p.fault {
	case WrongNonce:
		claims["nonce"] = rand.Text()
	case NoNonce:
		delete(claims, "nonce")
	case WrongAudience:
		claims["aud"] = "somebody-else"
	case ForeignToken:
		claims["iss"] = "https://issuer.example"
	case Expired:
		claims["iat"], claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	}
	return p.sign(claims)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client hung up
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
