package daily

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/getrecording"
)

// A Bucket opens the bucket of a recording's tracks, as Daily names it.
type Bucket func(ctx context.Context, name, region string) (store.Store, error)

// A Source is one recording at Daily.
type Source struct {
	client *Client
	id     string
	bucket Bucket

	// Only what was answered is remembered: a failure is asked again.
	mu    sync.Mutex
	rec   *Recording
	doc   []byte
	files store.Store
}

// NewSource returns the source of the recording with that id.
func NewSource(c *Client, id string, bucket Bucket) *Source {
	return &Source{client: c, id: id, bucket: bucket}
}

// Name implements [getrecording.Source].
func (s *Source) Name() string { return s.id }

// recording asks Daily once.
func (s *Source) recording(ctx context.Context) (Recording, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rec != nil {
		return *s.rec, s.doc, nil
	}
	rec, doc, err := s.client.Recording(ctx, s.id)
	if err != nil {
		return rec, nil, err
	}
	switch {
	case rec.Status == "in-progress":
		return rec, nil, &steps.Error{Class: steps.Transient, Err: fmt.Errorf("recording %q is still going on", s.id), Tip: "run it when the meeting is over"}
	case rec.Status == "canceled":
		return rec, nil, steps.Bad("there is nothing to transcribe", "recording %q was canceled", s.id)
	case !rec.RawTracks():
		return rec, nil, steps.Bad("record with raw-tracks: one file per participant", "recording %q is one mixed file (%s), not raw tracks", s.id, kind(rec))
	}
	s.rec, s.doc = &rec, doc
	return rec, doc, nil
}

func kind(r Recording) string {
	if r.Type == "" {
		return "cloud"
	}
	return r.Type
}

// Document implements [getrecording.Source]: recording.json is what Daily says
// of the recording, participants.json who was in its meeting, and any other
// name an object beside the tracks, such as an event file.
func (s *Source) Document(ctx context.Context, name string) ([]byte, error) {
	rec, doc, err := s.recording(ctx)
	switch {
	case err != nil:
		return nil, err
	case name == "recording.json":
		return doc, nil
	case name == "participants.json":
		return s.participants(ctx, rec)
	}
	files, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	rc, info, err := files.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	defer rc.Close()
	const most = 64 << 20 // Daily writes event files up to 50 MB
	if info.Size > most {
		return nil, steps.Bad("", "%q has %d bytes: that is no description of a recording", path.Base(name), info.Size)
	}
	return io.ReadAll(io.LimitReader(rc, most))
}

// participants is nil when the meeting is not known: the tracks are
// transcribed without names.
func (s *Source) participants(ctx context.Context, rec Recording) ([]byte, error) {
	if rec.MeetingID == "" {
		return nil, nil
	}
	list, err := s.client.Participants(ctx, rec.MeetingID)
	if err != nil || list == nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"data": list})
}

func (s *Source) open(ctx context.Context) (store.Store, error) {
	rec, _, err := s.recording(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		if s.files, err = s.bucket(ctx, rec.S3.Bucket, rec.S3.Region); err != nil {
			return nil, err
		}
	}
	return s.files, nil
}

// Objects implements [getrecording.Source]: the files that Daily lists, or,
// where it lists none, those in the bucket that are called as this recording's.
func (s *Source) Objects(ctx context.Context) ([]getrecording.Object, error) {
	rec, _, err := s.recording(ctx)
	if err != nil {
		return nil, err
	}
	if rec.Tracks != nil && len(*rec.Tracks) == 0 {
		return nil, nil
	}
	files, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys(ctx, rec, files)
	if err != nil {
		return nil, err
	}
	var list []getrecording.Object
	for _, key := range keys {
		info, err := files.Stat(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue // whoever reads the list says what is missing
		}
		if err != nil {
			return nil, fmt.Errorf("look at the source: %w", err)
		}
		identity := "etag:" + info.ETag
		if info.Version != "" {
			identity = "version:" + info.Version
		}
		list = append(list, getrecording.Object{Key: key, Size: info.Size, Identity: identity})
	}
	return list, nil
}

