package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/asr/moonshine"
	"github.com/trackscribe/trackscribe/internal/asr/serve"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/webhook"
)

// maxSpeechUpload is what serve-asr takes at once: what OpenAI's server does.
const maxSpeechUpload = 25 << 20

type serveASROptions struct {
	listen   string
	modelDir string
	workers  int
	fetch    bool
	private  bool
}

func newServeASRCommand(env *Env) *cobra.Command {
	o := &serveASROptions{}
	cmd := &cobra.Command{
		Use:   "serve-asr",
		Short: "Serve the embedded speech recogniser at the API of OpenAI's",
		Long: `Serve the embedded speech recogniser at the API that OpenAI's has, for whatever
speaks it: POST /v1/audio/transcriptions, GET /v1/models, GET /health. It takes
WebM, Ogg and WAV up to 25 MB, and knows English. With TRANSCRIPT_API_KEY set,
callers need that key.

The address goes to stdout once it listens. An interrupt lets requests finish.
` + exitHelp,
		Example: `  trackscribe serve-asr --listen 127.0.0.1:8000
  TRANSCRIPT_URL=http://127.0.0.1:8000 trackscribe run ./standup`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runServeASR(cmd.Context(), env, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8000", "address to listen at; port 0 takes a free one")
	f.StringVar(&o.modelDir, "model", "", "folder of the speech model (default: TRACKSCRIBE_MODEL_DIR, or the cache)")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "requests that are worked on at once; others wait")
	f.BoolVar(&o.fetch, "fetch", false, "also fetch audio from addresses: /v1/audio/transcriptions-from-url")
	f.BoolVar(&o.private, "fetch-private", false, "with --fetch: also from private and loopback addresses")
	return cmd
}

func runServeASR(ctx context.Context, env *Env, o *serveASROptions) error {
	set, err := env.settings()
	if err != nil {
		return err
	}
	if o.modelDir != "" {
		set.ModelDir = o.modelDir
	}
	recognizer, err := moonshine.Open(model.Dir(set.ModelDir, env.CacheDir), moonshine.Options{})
	if err != nil {
		return err
	}
	opt := serve.Options{
		Recognizer: recognizer, Key: set.Speech.Key, MaxBytes: maxSpeechUpload, Workers: o.workers, Scratch: set.Scratch,
		Log: func(status int, seconds float64) {
			fmt.Fprintf(env.Stderr, "%s transcribed %.1f s: %d\n", time.Now().UTC().Format(time.RFC3339), seconds, status)
		},
	}
	if o.fetch {
		opt.Fetch = fetcher(o.private)
	}
	return listen(ctx, env, o.listen, &http.Server{Handler: serve.New(opt), ReadTimeout: 10 * time.Minute}, alone{})
}

// fetcher gets audio from addresses that callers name: not from inside the own
// network unless that is allowed.
func fetcher(private bool) func(ctx context.Context, url string) (io.ReadCloser, error) {
	client := &http.Client{Transport: webhook.Transport(private), Timeout: 5 * time.Minute}
	return func(ctx context.Context, url string) (io.ReadCloser, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			res.Body.Close()
			return nil, fmt.Errorf("status %d", res.StatusCode)
		}
		return res.Body, nil
	}
}
