package source

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
)

// A Listed is one recording of a source of many.
type Listed struct {
	Location string    `json:"location"`           // what run and submit take
	Name     string    `json:"name"`               // room, or folder
	Started  time.Time `json:"started,omitzero"`   // when the source says so
	Duration float64   `json:"duration,omitempty"` // in seconds, when the source says so
	Tracks   int       `json:"tracks,omitempty"`   // audio tracks, when the source says so
	State    string    `json:"state,omitempty"`    // at Daily: finished, in-progress, canceled
}

// Everything reports whether a location names all recordings at Daily: "daily"
// or "daily:".
func Everything(location string) bool { return strings.TrimSuffix(location, ":") == "daily" }

// List yields the recordings of a source: those with raw tracks of the account
// at Daily ("daily"), newest first, or the folders of a folder or s3:// prefix.
func List(ctx context.Context, location string, opt Options) iter.Seq2[Listed, error] {
	if Everything(location) {
		return opt.atDaily(ctx)
	}
	return func(yield func(Listed, error) bool) {
		at, err := open.Open(ctx, location, opt.S3)
		if err != nil {
			yield(Listed{}, steps.Wrong("give daily, an s3:// prefix or a folder whose folders are recordings", "%w", err))
			return
		}
		for name, err := range at.Folders(ctx, "") {
			if err != nil {
				yield(Listed{}, fmt.Errorf("list the source: %w", err))
				return
			}
			if !yield(Listed{Location: strings.TrimSuffix(location, "/") + "/" + name, Name: name}, nil) {
				return
			}
		}
	}
}

func (o Options) atDaily(ctx context.Context) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		client, err := o.Client()
		if err != nil {
			yield(Listed{}, err)
			return
		}
		for r, err := range client.Recordings(ctx) {
			if err != nil {
				yield(Listed{}, err)
				return
			}
			if !r.RawTracks() {
				continue
			}
			l := Listed{Location: daily.Scheme + r.ID, Name: r.Room, State: r.Status}
			if r.Started != nil {
				l.Started = time.Unix(int64(*r.Started), 0).UTC()
			}
			if r.Duration != nil {
				l.Duration = *r.Duration
			}
			if r.Tracks != nil {
				for _, t := range *r.Tracks {
					if t.Type != "video" {
						l.Tracks++
					}
				}
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}
