// Package server recognises speech with a server: one with OpenAI's
// /v1/audio/transcriptions, which most speech servers have, or one with
// /v1/audio/transcriptions-from-url, which fetches the audio itself.
//
// It promises to understand the replies of all servers that are known to differ
// (see Parse), to send nothing twice that was answered, and to map all times
// back to the track.
package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
)

// Options say which server, and how it is asked.
type Options struct {
	URL         string // without the path of the API
	Key         string
	FromURL     bool   // the server fetches the audio itself
	Model       string // empty: the server's own
	Format      string // of what is sent: webm or wav
	Timeout     time.Duration
	MaxSeconds  int
	MaxBytes    int
	Concurrency int
	// Lend makes a chunk readable by the server for a while; only for FromURL.
	Lend Lend
}

// A Client asks one server. It may be used from many goroutines.
type Client struct {
	opt    Options
	remote *remote.Client
	// plain says that the server knows no verbose answers.
	plain atomic.Bool
}

// New returns a client.
func New(o Options) *Client {
	base := strings.TrimSuffix(strings.TrimRight(o.URL, "/"), "/v1")
	return &Client{opt: o, remote: &remote.Client{
		Service: "the speech server", Setting: "TRANSCRIPT_URL", KeyName: "TRANSCRIPT_API_KEY", Base: base,
		Timeout: o.Timeout, Authorize: remote.Bearer(o.Key), Secrets: []string{o.Key},
	}}
}

// recognise sends one chunk. calls is how many requests that took.
func (c *Client) recognise(ctx context.Context, audio []byte, talk []asr.Segment, language string, seconds float64) (h Heard, calls int, err error) {
	for {
		verbose := !c.plain.Load()
		h, err := c.ask(ctx, audio, talk, language, seconds, verbose)
		calls++
		var e *remote.Error
		if err != nil && verbose && errors.As(err, &e) && e.Status == http.StatusBadRequest && lacks(e.Said) {
			// It can less than most: ask for less, from now on.
			c.plain.Store(true)
			continue
		}
		return h, calls, err
	}
}

// lacks reports whether a refusal is of the verbose answer, not of the audio.
func lacks(said string) bool {
	said = strings.ToLower(said)
	return strings.Contains(said, "response_format") || strings.Contains(said, "granularit") || strings.Contains(said, "verbose_json")
}

func (c *Client) ask(ctx context.Context, audio []byte, talk []asr.Segment, language string, seconds float64, verbose bool) (Heard, error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	field := func(name, value string) {
		if value != "" {
			_ = form.WriteField(name, value) // a buffer takes everything
		}
	}
	field("model", c.opt.Model)
	field("language", language)
	if verbose {
		field("response_format", "verbose_json")
		field("timestamp_granularities[]", "word")
		field("timestamp_granularities[]", "segment")
	} else {
		field("response_format", "json")
	}
	// Servers go by the name's extension.
	file, err := form.CreateFormFile("file", "audio."+c.opt.Format)
	if err != nil {
		return Heard{}, err
	}
	_, _ = file.Write(audio)
	if err := form.Close(); err != nil {
		return Heard{}, err
	}
	req := remote.Request{
		Op: "transcribe", Method: http.MethodPost, Path: "/v1/audio/transcriptions", Body: b.Bytes(), ContentType: form.FormDataContentType(),
		// Who knows the header need not look for speech once more.
		Header: http.Header{asr.SegmentsHeader: {asr.FormatSegments(talk)}},
	}
	return c.send(ctx, req, seconds)
}

// askURL lets the server fetch the audio.
func (c *Client) askURL(ctx context.Context, url, language string, seconds float64) (Heard, error) {
	body := map[string]any{"audio_file_url": url, "language": language, "batch": true}
	if c.opt.Model != "" {
		body["model"] = c.opt.Model
	}
	return c.send(ctx, remote.Request{
		Op: "transcribe", Method: http.MethodPost, Path: "/v1/audio/transcriptions-from-url", Body: remote.JSONBody(body),
		// It may repeat the address, which is signed.
		ContentType: "application/json", Quiet: true,
	}, seconds)
}

func (c *Client) send(ctx context.Context, req remote.Request, seconds float64) (Heard, error) {
	reply, err := c.remote.Do(ctx, req)
	if err != nil {
		return Heard{}, err
	}
	h, err := Parse(reply.Body, seconds)
	if err == nil {
		return h, nil
	}
	var object map[string]any
	if err := c.remote.Decode(req, reply, &object); err != nil {
		return Heard{}, err
	}
	return Heard{}, steps.Bad("", "%s: %s: its answer has another form than documented: %w", c.remote.Service, req.Op, err)
}

// Check asks whether the server is there and takes the key. It transcribes
// nothing.
func (c *Client) Check(ctx context.Context) error {
	_, err := c.remote.Do(ctx, remote.Request{Op: "list the models", Path: "/v1/models"})
	return err
}

// name identifies what recognises.
func (c *Client) name() string {
	if c.opt.Model == "" {
		return "speech server"
	}
	return fmt.Sprintf("speech server, model %s", c.opt.Model)
}
