// Package source reads a recording from where it lies: a local folder or an
// s3:// prefix, laid out as Daily delivers raw tracks (recording.json and
// participants.json beside a folder tracks/) or as bare audio files.
//
// It only reads, and erases what can be heard when it is told to. Names at the source never leave it in an error text beside
// the track's own key.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/getrecording"
)

// maxDocument bounds recording.json and participants.json, maxEvents the log of
// events, of which Daily writes up to 50 MB.
const (
	maxDocument = 4 << 20
	maxEvents   = 64 << 20
)

// A Source is one recording's place.
type Source struct {
	store    store.Store
	location string
	local    bool
}

// New returns the source whose files are the objects of st. Local says that st
// is a folder, whose files have no identity but their content.
func New(st store.Store, location string, local bool) *Source {
	return &Source{store: st, location: location, local: local}
}

// Name returns what people call a location: its last element.
func Name(location string) string {
	name := path.Base(filepath.ToSlash(strings.TrimRight(location, "/\\")))
	if name == "." || name == "/" || name == ".." {
		return "recording"
	}
	return name
}

// CheckFolder reports whether a local folder can be read as a source.
func CheckFolder(dir string) error {
	const hint = "give the folder that holds the recording's audio files, one per participant"
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return steps.Wrong(hint, "no such folder: %q", dir)
	case err != nil:
		return steps.Wrong(hint, "open folder %q: %w", dir, errors.Unwrap(err))
	case !info.IsDir():
		return steps.Wrong(hint, "%q is a file, not a folder", dir)
	}
	return nil
}

// Name implements [getrecording.Source].
func (s *Source) Name() string { return Name(s.location) }

// Document implements [getrecording.Source].
func (s *Source) Document(ctx context.Context, name string) ([]byte, error) {
	rc, info, err := s.store.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	defer rc.Close()
	most := int64(maxDocument)
	if strings.HasSuffix(name, getrecording.EventSuffix) {
		most = maxEvents
	}
	if info.Size > most {
		return nil, steps.Bad("", "%s has %d bytes: that is no description of a recording", name, info.Size)
	}
	b, err := io.ReadAll(io.LimitReader(rc, most))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

// Any reports whether anything lies there.
func (s *Source) Any(ctx context.Context) (bool, error) {
	for _, err := range s.store.List(ctx, "") {
		return err == nil, err
	}
	return false, nil
}

// Objects implements [getrecording.Source]: the files at the top and in
// tracks/, no deeper.
func (s *Source) Objects(ctx context.Context) ([]getrecording.Object, error) {
	var list []getrecording.Object
	for info, err := range s.store.List(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("list the source: %w", err)
		}
		if dir := path.Dir(info.Key); dir != "." && dir != "tracks" {
			continue
		}
		o := getrecording.Object{Key: info.Key, Size: info.Size}
		if o.Identity, err = s.identity(ctx, info); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	if !s.local {
		return list, nil
	}
	links, err := Links(s.location)
	for _, key := range links {
		list = append(list, getrecording.Object{Key: key, Link: true})
	}
	return list, err
}

// Links finds what a recording's folder only points to. A store does not follow
// links, and a participant must not get lost in silence.
func Links(folder string) (keys []string, err error) {
	for _, dir := range []string{".", "tracks"} {
		entries, err := os.ReadDir(filepath.Join(folder, dir))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the source: %w", err)
		}
		for _, e := range entries {
			if e.Type()&os.ModeSymlink != 0 {
				keys = append(keys, path.Join(dir, e.Name()))
			}
		}
	}
	return keys, nil
}

// identity tells one version of an object from another: what a server says, or
// the content's digest where nobody says anything.
func (s *Source) identity(ctx context.Context, info store.Info) (string, error) {
	if !s.local {
		if info.Version != "" {
			return "version:" + info.Version, nil
		}
		return "etag:" + info.ETag, nil
	}
	rc, _, err := s.store.Get(ctx, info.Key)
	if err != nil {
		return "", fmt.Errorf("read the source: %w", err)
	}
	defer rc.Close()
	h := sha256.New()
	if _, err := io.Copy(h, rc); err != nil {
		return "", fmt.Errorf("read %q: %w", info.Key, err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// OpenTrack opens a raw track.
func (s *Source) OpenTrack(ctx context.Context, t artifact.Track) (io.ReadCloser, error) {
	rc, info, err := s.store.Get(ctx, t.Key)
	if err != nil {
		return nil, fmt.Errorf("open track %d: %w", t.Index, err)
	}
	if err := getrecording.CheckSize(t, info.Size); err != nil {
		rc.Close()
		return nil, err
	}
	if sum, ok := strings.CutPrefix(t.Identity, "sha256:"); ok {
		return store.Verify(rc, sum, t.Size), nil
	}
	return rc, nil
}
