package getrecording_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/getrecording"
)

// scripted is a source of documents.
type scripted map[string]string

func (scripted) Name() string { return "scripted" }

func (s scripted) Document(_ context.Context, name string) ([]byte, error) {
	if v, ok := s[name]; ok {
		return []byte(v), nil
	}
	return nil, nil
}

func (s scripted) Objects(context.Context) ([]getrecording.Object, error) {
	var keys []string
	for k := range s {
		keys = append(keys, k)
	}
	return objects(keys...), nil
}

// started is the event of a track whose media began so many seconds after the
// recording.
func started(number int, name, contentType string, at float64) string {
	return fmt.Sprintf(`{"ts":%.3f,"type":"recording-media-started","participant_id":"p","data":{"trackSessionNum":%d,"uri":"s3://bucket/d/r/%s","contentType":%q,"mediaStartTime":%.3f}}`,
		1763980200+at, number, name, contentType, 1763980200+at)
}

func event(kind string, number int, at float64) string {
	return fmt.Sprintf(`{"ts":%.3f,"type":%q,"participant_id":"p","data":{"trackSessionNum":%d,"kind":"audio"}}`, 1763980200+at, kind, number)
}

func log(events ...string) string {
	return `{"format_id":"daily-event-json","format_version":"2026-04-30","recording":{"type":"raw-tracks"},"events":[` + strings.Join(events, ",") + `]}`
}

func recorded(t *testing.T, s scripted) (artifact.Recording, error) {
	t.Helper()
	made, _, err := getrecording.New(s).Run(t.Context(), &steps.Job{Recording: "rec", Track: -1, Scratch: t.TempDir()}, steps.Given{})
	if err != nil {
		return artifact.Recording{}, err
	}
	var rec artifact.Recording
	for _, m := range made {
		if m.Port == "recording" {
			readJSON(t, m.Path, &rec)
		}
	}
	return rec, nil
}

func TestEventsPlaceTracks(t *testing.T) {
	t.Parallel()
	rec, err := recorded(t, scripted{
		"tracks/" + ann + ".wav": "", "tracks/" + bob: "",
		"1763980200000.event.json": log(
			event("track-added", 1, 0), `{"ts":1,"type":"chat-message","data":{"text":"hi"}}`,
			`{"ts":1,"type":"later","data":"of another shape"}`, `{"ts":1,"type":"track-paused"}`, `{"ts":1,"type":"track-resumed","data":null}`,
			started(1, bob, "audio/webm", 0.229), started(2, ann, "audio/wav", 8.13),
			event("track-paused", 2, 10), event("track-resumed", 2, 12.5), event("track-paused", 2, 20), event("track-removed", 2, 21.25),
			started(3, vid, "video/webm", 3),
		),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Tracks) != 2 || rec.Tracks[0].Start == nil || *rec.Tracks[0].Start != 0.229 || rec.Tracks[1].Start == nil || *rec.Tracks[1].Start != 8.13 {
		t.Fatalf("tracks %+v", rec.Tracks)
	}
	if got, want := fmt.Sprint(rec.Tracks[1].Paused), "[{10 2.5} {20 1.25}]"; got != want {
		t.Errorf("paused %s, want %s", got, want)
	}
	if len(rec.Tracks[0].Paused) != 0 {
		t.Errorf("paused %v, want never", rec.Tracks[0].Paused)
	}
}

func TestEventsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ log, say string }{
		"not JSON": {"{", "read the event file"},
		"AAC":      {log(started(1, bob, "audio/aac", 1)), "track 0 is AAC"},
		"odd data": {log(`{"ts":1,"type":"track-paused","data":"odd"}`), "read the event file"},
		"AAC, mp4": {log(started(1, bob, "audio/mp4", 1)), "track 0 is AAC"},
	} {
		_, err := recorded(t, scripted{"tracks/" + bob: "", "x.event.json": c.log})
		if err == nil || !strings.Contains(err.Error(), c.say) || steps.Classify(err) != steps.Permanent || steps.Hint(err) == "" {
			t.Errorf("%s: error %v, want a permanent one with a hint that tells %q", name, err, c.say)
		}
	}
	if _, err := recorded(t, scripted{"tracks/" + bob: "", "x.event.json": log(), "tracks/y.event.json": log()}); err == nil || !strings.Contains(err.Error(), "two event files") {
		t.Errorf("two files: error %v", err)
	}
	// What makes no sense is not believed, and no error.
	rec, err := recorded(t, scripted{"tracks/" + bob: "", "x.event.json": log(started(1, bob, "audio/webm", -5), started(2, "unknown", "audio/webm", 1), event("track-resumed", 9, 1))})
	if err != nil || rec.Tracks[0].Start != nil {
		t.Errorf("tracks %+v, error %v", rec.Tracks, err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(log(started(1, bob, "audio/webm", 0.229), event("track-paused", 1, 10), event("track-removed", 1, 12)))
	f.Add(`{"events":[{"type":"recording-media-started","data":{"uri":"` + bob + `","mediaStartTime":1e300,"trackSessionNum":1e99}}]}`)
	f.Add(`{"events":null}`)
	f.Fuzz(func(t *testing.T, log string) {
		rec, err := recorded(t, scripted{"tracks/" + bob: "", "x.event.json": log})
		if err != nil {
			if steps.Classify(err) != steps.Permanent {
				t.Errorf("error %v", err)
			}
			return
		}
		for _, tr := range rec.Tracks {
			if tr.Start != nil && !(*tr.Start >= 0 && *tr.Start < 12*3600) {
				t.Errorf("track begins at %v", *tr.Start)
			}
			for _, p := range tr.Paused {
				if !(p.Start >= 0 && p.Length >= 0) {
					t.Errorf("paused %+v", p)
				}
			}
		}
	})
}
