package serve

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/trackscribe/trackscribe/internal/serve/guard"
)

// Public are the paths that need nobody to be known: what is there for Daily,
// for the cluster, and for the page to sign in on.
var Public = []string{"/webhooks/", "/healthz", "/readyz", "/static/"}

// Handler returns the HTTP interface.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/daily", s.hook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /static/", s.site.Assets())
	mux.Handle("GET /metrics", s.metrics.Handler())

	mux.HandleFunc("GET /{$}", s.listPage)
	mux.HandleFunc("GET /recordings/{id}", s.guarded(false, s.recordingPage))
	mux.HandleFunc("GET /recordings/{id}/parts/{name}", s.guarded(false, s.recordingPart))
	mux.HandleFunc("GET /recordings/{id}/runs/{run}/words.json", s.guarded(false, s.words))
	mux.HandleFunc("POST /recordings/{id}/runs", s.guarded(true, s.runAgain))

	mux.HandleFunc("GET /v1/openapi.json", openAPI)
	mux.HandleFunc("GET /v1/recordings", s.listRecordings)
	mux.HandleFunc("GET /v1/recordings/{id}", s.guarded(false, s.getRecording))
	mux.HandleFunc("POST /v1/recordings/{id}/runs", s.guarded(true, s.postRun))
	mux.HandleFunc("GET /v1/recordings/{id}/events", s.guarded(false, s.events))
	mux.HandleFunc("GET /v1/recordings/{id}/result/{file}", s.guarded(false, s.resultFile))
	mux.HandleFunc("GET /v1/recordings/{id}/runs/{run}/{file}", s.guarded(false, s.runFile))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusNotFound, "there is nothing here", "")
	})
	var h http.Handler = s.opt.Guard.Wrap(s.metrics.Wrap(mux))
	h = s.limiter.Limit(s.opt.Proxied, h)
	return guard.Headers(h)
}

// ready asks the store, which everything needs.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	for _, err := range s.opt.Store.List(ctx, inboxPrefix) {
		if err != nil {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		break
	}
	_, _ = io.WriteString(w, "ready\n")
}
