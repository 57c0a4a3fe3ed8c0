package getrecording

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// maxTrackSize bounds one raw track: 12 hours of Opus fit several times over.
const maxTrackSize = 2 << 30

// daily is the part of Daily's recording object (REST API, GET /recordings/:id)
// that matters here. Numbers may be null, and tracks may be missing.
type daily struct {
	ID        string   `json:"id"`
	RoomName  string   `json:"room_name"`
	StartTS   *float64 `json:"start_ts"`
	Duration  *float64 `json:"duration"`
	MeetingID string   `json:"mtgSessionId"`
	Tracks    *[]struct {
		Type  string `json:"type"`
		S3Key string `json:"s3Key"`
	} `json:"tracks"`
}

// trackName is how Daily names a raw track: recording start in ms, participant
// id, kind, track start in ms.
var trackName = regexp.MustCompile(`^(\d{13,})-([0-9a-fA-F-]{36})-(cam-audio|cam-video|screen-audio|screen-video)-(\d{13,})$`)

// extensions are those of files that hold an audio track, if no Daily name
// says so.
var extensions = []string{".webm", ".weba", ".mka", ".ogg", ".oga", ".opus", ".wav"}

// aac are the extensions of tracks that Daily transcoded to AAC.
var aac = []string{".aac", ".m4a", ".mp4"}

// notAAC is what to do about such tracks.
const notAAC = "let Daily write them as WAV (enable_raw_tracks_transcoded_audio), or leave them raw"

// RecordingID returns the id that a recording.json states, or "".
func RecordingID(doc []byte) (string, error) {
	d, err := parse(doc)
	return d.ID, err
}

func parse(doc []byte) (d daily, err error) {
	if doc == nil {
		return d, nil
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		return d, steps.Bad("it must be what Daily's GET /recordings/:id answers; remove it to go by the files alone",
			"read recording.json: %w", err)
	}
	return d, nil
}

// Read makes a Recording of the recording.json document (nil when there is
// none) and the files at the source.
func Read(doc []byte, objects []Object) (artifact.Recording, error) {
	d, err := parse(doc)
	if err != nil {
		return artifact.Recording{}, err
	}
	rec := artifact.Recording{Name: d.RoomName, MeetingID: d.MeetingID, Tracks: []artifact.Track{}}
	if d.Duration != nil && *d.Duration > 0 && *d.Duration < 30*24*3600 {
		rec.Duration = *d.Duration
	}
	if d.StartTS != nil && *d.StartTS > 0 && *d.StartTS < 1e11 {
		rec.Started = time.Unix(int64(*d.StartTS), 0).UTC().Format(time.RFC3339)
	}
	listed, err := listedAudio(d)
	if err != nil {
		return rec, err
	}
	if err := addTracks(&rec, objects, listed); err != nil {
		return rec, err
	}
	if doc == nil && len(rec.Tracks) == 0 {
		return rec, steps.Bad("a recording is a folder of .webm, .ogg or .wav files, one per participant, with or without Daily's recording.json",
			"no audio tracks among %d files%s", len(objects), reasons(rec.Skipped))
	}
	return rec, nil
}

// listedAudio returns the base names of the audio tracks that recording.json
// lists, or nil when it lists none at all (Daily leaves the list out when the
// role lost its permission).
func listedAudio(d daily) (map[string]bool, error) {
	if d.Tracks == nil {
		return nil, nil
	}
	listed := map[string]bool{}
	for _, t := range *d.Tracks {
		base := path.Base(t.S3Key)
		if m := trackName.FindStringSubmatch(base); m != nil && m[3] != "cam-audio" || t.Type == "video" {
			continue
		}
		if listed[base] {
			return nil, steps.Bad("each track must be listed once", "recording.json lists track %q twice", base)
		}
		listed[base] = true
	}
	return listed, nil
}

func addTracks(rec *artifact.Recording, objects []Object, listed map[string]bool) error {
	seen := map[string]string{} // participant and start -> key
	found := map[string]bool{}
	for _, o := range objects {
		t, reason := track(o)
		base := path.Base(o.Key)
		if reason == "" && listed != nil && !listed[base] {
			reason = "not listed in recording.json"
		}
		if reason != "" {
			if reason != notAudio {
				rec.Skipped = append(rec.Skipped, fmt.Sprintf("%s: %s", base, reason))
			}
			continue
		}
		name := strings.TrimSuffix(base, path.Ext(base))
		if other, ok := seen[name]; ok {
			return steps.Bad("rename or remove one of them: the name says whose track it is",
				"two tracks have one name: %q and %q", other, o.Key)
		}
		seen[name] = o.Key
		if o.Link {
			return steps.Bad("copy the file itself into the recording's folder", "track %q is a link to a file elsewhere", o.Key)
		}
		if t.ClockOffset >= 0 && slices.Contains(aac, strings.ToLower(path.Ext(base))) {
			return steps.Bad(notAAC, "track %q is AAC, which is not read", o.Key)
		}
		found[base] = true
		if o.Size > maxTrackSize {
			return steps.Bad("the limit is 2 GiB a track", "track %q has %d bytes", o.Key, o.Size)
		}
		rec.Tracks = append(rec.Tracks, t)
	}
	for _, base := range slices.Sorted(maps.Keys(listed)) {
		if !found[base] {
			return steps.Bad("copy the whole recording, or correct the list", "recording.json lists track %q, which is not there", base)
		}
	}
	if n := len(rec.Tracks); n > MaxTracks {
		return steps.Bad(fmt.Sprintf("the limit is %d tracks", MaxTracks), "recording has %d audio tracks", n)
	}
	slices.SortFunc(rec.Tracks, func(a, b artifact.Track) int {
		return cmp.Or(cmp.Compare(a.ClockOffset, b.ClockOffset), strings.Compare(a.Key, b.Key))
	})
	for i := range rec.Tracks {
		rec.Tracks[i].Index = i
	}
	return nil
}

// notAudio is the reason that is not worth a line on the result.
const notAudio = "not an audio file by its name"

func track(o Object) (t artifact.Track, reason string) {
	base := path.Base(o.Key)
	ext := strings.ToLower(path.Ext(base))
	name := strings.TrimSuffix(base, path.Ext(base))
	t = artifact.Track{Key: o.Key, Size: o.Size, Identity: o.Identity, ParticipantID: name, ClockOffset: -1}
	if m := trackName.FindStringSubmatch(name); m != nil {
		if m[3] != "cam-audio" {
			return t, m[3] + " track"
		}
		t.ParticipantID = strings.ToLower(m[2])
		if start, err1 := strconv.ParseInt(m[1], 10, 64); err1 == nil {
			if at, err2 := strconv.ParseInt(m[4], 10, 64); err2 == nil && at >= start {
				t.ClockOffset = float64(at-start) / 1000
			}
		}
		return t, ""
	}
	switch {
	case strings.HasPrefix(base, "."), ext == ".json", ext == ".md", ext == ".txt":
		return t, notAudio
	case !slices.Contains(extensions, ext):
		if ext == "" {
			return t, notAudio
		}
		return t, fmt.Sprintf("files of kind %q are not read", ext)
	default:
		return t, ""
	}
}

func reasons(skipped []string) string {
	if len(skipped) == 0 {
		return ""
	}
	if len(skipped) > 3 {
		return fmt.Sprintf(" (%s; and %d more)", strings.Join(skipped[:3], "; "), len(skipped)-3)
	}
	return " (" + strings.Join(skipped, "; ") + ")"
}
