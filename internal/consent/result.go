package consent

import (
	"context"
	"errors"
	"io"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

const resultFile = "result.json"

// Result is a recording's published result. It implements
// [github.com/trackscribe/trackscribe/steps/cleanupconsent.Result].
type Result struct {
	Store     store.Store
	Recording string
}

// Index implements the result.
func (r Result) Index(ctx context.Context) (doc artifact.Result, ok bool, err error) {
	_, err = store.GetJSON(ctx, r.Store, run.ResultKey(r.Recording, resultFile), &doc)
	if errors.Is(err, store.ErrNotFound) {
		return doc, false, nil
	}
	return doc, err == nil, err
}

// SetIndex implements the result.
func (r Result) SetIndex(ctx context.Context, doc artifact.Result, forget bool) error {
	key := run.ResultKey(r.Recording, resultFile)
	if forget {
		p, err := purger(r.Store)
		if err == nil {
			err = p.Purge(ctx, key)
		}
		if err != nil {
			return err
		}
	}
	_, err := store.PutJSON(ctx, r.Store, key, doc, store.PutOptions{})
	return err
}

// Publish implements the result.
func (r Result) Publish(ctx context.Context, name, mediaType string, in io.Reader) error {
	_, err := r.Store.Put(ctx, run.ResultKey(r.Recording, name), in, store.PutOptions{ContentType: mediaType})
	return err
}
