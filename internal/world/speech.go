package world

import (
	"bytes"
	"context"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr/server"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/transcribetrack"
)

// transcriber returns what opens the recognisers.
func (w *World) transcriber(recording string) transcribetrack.Open {
	return func(backend, model string) (transcribetrack.Transcriber, error) {
		if backend == settings.SpeechEmbedded {
			m, err := w.recognizer()
			if err != nil {
				return nil, err
			}
			return transcribetrack.Embedded{Recognizer: m}, nil
		}
		s := w.opt.Settings.Speech
		if s.URL == "" {
			return nil, steps.Wrong("set TRANSCRIPT_URL, or ask for transcript-backend=embedded", "the run wants a speech server (%s), and none is set", backend)
		}
		return server.New(server.Options{
			URL: s.URL, Key: s.Key, FromURL: backend == settings.SpeechFromURL, Model: model, Format: s.Format, Timeout: s.Timeout,
			MaxSeconds: s.MaxSeconds, MaxBytes: s.MaxBytes, Concurrency: s.Concurrency, Lend: w.lend(recording),
		}), nil
	}
}

// lend puts chunks into the store and hands out signed addresses.
func (w *World) lend(recording string) server.Lend {
	return func(ctx context.Context, job *steps.Job, name string, data []byte) (string, func(), error) {
		signer, ok := w.opt.Store.(store.Presigner)
		if !ok {
			return "", nil, steps.Wrong("use a store in a bucket, or TRANSCRIPT_BACKEND=openai, which uploads the audio",
				"a speech server that fetches audio cannot fetch it from a folder")
		}
		key := run.LentKey(recording, job.Run, name)
		if _, err := w.opt.Store.Put(ctx, key, bytes.NewReader(data), store.PutOptions{ContentType: "audio/" + w.opt.Settings.Speech.Format}); err != nil {
			return "", nil, err
		}
		url, err := signer.Presign(ctx, key, w.opt.Settings.Speech.Timeout+time.Minute)
		return url, func() {
			// What stays behind is found by whoever deletes audio.
			_ = w.opt.Store.Delete(context.WithoutCancel(ctx), key)
		}, err
	}
}
