package getrecording

import (
	"encoding/json"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// EventSuffix ends the name of the file in which Daily logs what happened in a
// recording that was started with dataOutputs "event-json"
// (https://docs.daily.co/docs/guides/features/recording/event-json).
const EventSuffix = ".event.json"

// eventLog is the part of that file that matters here. Types that are not known
// are skipped, as the documentation asks for.
type eventLog struct {
	Events []struct {
		TS   float64         `json:"ts"` // Unix seconds
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"` // of a shape that depends on the type
	} `json:"events"`
}

// trackEvent is the data of an event of a track.
type trackEvent struct {
	Track       json.Number `json:"trackSessionNum"`
	URI         string      `json:"uri"`
	ContentType string      `json:"contentType"`
	MediaStart  float64     `json:"mediaStartTime"` // Unix seconds
}

// maxOffset is the latest start that is believed, in seconds.
const maxOffset = 12 * 3600

// place puts the tracks where the event log says: it is authoritative for when
// each began. A log may lack tracks: it is written in parts.
func place(rec *artifact.Recording, log []byte) error {
	var l eventLog
	if err := json.Unmarshal(log, &l); err != nil {
		return steps.Bad("remove the file to go by the tracks alone", "read the event file: %w", err)
	}
	tracks := map[string]int{} // by name without extension
	for i, t := range rec.Tracks {
		base := path.Base(t.Key)
		tracks[strings.TrimSuffix(base, path.Ext(base))] = i
	}
	at := map[json.Number]int{}        // by the number that links events
	began := map[json.Number]float64{} // when a pause did
	for _, e := range l.Events {
		switch e.Type {
		case "recording-media-started", "track-paused", "track-resumed", "track-removed":
		default:
			continue
		}
		var data trackEvent
		if err := json.Unmarshal(e.Data, &data); len(e.Data) > 0 && err != nil {
			return steps.Bad("remove the file to go by the tracks alone", "read the event file: event %q: %w", e.Type, err)
		}
		switch e.Type {
		case "recording-media-started":
			base := path.Base(data.URI)
			name := strings.TrimSuffix(base, path.Ext(base))
			i, ok := tracks[name]
			start, known := recordingStart(name)
			if !ok || !known {
				continue
			}
			if strings.Contains(data.ContentType, "aac") || strings.Contains(data.ContentType, "mp4") {
				return steps.Bad(notAAC, "track %d is AAC (%s), which is not read", i, data.ContentType)
			}
			if offset := round(data.MediaStart - start); offset >= 0 && offset < maxOffset {
				rec.Tracks[i].Start = &offset
			}
			at[data.Track] = i
		case "track-paused":
			began[data.Track] = e.TS
		case "track-resumed", "track-removed":
			from, paused := began[data.Track]
			i, ok := at[data.Track]
			delete(began, data.Track)
			if !ok || !paused {
				continue
			}
			base := path.Base(rec.Tracks[i].Key)
			if start, known := recordingStart(strings.TrimSuffix(base, path.Ext(base))); known && e.TS > from && from >= start {
				rec.Tracks[i].Paused = append(rec.Tracks[i].Paused, artifact.Span{Start: round(from - start), Length: round(e.TS - from)})
			}
		}
	}
	return nil
}

// recordingStart is the recording's start in Unix seconds, out of a track's
// name.
func recordingStart(name string) (float64, bool) {
	m := trackName.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	ms, err := strconv.ParseInt(m[1], 10, 64)
	return float64(ms) / 1000, err == nil
}

// eventFile finds the event log among the files at the source.
func eventFile(objects []Object) (string, error) {
	found := ""
	for _, o := range objects {
		if !strings.HasSuffix(o.Key, EventSuffix) {
			continue
		}
		if found != "" {
			return "", steps.Bad("leave one of them", "there are two event files: %q and %q", found, o.Key)
		}
		found = o.Key
	}
	return found, nil
}

// round keeps milliseconds: Daily's clock has no more, and sums of large
// numbers of seconds are not exact.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
