package serve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// inboxPrefix is where the store keeps what is to be run.
const inboxPrefix = "inbox/"

// An Order is a run that was asked for and is not known to have ended, or, on a
// cluster, to have been started.
type Order struct {
	Location string    `json:"location"` // daily:<id>
	Run      string    `json:"run"`
	Asked    time.Time `json:"asked"`
}

// inbox keeps orders in the store. The same recording is one order, however
// often it is asked for.
type inbox struct{ store store.Store }

// orderOf makes the order of a recording at Daily. Its run id follows from the
// recording, so that it is one run after a crash, too.
func orderOf(recording string, now time.Time) Order {
	sum := sha256.Sum256([]byte(recording))
	return Order{Location: daily.Scheme + recording, Run: "hook-" + hex.EncodeToString(sum[:8]), Asked: now.UTC()}
}

func (o Order) key() string { return inboxPrefix + o.Run + ".json" }

// recording is the order's recording id in the store.
func (o Order) recording() string { return run.MakeID(strings.TrimPrefix(o.Location, daily.Scheme)) }

// add keeps an order. fresh is false when there was one, or its run.
func (i inbox) add(ctx context.Context, o Order) (fresh bool, err error) {
	_, err = i.store.Stat(ctx, run.RunKey(o.recording(), o.Run))
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

// done forgets an order.
func (i inbox) done(ctx context.Context, o Order) error { return i.store.Delete(ctx, o.key()) }
