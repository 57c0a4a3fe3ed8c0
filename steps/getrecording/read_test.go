package getrecording_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/getrecording"
)

const (
	ann = "1763980200000-1b0a5c1e-7d1f-4d55-9b62-0c7f5f0f3a01-cam-audio-1763980208339"
	bob = "1763980200000-2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902-cam-audio-1763980200438"
	vid = "1763980200000-2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902-cam-video-1763980200438"
)

func objects(keys ...string) []getrecording.Object {
	var list []getrecording.Object
	for _, k := range keys {
		list = append(list, getrecording.Object{Key: k, Size: 10, Identity: "sha256:" + k})
	}
	return list
}

func TestRead(t *testing.T) {
	t.Parallel()
	listing := func(keys ...string) string {
		var items []string
		for _, k := range keys {
			items = append(items, fmt.Sprintf(`{"type":"audio","s3Key":"d/r/%s"}`, k))
		}
		return `{"id":"x","room_name":"room","start_ts":1763980200,"duration":null,"tracks":[` + strings.Join(items, ",") + `]}`
	}
	for _, c := range []struct {
		name string
		doc  string
		keys []string
		want []string // keys of the tracks, by index
		err  string
	}{
		{name: "bare files by name", keys: []string{"b.webm", "a.ogg", "notes.txt"}, want: []string{"a.ogg", "b.webm"}},
		{name: "daily names by offset", keys: []string{"tracks/" + ann, "tracks/" + bob}, want: []string{"tracks/" + bob, "tracks/" + ann}},
		{name: "video is left out", keys: []string{"tracks/" + bob, "tracks/" + vid}, want: []string{"tracks/" + bob}},
		{name: "listed tracks only", doc: listing(bob), keys: []string{"tracks/" + ann, "tracks/" + bob}, want: []string{"tracks/" + bob}},
		{name: "tracks null", doc: `{"id":"x","tracks":null}`, keys: []string{"tracks/" + bob}, want: []string{"tracks/" + bob}},
		{name: "zero tracks", doc: `{"id":"x","tracks":[]}`, want: []string{}},
		{name: "zero tracks, files unlisted", doc: `{"id":"x","tracks":[]}`, keys: []string{"tracks/" + bob}, want: []string{}},
		{name: "listed but absent", doc: listing(bob), err: "which is not there"},
		{name: "listed twice", doc: listing(bob, bob), keys: []string{"tracks/" + bob}, err: "twice"},
		{name: "two of one name", keys: []string{"anna.webm", "tracks/anna.ogg"}, err: "two tracks have one name"},
		{name: "AAC", doc: listing(bob + ".m4a"), keys: []string{"d/r/" + bob + ".m4a"}, err: "is AAC"},
		{name: "AAC beside what is listed", doc: listing(bob), keys: []string{"d/r/" + bob, "d/r/" + bob + ".m4a"}, want: []string{"d/r/" + bob}},
		{name: "no tracks", keys: []string{"readme.md", "song.mp3"}, err: "no audio tracks"},
		{name: "unreadable", doc: `{"id":`, err: "read recording.json"},
		{name: "wrong type", doc: `{"tracks":"many"}`, err: "read recording.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var doc []byte
			if c.doc != "" {
				doc = []byte(c.doc)
			}
			rec, err := getrecording.Read(doc, objects(c.keys...))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || steps.Classify(err) != steps.Permanent || steps.Hint(err) == "" {
					t.Fatalf("error %v (class %s, hint %q), want a permanent one with a hint that tells %q", err, steps.Classify(err), steps.Hint(err), c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for i, tr := range rec.Tracks {
				if tr.Index != i {
					t.Errorf("track %d has index %d", i, tr.Index)
				}
				got = append(got, tr.Key)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("tracks %v, want %v", got, c.want)
			}
		})
	}
}

func TestReadTooManyTracks(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range getrecording.MaxTracks + 1 {
		keys = append(keys, fmt.Sprintf("p%02d.webm", i))
	}
	if _, err := getrecording.Read(nil, objects(keys[1:]...)); err != nil {
		t.Errorf("%d tracks: %v", getrecording.MaxTracks, err)
	}
	if _, err := getrecording.Read(nil, objects(keys...)); err == nil || !strings.Contains(err.Error(), "65 audio tracks") {
		t.Errorf("65 tracks: error %v", err)
	}
}

func TestDailyName(t *testing.T) {
	t.Parallel()
	rec, err := getrecording.Read(nil, objects("tracks/"+ann))
	if err != nil {
		t.Fatal(err)
	}
	want := artifact.Track{Key: "tracks/" + ann, Size: 10, Identity: "sha256:tracks/" + ann, ParticipantID: "1b0a5c1e-7d1f-4d55-9b62-0c7f5f0f3a01", ClockOffset: 8.339}
	if !reflect.DeepEqual(rec.Tracks[0], want) {
		t.Errorf("track %+v, want %+v", rec.Tracks[0], want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"id":"x","room_name":"r","start_ts":1.5,"duration":3,"tracks":[{"type":"audio","s3Key":"a/`+ann+`"}]}`), "tracks/"+ann)
	f.Add([]byte(`{"tracks":null,"duration":null}`), "a.webm")
	f.Add([]byte(`{"duration":1e300,"start_ts":-1}`), "..")
	f.Add([]byte(`[]`), "")
	f.Fuzz(func(t *testing.T, doc []byte, key string) {
		rec, err := getrecording.Read(doc, objects(key, "z"+key, "b.wav"))
		if err != nil {
			return
		}
		for i, tr := range rec.Tracks {
			if tr.Index != i || tr.Key == "" {
				t.Errorf("track %d: %+v", i, tr)
			}
		}
	})
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}
