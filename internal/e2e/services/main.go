// Command services stands for all the services that steps talk to, in one
// process that runs as a pod: a speech server, a language model, a consent
// endpoint, Zulip, and a webhook's receiver. Each has its own path.
//
// GET /seen tells what came in, for the test.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr/server/servertest"
	"github.com/trackscribe/trackscribe/internal/consent/consenttest"
	"github.com/trackscribe/trackscribe/internal/llm/llmtest"
	"github.com/trackscribe/trackscribe/internal/webhook/webhooktest"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
)

// Heard is what the speech server hears on every track.
const heard = `{"text":"We will send the report on Friday.","words":[{"word":"We","start":0.1,"end":0.2},{"word":"will","start":0.2,"end":0.3},` +
	`{"word":"send","start":0.3,"end":0.4},{"word":"the","start":0.4,"end":0.5},{"word":"report","start":0.5,"end":0.6},{"word":"on","start":0.6,"end":0.7},{"word":"Friday.","start":0.7,"end":0.8}]}`

// Seen is what came in.
type seen struct {
	Chunks     int  `json:"chunks"`
	Questions  int  `json:"questions"`
	Messages   int  `json:"messages"`
	Deliveries int  `json:"deliveries"`
	Signed     bool `json:"signed"` // each of them
}

func main() {
	speech, model, chat, hook := servertest.New(http.StatusOK, heard), llmtest.New(), zuliptest.New(), webhooktest.New(1, http.StatusServiceUnavailable)
	mux := http.NewServeMux()
	mount := func(path string, h http.Handler) { mux.Handle(path+"/", http.StripPrefix(path, h)) }
	mount("/speech", speech)
	mount("/llm", model)
	mount("/consent", consenttest.New())
	mount("/zulip", chat)
	mux.Handle("/hook", hook)
	mux.HandleFunc("GET /seen", func(w http.ResponseWriter, _ *http.Request) {
		s := seen{Chunks: len(speech.Requests()), Questions: len(model.Asked()), Messages: len(chat.Messages()), Signed: true}
		for _, d := range hook.Deliveries() {
			s.Deliveries++
			s.Signed = s.Signed && d.Valid
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s)
	})
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, "services:", server.ListenAndServe())
	os.Exit(1)
}
