package world

import (
	"context"
	"errors"
	"strings"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/webhook"
	"github.com/trackscribe/trackscribe/internal/zulip"
	"github.com/trackscribe/trackscribe/steps/catalog"
)

// effects joins the side effects that are configured.
func (w *World) effects(out *catalog.Outside) {
	if z := w.opt.Settings.Zulip; z.Realm != "" {
		out.Zulip = zulip.New(zulip.Options{Realm: z.Realm, Email: z.Email, Key: z.Key, Channel: z.Channel, Topic: z.Topic})
	}
	if h := w.opt.Settings.Webhook; h.URL != "" {
		out.Webhook = webhook.New(webhook.Options{URL: h.URL, Secret: h.Secret, AllowPrivate: h.AllowPrivate, Now: w.opt.Now})
	}
}

// link is the address of a recording's page.
func (w *World) link(recording string) string {
	if w.opt.Settings.UI == "" {
		return ""
	}
	return strings.TrimRight(w.opt.Settings.UI, "/") + "/recordings/" + recording
}

// ledger keeps what side effects did, one document per step, beside the
// recording's result. It implements [steps.Documents].
type ledger struct {
	store     store.Store
	recording string
}

func (e ledger) key(name string) string { return run.EffectKey(e.recording, name) }

// Load reads what a step did the last time. A document that cannot be read is
// an error: acting without it could repeat what was done.
func (e ledger) Load(ctx context.Context, name string, v any) (bool, error) {
	_, err := store.GetJSON(ctx, e.store, e.key(name), v)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Save implements [steps.Documents].
func (e ledger) Save(ctx context.Context, name string, v any) error {
	_, err := store.PutJSON(ctx, e.store, e.key(name), v, store.PutOptions{})
	return err
}