// keys returns the keys of the recording's files.
func (s *Source) keys(ctx context.Context, rec Recording, files store.Store) (keys []string, err error) {
	if key := rec.key(); key != "" {
		keys = append(keys, key+getrecording.EventSuffix)
	}
	if rec.Tracks != nil {
		for _, t := range *rec.Tracks {
			keys = append(keys, t.Key)
		}
		return keys, nil
	}
	prefix := prefixOf(rec.key())
	if prefix == "" {
		return nil, s.nowhere()
	}
	for info, err := range files.List(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list the source: %w", err)
		}
		if getrecording.IsMedia(info.Key) {
			keys = append(keys, info.Key)
		}
	}
	return keys, nil
}

var startOf = regexp.MustCompile(`^(\d{13,})(-|$)`)

// nowhere reports a recording whose files Daily does not name in any way.
func (s *Source) nowhere() error {
	return steps.Bad("ask Daily why: the role may have lost the permission to list its bucket", "Daily lists no tracks of recording %q, nor where they are", s.id)
}

// prefixOf is what the keys of a recording's files begin with, by the key of
// the recording or of one of them: the room's folder, and the recording's start
// in milliseconds. It is empty if the key tells neither.
func prefixOf(key string) string {
	m := startOf.FindStringSubmatch(path.Base(key))
	if m == nil {
		return ""
	}
	return path.Join(path.Dir(key), m[1]) + "-"
}

// OpenTrack implements [github.com/trackscribe/trackscribe/steps/padtrack.Source].
func (s *Source) OpenTrack(ctx context.Context, t artifact.Track) (io.ReadCloser, error) {
	files, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	rc, info, err := files.Get(ctx, t.Key)
	if err != nil {
		return nil, fmt.Errorf("open track %d: %w", t.Index, err)
	}
	if err := getrecording.CheckSize(t, info.Size); err != nil {
		rc.Close()
		return nil, err
	}
	return rc, nil
}

// Left returns the recording's files that can be heard, at whatever version:
// those that Daily lists, and whatever else in the room's folder is called as
// this recording's. Other recordings of the room are none of them. Where Daily
// says nothing, it is an error: then nobody knows what is left.
func (s *Source) Left(ctx context.Context) ([]string, error) {
	rec, _, err := s.recording(ctx)
	if err != nil {
		return nil, err
	}
	listed, places := map[string]bool{}, map[string]bool{}
	if prefix := prefixOf(rec.key()); prefix != "" {
		places[prefix] = true
	}
	if rec.Tracks != nil {
		for _, t := range *rec.Tracks {
			listed[t.Key], places[t.Key] = true, true
			if prefix := prefixOf(t.Key); prefix != "" {
				places[prefix] = true
			}
		}
	}
	if len(places) == 0 {
		if rec.Tracks == nil {
			return nil, s.nowhere()
		}
		return nil, nil // nobody made a sound
	}
	files, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := files.(store.Purger)
	if !ok {
		return nil, errKeeps()
	}
	var keys []string
	for place := range places {
		for key, err := range p.Remains(ctx, place) {
			if err != nil {
				return nil, fmt.Errorf("list the source: %w", err)
			}
			if ours := prefixOf(key); listed[key] || places[ours] && getrecording.IsMedia(key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// errKeeps says that the bucket is a store that cannot be made to forget.
func errKeeps() error {
	return steps.Bad("delete the raw tracks where they are", "the bucket of Daily's tracks cannot delete for good")
}

// Erase removes one of the recording's files for good.
func (s *Source) Erase(ctx context.Context, name string) error {
	files, err := s.open(ctx)
	if err != nil {
		return err
	}
	p, ok := files.(store.Purger)
	if !ok {
		return errKeeps()
	}
	if err := p.Purge(ctx, name); err != nil {
		return fmt.Errorf("delete at the source: %w", err)
	}
	return nil
}

// Any reports whether there is such a recording.
func (s *Source) Any(ctx context.Context) (bool, error) {
	_, _, err := s.recording(ctx)
	return err == nil, err
}

// Scheme begins the location of a recording at Daily: "daily:<id>".
const Scheme = "daily:"

// idPattern is what Daily's ids look like; ours, for run ids and keys, are as
// narrow.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,118}$`)

// IsID reports whether a recording at Daily may be called so.
func IsID(id string) bool { return idPattern.MatchString(id) }

// ParseLocation returns the id in a location; ok is false for any other
// location.
func ParseLocation(location string) (id string, ok bool, err error) {
	id, ok = strings.CutPrefix(location, Scheme)
	if ok && !IsID(id) {
		err = steps.Wrong("write daily: and the recording's id; see: trackscribe list recordings --source daily", "%q is no id of a recording at Daily", id)
	}
	return id, ok, err
}
