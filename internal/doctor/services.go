package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/trackscribe/trackscribe/internal/asr/server"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/webhook"
	"github.com/trackscribe/trackscribe/internal/zulip"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Services returns the checks of everything that steps talk to. modelDir is the
// folder of the speech model.
func Services(s settings.Settings, modelDir string) []Check {
	return []Check{
		{"speech", func(ctx context.Context) Finding { return speech(ctx, s.Speech, modelDir) }},
		{"language model", func(ctx context.Context) Finding { return languageModel(ctx, s.LLM) }},
		{"daily", func(ctx context.Context) Finding { return atDaily(ctx, s) }},
		{"daily bucket", func(ctx context.Context) Finding { return dailyBucket(ctx, s) }},
		{"consent", func(ctx context.Context) Finding { return consentEndpoint(ctx, s.Consent) }},
		{"zulip", func(ctx context.Context) Finding { return chat(ctx, s.Zulip) }},
		{"webhook", func(ctx context.Context) Finding { return receiver(ctx, s.Webhook) }},
	}
}

func speech(ctx context.Context, s settings.Speech, modelDir string) Finding {
	if s.Backend == settings.SpeechEmbedded {
		if err := model.Check(modelDir); err != nil {
			return failed(err)
		}
		return ok("the embedded recogniser's model is in place; it knows English")
	}
	c := server.New(server.Options{URL: s.URL, Key: s.Key, Timeout: s.Timeout})
	err := c.Check(ctx)
	var e *remote.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return warn("", "it answers, and does not list its models: whether it takes the key shows when it is used")
	}
	return settle(err, "the server answers and takes the key")
}

func languageModel(ctx context.Context, s settings.LLM) Finding {
	if s.URL == "" {
		return skipped("LLM_URL is not set: topics and summary are extracted")
	}
	c := &remote.Client{
		Service: "the language model", Setting: "LLM_URL", KeyName: "LLM_API_KEY", Base: s.URL, Authorize: remote.Bearer(s.Key), Secrets: []string{s.Key},
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err := c.JSON(ctx, remote.Request{Op: "list the models", Path: "/models"}, &list)
	var e *remote.Error
	switch {
	case errors.As(err, &e) && e.Status == http.StatusNotFound:
		return warn("", "it answers, and does not list its models: whether it has %q shows when it is used", s.Model)
	case err != nil:
		return failed(err)
	}
	var names []string
	for _, m := range list.Data {
		names = append(names, m.ID)
	}
	if !slices.Contains(names, s.Model) {
		return Finding{State: Fail, Found: fmt.Sprintf("it has no model %q", s.Model), Do: fmt.Sprintf("set LLM_MODEL to one of its %d models", len(names))}
	}
	return ok("it answers, takes the key and has %q", s.Model)
}

func atDaily(ctx context.Context, s settings.Settings) Finding {
	if s.Daily.Key == "" {
		return skipped("DAILY_API_KEY is not set")
	}
	c, err := source.FromSettings(s).Client()
	if err == nil {
		err = c.Check(ctx)
	}
	return settle(err, "Daily answers and takes the key")
}

// dailyBucket does to the newest recording that has ended what a run would: it
// lists the files, and begins to read one. Nothing is deleted.
func dailyBucket(ctx context.Context, s settings.Settings) Finding {
	if s.Daily.Key == "" {
		return skipped("DAILY_API_KEY is not set")
	}
	opt := source.FromSettings(s)
	for l, err := range source.List(ctx, "daily", opt) {
		if err != nil {
			return skipped("Daily does not tell which recordings there are")
		}
		if l.State == "" || l.State == "finished" {
			return readable(ctx, l.Location, opt)
		}
	}
	return skipped("there is no recording with raw tracks yet, which would tell the bucket")
}

func readable(ctx context.Context, location string, opt source.Options) Finding {
	rec, err := source.Open(ctx, location, opt)
	if err != nil {
		return failed(err)
	}
	files, err := rec.Objects(ctx)
	if err != nil {
		return failed(fmt.Errorf("it cannot list the files of the newest recording: %w", err))
	}
	if len(files) == 0 {
		return warn("run it once with a newer recording", "the newest recording has no files any more: whether they could be read is not known")
	}
	rc, err := rec.OpenTrack(ctx, artifact.Track{Key: files[0].Key, Size: files[0].Size})
	if err == nil {
		_, err = io.CopyN(io.Discard, rc, 1)
		err = errors.Join(err, rc.Close())
	}
	if err != nil {
		return failed(fmt.Errorf("it cannot read the files of the newest recording: %w", err))
	}
	// What is deleted for want of consent is looked for at every version.
	if _, err := rec.Left(ctx); err != nil {
		f := failed(fmt.Errorf("it can list and read files, and not their old versions, which consent may want deleted: %w", err))
		f.State = Warn
		return f
	}
	return ok("it can list and read files and their old versions; whether it may delete them is not tried")
}

func consentEndpoint(ctx context.Context, s settings.Consent) Finding {
	if s.URL == "" {
		return skipped("CONSENT_URL is not set: consent.json in the store decides; without one the audio is %s", map[string]string{"keep": "kept", "delete": "deleted"}[s.Missing])
	}
	c := &remote.Client{
		Service: "the consent endpoint", Setting: "CONSENT_URL", KeyName: "CONSENT_TOKEN", Base: s.URL, Authorize: remote.Bearer(s.Token), Secrets: []string{s.Token},
	}
	_, err := c.Do(ctx, remote.Request{Op: "ask for decisions", Path: "/trackscribe-doctor"})
	var e *remote.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		err = nil // nobody decided about that
	}
	return settle(err, "it answers and takes the token")
}

