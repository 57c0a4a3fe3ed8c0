package serve

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/steps"
)

// Intake is the [Source] at a location: Daily, or a folder or s3:// prefix whose
// folders are recordings. At an empty one there is nothing.
type Intake struct {
	Location string
	Options  source.Options
}

// Find implements [Source]. In a folder a recording is called what its
// recording.json says, or what its own folder is called.
func (i Intake) Find(ctx context.Context, id string) (string, error) {
	switch {
	case i.Location == "":
		return "", steps.Wrong("start trackscribe serve with --source", "where recording %q comes from is not said", id)
	case source.Everything(i.Location):
		return daily.Scheme + id, nil
	}
	for f, err := range i.List(ctx) {
		if err != nil {
			return "", err
		}
		if f.ID == id || f.Name == id {
			return f.Location, nil
		}
	}
	// It may be on its way.
	return "", &steps.Error{Class: steps.Transient, Err: fmt.Errorf("recording %q is not in the source: %w", id, errUnknown)}
}

// List implements [Source].
func (i Intake) List(ctx context.Context) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		if i.Location == "" {
			return
		}
		for l, err := range source.List(ctx, i.Location, i.Options) {
			f := Found{Listed: l}
			if err == nil {
				f.ID, err = i.identify(ctx, l)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

func (i Intake) identify(ctx context.Context, l source.Listed) (string, error) {
	if source.Everything(i.Location) {
		return strings.TrimPrefix(l.Location, daily.Scheme), nil
	}
	return operate.Identify(ctx, l.Location, i.Options, "")
}
