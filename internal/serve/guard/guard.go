// Package guard decides who may do what with `trackscribe serve`.
//
// It promises: a stranger sees nothing but whether the server lives and how to
// sign in; a browser of somebody who has signed in cannot be made to act by
// another site; nothing redirects away from this server but to the identity
// provider; no secret and no name reaches a log, an error or an address. It
// keeps nothing: sessions are sealed cookies, which every process with the same
// key can open.
package guard

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Options say who is let in.
type Options struct {
	// Token lets whoever has it do everything; empty: there is none.
	Token string
	OIDC  *OIDC // nil: none
	// Open lets everybody in who reaches the server.
	Open bool
	// Hosts are the names that the server is reached under; empty: any. Where
	// everybody is let in, they keep other sites from reading it through a browser
	// whose name for this address they choose (DNS rebinding).
	Hosts []string
	// ReadOnly lets nobody start runs.
	ReadOnly bool
	// Proxied says that a proxy that can be trusted tells the address of who asks.
	Proxied bool
	// SessionKey seals sessions; empty: a random one, and sessions end with the
	// process.
	SessionKey string
	// Public are further path prefixes that need nobody to be known.
	Public []string
	// SignIn answers with the page to sign in on. To /oidc/start it leads by a
	// link: a form may lead nowhere but here ([Headers]), and some browsers hold
	// it to that when it is redirected, too.
	SignIn func(w http.ResponseWriter, r *http.Request, status int, next, problem string)
	Now    func() time.Time
	Log    *slog.Logger
}

// A Person is who asks.
type Person struct {
	// Known is false where nobody is asked who they are.
	Known bool
	// Write says that runs may be started.
	Write    bool
	all      bool
	prefixes []string
}

// May reports whether the person may see a recording.
func (p Person) May(recording string) bool {
	return p.all || slices.ContainsFunc(p.prefixes, func(prefix string) bool { return strings.HasPrefix(recording, prefix) })
}

type personKey struct{}

// From returns who asks; nobody, who may do nothing, where [Guard.Wrap] did not
// look.
func From(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}

// A Guard stands before a server's handlers.
type Guard struct {
	opt     Options
	token   [sha256.Size]byte
	seal    *sealer
	oidc    *provider
	tries   *Limiter
	foreign *http.CrossOriginProtection
}

// New returns a guard.
func New(o Options) (*Guard, error) {
	seal, err := newSealer(o.SessionKey, o.Now)
	if err != nil {
		return nil, err
	}
	g := &Guard{
		opt: o, token: sha256.Sum256([]byte(o.Token)), seal: seal,
		tries: NewLimiter(1, 10, o.Now), foreign: http.NewCrossOriginProtection(),
	}
	if o.OIDC != nil {
		g.oidc, err = newProvider(*o.OIDC, seal)
	}
	return g, err
}

// session is the cookie of who has signed in.
const session = "trackscribe_session"

// sessionLife is how long signing in lasts.
const sessionLife = 12 * time.Hour

// held is what a session holds: no name, only what follows from it.
type held struct {
	All      bool     `json:"a,omitempty"`
	Prefixes []string `json:"p,omitempty"`
}

// Wrap lets through whom it knows, and nobody else but to public paths.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		g.opt.SignIn(w, r, http.StatusOK, Local(r.URL.Query().Get("next")), "")
	})
	own.HandleFunc("POST /sign-in", g.signIn)
	own.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) {
		forget(w, r, session)
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	})
	if g.oidc != nil {
		own.HandleFunc("GET /oidc/start", g.start)
		own.HandleFunc("GET /oidc/callback", g.callback)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(g.opt.Hosts) > 0 && !slices.Contains(g.opt.Hosts, (&url.URL{Host: r.Host}).Hostname()) {
			http.Error(w, "this server has another name", http.StatusMisdirectedRequest)
			return
		}
		public := g.public(r.URL)
		if !public {
			if err := g.foreign.Check(r); err != nil {
				http.Error(w, "this request comes from another site", http.StatusForbidden)
				return
			}
		}
		if _, pattern := own.Handler(r); pattern != "" {
			w.Header().Set("Cache-Control", "no-store")
			own.ServeHTTP(w, r)
			return
		}
		p, ok := g.who(r)
		if !ok && !public {
			g.stranger(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, p)))
	})
}

// public reports whether a path needs nobody to be known. A path that could be
// read in two ways is not public: the handlers behind may read it in the other.
func (g *Guard) public(u *url.URL) bool {
	if u.RawPath != "" || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") {
		return false
	}
	return slices.ContainsFunc(g.opt.Public, func(p string) bool {
		return u.Path == p || strings.HasPrefix(u.Path, strings.TrimSuffix(p, "/")+"/")
	})
}

// who finds out who asks.
func (g *Guard) who(r *http.Request) (Person, bool) {
	if g.opt.Open {
		return Person{Write: !g.opt.ReadOnly, all: true}, true
	}
	known := func(all bool, prefixes []string) (Person, bool) {
		return Person{Known: true, Write: !g.opt.ReadOnly, all: all, prefixes: prefixes}, true
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		if g.isToken(strings.TrimSpace(token)) {
			return known(true, nil)
		}
		return Person{}, false
	}
	var h held
	if !g.recall(r, session, &h) {
		return Person{}, false
	}
	return known(h.All, h.Prefixes)
}

func (g *Guard) isToken(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 && g.opt.Token != ""
}

// stranger tells who is not known how to become so.
func (g *Guard) stranger(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/metrics" || r.Method != http.MethodGet {
		w.Header().Set("WWW-Authenticate", `Bearer realm="trackscribe"`)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"who asks is not known","hint":"send the header Authorization: Bearer <token>"}` + "\n"))
		return
	}
	http.Redirect(w, r, "/sign-in?next="+escape(r.URL.RequestURI()), http.StatusSeeOther)
}

// signIn takes a token from the page.
func (g *Guard) signIn(w http.ResponseWriter, r *http.Request) {
	if !g.patient(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	next := Local(r.PostFormValue("next"))
	if !g.isToken(r.PostFormValue("token")) {
		g.opt.SignIn(w, r, http.StatusUnauthorized, next, "That token is not known here.")
		return
	}
	_ = g.remember(w, r, session, held{All: true}, sessionLife) // it is short
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// patient refuses an address that tries to sign in too often.
func (g *Guard) patient(w http.ResponseWriter, r *http.Request) bool {
	ok := g.tries.Allow(Address(r, g.opt.Proxied))
	if !ok {
		w.Header().Set("Retry-After", "10")
		g.opt.SignIn(w, r, http.StatusTooManyRequests, "/", "That was tried too often. Wait a little.")
	}
	return ok
}

// HasToken says whether one can sign in with a token.
func (g *Guard) HasToken() bool { return g.opt.Token != "" }

// HasOIDC says whether one can sign in with an identity provider.
func (g *Guard) HasOIDC() bool { return g.oidc != nil }
