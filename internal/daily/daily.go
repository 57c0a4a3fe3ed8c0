// Package daily reads recordings from Daily (https://docs.daily.co): what there
// is and who took part from its REST API, the raw tracks from the bucket that
// it writes them to.
//
// It takes what the API really answers: durations that are null, recordings
// without a meeting, without a type or without a list of tracks.
package daily

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
)

// page is how many entries Daily gives at once.
const page = 100

// pause is how long a listing waits between two pages: Daily takes two such
// requests a second.
const pause = 500 * time.Millisecond

// maxPages bounds a listing: a server that never ends is none.
const maxPages = 1000

// ClientOptions say which account.
type ClientOptions struct {
	URL string // of the REST API, with its /v1
	Key string
}

// A Client asks Daily's REST API. It may be used from many goroutines.
type Client struct{ remote *remote.Client }

// NewClient returns a client.
func NewClient(o ClientOptions) *Client {
	return &Client{&remote.Client{
		Service: "Daily", Setting: "DAILY_API_URL", KeyName: "DAILY_API_KEY", Base: o.URL, Timeout: 20 * time.Second,
		Authorize: remote.Bearer(o.Key), Secrets: []string{o.Key},
	}}
}

// A Recording is the part of Daily's recording object that matters here.
type Recording struct {
	ID        string   `json:"id"`
	Room      string   `json:"room_name"`
	Status    string   `json:"status"` // "finished", "in-progress", "canceled"; may be absent
	Type      string   `json:"type"`   // "raw-tracks", "cloud", …; mostly absent
	Started   *float64 `json:"start_ts"`
	Duration  *float64 `json:"duration"`
	MeetingID string   `json:"mtgSessionId"`
	S3Key     string   `json:"s3key"`
	S3        struct {
		Bucket string `json:"bucket_name"`
		Region string `json:"bucket_region"`
		Key    string `json:"key"`
	} `json:"s3"`
	Tracks *[]Track `json:"tracks"` // nil: Daily does not say
}

// A Track is one file of a recording.
type Track struct {
	Type string `json:"type"` // "audio" or "video"
	Key  string `json:"s3Key"`
	Size int64  `json:"size"`
}

// RawTracks reports whether the recording has one file per participant. Where
// Daily does not say, one that has a list of tracks has them; and so may one
// that has none, unless its key is a mixed file's.
func (r Recording) RawTracks() bool {
	if r.Type != "" {
		return r.Type == "raw-tracks"
	}
	return r.Tracks != nil && len(*r.Tracks) > 0 || path.Ext(r.key()) == ""
}

// key is where the recording lies in its bucket: a file, or what the names of
// its tracks begin with.
func (r Recording) key() string {
	if r.S3Key != "" {
		return r.S3Key
	}
	return r.S3.Key
}

// Recording returns a recording, and Daily's answer as it is.
func (c *Client) Recording(ctx context.Context, id string) (rec Recording, doc []byte, err error) {
	req := remote.Request{Op: "get the recording", Path: "/recordings/" + url.PathEscape(id)}
	reply, err := c.remote.Do(ctx, req)
	var e *remote.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return rec, nil, steps.Bad("trackscribe list recordings --source daily: shows those that the key may see", "Daily has no recording %q: %w", id, err)
	}
	if err != nil {
		return rec, nil, err
	}
	if err := c.remote.Decode(req, reply, &rec); err != nil {
		return rec, nil, err
	}
	return rec, reply.Body, nil
}

// Recordings yields the account's recordings, newest first.
func (c *Client) Recordings(ctx context.Context) iter.Seq2[Recording, error] {
	return func(yield func(Recording, error) bool) {
		query := url.Values{"limit": {strconv.Itoa(page)}}
		for range maxPages {
			var list struct {
				Data []Recording `json:"data"`
			}
			if err := c.remote.JSON(ctx, remote.Request{Op: "list the recordings", Path: "/recordings", Query: query}, &list); err != nil {
				yield(Recording{}, err)
				return
			}
			for _, r := range list.Data {
				if !yield(r, nil) {
					return
				}
			}
			if len(list.Data) < page {
				return
			}
			last := list.Data[len(list.Data)-1].ID
			if last == "" || last == query.Get("starting_after") {
				return // it does not go on: the same page would come for ever
			}
			query.Set("starting_after", last)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				yield(Recording{}, context.Cause(ctx))
				return
			}
		}
	}
}

// Participants returns who took part in a meeting, each as Daily describes
// them; nil when it knows of no such meeting.
func (c *Client) Participants(ctx context.Context, meeting string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	query := url.Values{"limit": {strconv.Itoa(page)}}
	for range maxPages {
		var list struct {
			Data []json.RawMessage `json:"data"`
		}
		err := c.remote.JSON(ctx, remote.Request{
			Op: "list the participants", Path: "/meetings/" + url.PathEscape(meeting) + "/participants", Query: query,
		}, &list)
		var e *remote.Error
		if errors.As(err, &e) && e.Status == http.StatusNotFound {
			return all, nil // after the last page, too
		}
		if err != nil {
			return nil, err
		}
		all = append(all, list.Data...)
		if len(list.Data) < page {
			return all, nil
		}
		var last struct {
			ID string `json:"participant_id"`
		}
		if err := json.Unmarshal(list.Data[len(list.Data)-1], &last); err != nil || last.ID == "" || last.ID == query.Get("joined_after") {
			return all, nil
		}
		query.Set("joined_after", last.ID)
	}
	return all, nil
}

// Check asks for as little as can be, to see whether the key is taken.
func (c *Client) Check(ctx context.Context) error {
	var any map[string]any
	return c.remote.JSON(ctx, remote.Request{Op: "list the recordings", Path: "/recordings", Query: url.Values{"limit": {"1"}}}, &any)
}