func chat(ctx context.Context, s settings.Zulip) Finding {
	if s.Realm == "" {
		return skipped("ZULIP_REALM is not set")
	}
	c := zulip.New(zulip.Options{Realm: s.Realm, Email: s.Email, Key: s.Key, Channel: s.Channel, Topic: s.Topic})
	return settle(c.Check(ctx), "Zulip answers, takes the key and has the channel %q", s.Channel)
}

// receiver sends nothing: it only connects.
func receiver(ctx context.Context, s settings.Webhook) Finding {
	if s.URL == "" {
		return skipped("WEBHOOK_URL is not set")
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return failed(steps.Wrong("check WEBHOOK_URL", "its address is no http:// or https:// address"))
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return failed(steps.Wrong("check WEBHOOK_URL", "the receiver's host name is not known"))
	}
	if !s.AllowPrivate && slices.ContainsFunc(found, webhook.Private) {
		return failed(steps.Wrong("if that is meant: WEBHOOK_ALLOW_PRIVATE=true", "the receiver's address is inside a private network"))
	}
	var secure *tls.Config
	if u.Scheme == "https" {
		secure = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	}
	if err := connect(ctx, found, port, secure); err != nil {
		return failed(err)
	}
	if s.Secret == "" {
		return warn("set WEBHOOK_SECRET, and have the receiver check the signature", "the receiver takes connections; what it is told is not signed")
	}
	return ok("the receiver takes connections; nothing was sent")
}

// connect connects to one of the addresses, and shakes hands where secure says
// with whom. Its errors name no address.
func connect(ctx context.Context, at []netip.Addr, port string, secure *tls.Config) error {
	for _, a := range at {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port))
		if err != nil {
			continue
		}
		defer conn.Close()
		if secure == nil {
			return nil
		}
		err = tls.Client(conn, secure).HandshakeContext(ctx)
		var untrusted *tls.CertificateVerificationError
		switch {
		case errors.As(err, &untrusted):
			return steps.Wrong("give it a certificate of its own name, by an authority that this machine trusts", "the receiver's certificate is not trusted")
		case err != nil:
			return steps.Wrong("check WEBHOOK_URL: is it https://, and that port?", "the receiver takes connections, and speaks no TLS")
		}
		return nil
	}
	return &steps.Error{Class: steps.Transient, Err: errors.New("the receiver does not take connections"), Tip: "is it up? check WEBHOOK_URL"}
}
