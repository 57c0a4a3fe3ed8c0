package serve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// inboxPrefix is where the store keeps what is to be run, cursorKey how far the
// source has been read.
const (
	inboxPrefix = "serve/inbox/"
	cursorKey   = "serve/cursor.json"
)

// An Order is a run that was asked for and is not known to have ended, or, on a
// cluster, to have been started.
type Order struct {
	Recording string    `json:"recording"`          // id in the store
	Source    string    `json:"source,omitempty"`   // what the source calls it, where Location is not known yet
	Location  string    `json:"location,omitempty"` // of its tracks
	Run       string    `json:"run"`
	Refresh   []string  `json:"refresh,omitempty"`
	Asked     time.Time `json:"asked"`
}

// orderOf makes the order of a recording that the source says is ready. Its run
// id follows from the recording, so that it is one run however often and by
// whomever it is told.
func orderOf(source string, now time.Time) Order {
	sum := sha256.Sum256([]byte(source))
	return Order{Recording: run.MakeID(source), Source: source, Run: "auto-" + hex.EncodeToString(sum[:8]), Asked: now.UTC()}
}

func (o Order) key() string { return inboxPrefix + o.Recording + "." + o.Run + ".json" }

// inbox keeps orders in the store.
type inbox struct{ store store.Store }

// add keeps an order. fresh is false when there was one, or its run.
func (i inbox) add(ctx context.Context, o Order) (fresh bool, err error) {
	_, err = i.store.Stat(ctx, run.RunKey(o.Recording, o.Run))
	if err == nil {
		return false, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	_, err = store.PutJSON(ctx, i.store, o.key(), o, store.PutOptions{IfAbsent: true})
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// pending returns the orders that are not done.
func (i inbox) pending(ctx context.Context) ([]Order, error) {
	var list []Order
	for info, err := range i.store.List(ctx, inboxPrefix) {
		if err != nil {
			return nil, fmt.Errorf("read the inbox: %w", err)
		}
		var o Order
		if _, err := store.GetJSON(ctx, i.store, info.Key, &o); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				continue // done meanwhile
			}
			return nil, fmt.Errorf("read the inbox: %w", err)
		}
		list = append(list, o)
	}
	return list, nil
}

// has reports whether an order still stands.
func (i inbox) has(ctx context.Context, o Order) (bool, error) {
	_, err := i.store.Stat(ctx, o.key())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// done forgets an order.
func (i inbox) done(ctx context.Context, o Order) error { return i.store.Delete(ctx, o.key()) }
