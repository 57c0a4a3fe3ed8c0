// Package sourcetest is what every source of recordings must do, as tests: a
// new source is done when Run passes on it.
package sourcetest

import (
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/getrecording"
)

// The names of a recording's files, as Daily gives them.
const (
	Ann    = "1763980200000-1b0a5c1e-7d1f-4d55-9b62-0c7f5f0f3a01-cam-audio-1763980208339"
	Bob    = "1763980200000-2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902-cam-audio-1763980200438"
	Video  = "1763980200000-2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902-cam-video-1763980200438"
	Events = "1763980200000.event.json"
	// Other is a track of another recording in the same place, where the place
	// can hold more than one.
	Other = "1763990200000-2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902-cam-audio-1763990200438"
)

// Files are the recording's files with their contents.
func Files() map[string]string {
	return map[string]string{Ann: "what ann said", Bob: "what bob said", Video: "bob, moving", Events: `{"events":[]}`}
}

// A Place is a source with the recording of [Files] in it, whose recording.json
// has the id "rec".
type Place struct {
	source.Recording
	// Remains lists what is in the place, whatever the source says.
	Remains func(t *testing.T) []string
}

// Run checks a source. open is called once for each test.
func Run(t *testing.T, open func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Place)
	}{
		{"documents", documents},
		{"tracks", tracks},
		{"content", content},
		{"changed track", changed},
		{"deleting", deleting},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

func documents(t *testing.T, p Place) {
	if p.Name() == "" {
		t.Error("it has no name")
	}
	if some, err := p.Any(t.Context()); err != nil || !some {
		t.Errorf("there is nothing: %v", err)
	}
	doc, err := p.Document(t.Context(), "recording.json")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := getrecording.RecordingID(doc); err != nil || id != "rec" {
		t.Errorf("recording %q: %v", id, err)
	}
	if doc, err = p.Document(t.Context(), "participants.json"); err != nil || !strings.Contains(string(doc), `"user_name"`) {
		t.Errorf("participants %s: %v", doc, err)
	}
	if doc, err = p.Document(t.Context(), "no-such.json"); err != nil || doc != nil {
		t.Errorf("a document that is not there: %q, %v", doc, err)
	}
}

// listed reads the recording as get-recording does.
func listed(t *testing.T, p Place) artifact.Recording {
	t.Helper()
	doc, err := p.Document(t.Context(), "recording.json")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := p.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rec, err := getrecording.Read(doc, objects)
	if err != nil {
		t.Fatal(err)
	}
	events := slices.IndexFunc(objects, func(o getrecording.Object) bool { return strings.HasSuffix(o.Key, getrecording.EventSuffix) })
	if events < 0 {
		t.Fatal("the event file is not listed")
	}
	if b, err := p.Document(t.Context(), objects[events].Key); err != nil || string(b) != Files()[Events] {
		t.Errorf("event file %q: %v", b, err)
	}
	return rec
}

func tracks(t *testing.T, p Place) {
	rec := listed(t, p)
	if len(rec.Tracks) != 2 || path.Base(rec.Tracks[0].Key) != Bob || path.Base(rec.Tracks[1].Key) != Ann {
		t.Fatalf("tracks %+v", rec.Tracks)
	}
	for _, tr := range rec.Tracks {
		if tr.Identity == "" || tr.Size != int64(len(Files()[path.Base(tr.Key)])) {
			t.Errorf("track %+v", tr)
		}
	}
	again := listed(t, p)
	if again.Tracks[0].Identity != rec.Tracks[0].Identity || rec.Tracks[0].Identity == rec.Tracks[1].Identity {
		t.Errorf("identities %q and %q, then %q", rec.Tracks[0].Identity, rec.Tracks[1].Identity, again.Tracks[0].Identity)
	}
}

func content(t *testing.T, p Place) {
	for _, tr := range listed(t, p).Tracks {
		rc, err := p.OpenTrack(t.Context(), tr)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rc)
		if err := errors.Join(err, rc.Close()); err != nil || string(b) != Files()[path.Base(tr.Key)] {
			t.Errorf("track %d is %q: %v", tr.Index, b, err)
		}
	}
}

func changed(t *testing.T, p Place) {
	tr := listed(t, p).Tracks[0]
	tr.Size++
	if _, err := p.OpenTrack(t.Context(), tr); err == nil || steps.Classify(err) != steps.Permanent {
		t.Errorf("a track of another size: %v", err)
	}
	tr.Key = path.Join(path.Dir(tr.Key), "1763980200000-ffffffff-0a4b-4a7e-8a35-51a8f2d9c902-cam-audio-1763980200438")
	if _, err := p.OpenTrack(t.Context(), tr); err == nil {
		t.Error("a track that is not there can be opened")
	}
}

func deleting(t *testing.T, p Place) {
	left, err := p.Left(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, key := range left {
		names = append(names, path.Base(key))
	}
	slices.Sort(names)
	if want := []string{Ann, Bob, Video}; !slices.Equal(names, want) {
		t.Fatalf("what can be heard: %q, want %q", names, want)
	}
	others := len(p.Remains(t)) - len(left)
	for _, key := range left {
		if err := p.Erase(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if err := p.Erase(t.Context(), key); err != nil {
			t.Errorf("once more: %v", err)
		}
	}
	if left, err := p.Left(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	remains := p.Remains(t)
	if len(remains) != others {
		t.Errorf("%d files remain, want the %d that are not this recording's tracks: %q", len(remains), others, remains)
	}
	for _, key := range remains {
		if b := path.Base(key); b == Ann || b == Bob || b == Video {
			t.Errorf("%q remains", key)
		}
	}
}
