package source_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/source/sourcetest"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
)

var people = []map[string]any{{"user_id": "u", "participant_id": "1b0a5c1e-7d1f-4d55-9b62-0c7f5f0f3a01", "user_name": "Ann"}}

// recording is what Daily says of it.
func recording(change map[string]any) map[string]any {
	var tracks []any
	for _, name := range []string{sourcetest.Ann, sourcetest.Bob} {
		tracks = append(tracks, map[string]any{"type": "audio", "size": 13, "s3Key": "domain/room/" + name})
	}
	tracks = append(tracks, map[string]any{"type": "video", "size": 11, "s3Key": "domain/room/" + sourcetest.Video})
	r := map[string]any{
		"id": "rec", "room_name": "room", "status": "finished", "mtgSessionId": "meeting", "tracks": tracks,
		"s3": map[string]any{"bucket_name": "raw", "bucket_region": "eu-1", "key": "domain/room/1763980200000"},
	}
	for k, v := range change {
		r[k] = v
	}
	return r
}

func put(t *testing.T, st store.Store, key, text string) {
	t.Helper()
	if _, err := st.Put(t.Context(), key, strings.NewReader(text), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func document(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// bucket starts an S3 server with a bucket that keeps versions.
func bucket(t *testing.T, name string) (store.Store, open.Options) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(name); err != nil {
		t.Fatal(err)
	}
	if err := backend.SetVersioningConfiguration(name, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(srv.Close)
	opt := open.Options{Endpoint: srv.URL, Region: "us-east-1", PathStyle: true, AccessKeyID: "id", SecretAccessKey: "secret"}
	st, err := open.Open(t.Context(), "s3://"+name, opt)
	if err != nil {
		t.Fatal(err)
	}
	return st, opt
}

// remains lists everything in a store, former versions too.
func remains(st store.Store) func(t *testing.T) []string {
	return func(t *testing.T) (keys []string) {
		t.Helper()
		for key, err := range st.(store.Purger).Remains(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
		return keys
	}
}

func laidOut(t *testing.T, st store.Store, location string, opt source.Options) sourcetest.Place {
	t.Helper()
	for name, text := range sourcetest.Files() {
		put(t, st, "tracks/"+name, text)
	}
	put(t, st, "recording.json", document(t, recording(nil)))
	put(t, st, "participants.json", document(t, map[string]any{"data": people}))
	src, err := source.Open(t.Context(), location, opt)
	if err != nil {
		t.Fatal(err)
	}
	return sourcetest.Place{Recording: src, Remains: remains(st)}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		dir := t.TempDir()
		st, err := open.Open(t.Context(), dir, open.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return laidOut(t, st, dir, source.Options{})
	})
}

func TestBucket(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		_, s3 := bucket(t, "recordings")
		st, err := open.Open(t.Context(), "s3://recordings/team/rec", s3)
		if err != nil {
			t.Fatal(err)
		}
		return laidOut(t, st, "s3://recordings/team/rec", source.Options{S3: s3})
	})
}

func TestDaily(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"with a list of tracks":    nil,
		"without a list of tracks": {"tracks": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
				st, s3 := bucket(t, "raw")
				for name, text := range sourcetest.Files() {
					put(t, st, "domain/room/"+name, text)
				}
				put(t, st, "domain/room/"+sourcetest.Other, "another day")
				put(t, st, "domain/room/"+sourcetest.Ann, sourcetest.Files()[sourcetest.Ann]) // a former version lies below
				account := dailytest.New()
				account.Add(recording(change))
				account.Meet("meeting", people)
				srv := httptest.NewServer(account)
				t.Cleanup(srv.Close)
				src, err := source.Open(t.Context(), "daily:rec", source.Options{Daily: settings.Daily{
					URL: srv.URL, Key: dailytest.Key, Endpoint: s3.Endpoint, Region: s3.Region, AccessKey: s3.AccessKeyID, SecretKey: s3.SecretAccessKey,
				}})
				if err != nil {
					t.Fatal(err)
				}
				return sourcetest.Place{Recording: src, Remains: remains(st)}
			})
		})
	}
}
