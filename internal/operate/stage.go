package operate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
)

// StagedAt returns the place in the store of a local recording. It follows from
// the content: what was staged before is not sent again.
func StagedAt(ctx context.Context, dir string, out store.Store, recording string) (string, error) {
	if links, err := source.Links(dir); err != nil || len(links) > 0 {
		if err == nil {
			err = steps.Wrong("put the file itself into the folder", "%q is only a link", links[0])
		}
		return "", err
	}
	files, err := local(dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for info, err := range recordingFiles(ctx, files) {
		if err == nil {
			err = digest(ctx, files, info.Key, h)
		}
		if err != nil {
			return "", err
		}
	}
	// The folder's name is the recording's where recording.json has none.
	place := run.StagedPrefix(recording) + hex.EncodeToString(h.Sum(nil))[:16] + "/" + run.MakeID(source.Name(dir))
	return strings.TrimSuffix(out.URL(), "/") + "/" + place, nil
}

// Stage copies a local recording to its place in the store (see [StagedAt]),
// for a run that happens elsewhere. progress is told the bytes done.
func Stage(ctx context.Context, dir string, out store.Store, location string, progress func(done, total int64)) error {
	place := strings.TrimPrefix(location, strings.TrimSuffix(out.URL(), "/")+"/")
	// What is written last says that all is there.
	mark := place + ".staged"
	if _, err := out.Stat(ctx, mark); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	files, err := local(dir)
	if err != nil {
		return err
	}
	var total, done int64
	for info, err := range recordingFiles(ctx, files) {
		if err != nil {
			return err
		}
		total += info.Size
	}
	for info, err := range recordingFiles(ctx, files) {
		if err != nil {
			return err
		}
		rc, _, err := files.Get(ctx, info.Key)
		if err != nil {
			return fmt.Errorf("read the recording: %w", err)
		}
		_, err = out.Put(ctx, place+"/"+info.Key, counting{rc, func(n int) { done += int64(n); progress(done, total) }}, store.PutOptions{})
		rc.Close()
		if err != nil {
			return err
		}
	}
	_, err = out.Put(ctx, mark, strings.NewReader(""), store.PutOptions{})
	return err
}

func local(dir string) (store.Store, error) { return folder.New(folder.Options{Root: dir}) }

// recordingFiles yields what belongs to a recording: the files at its top and
// in tracks/.
func recordingFiles(ctx context.Context, files store.Store) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range files.List(ctx, "") {
			if err != nil {
				yield(info, fmt.Errorf("list the recording: %w", err))
				return
			}
			if d := path.Dir(info.Key); (d == "." || d == "tracks") && !yield(info, nil) {
				return
			}
		}
	}
}

// CheckTracks reports whether there is anything at a location.
func CheckTracks(ctx context.Context, location string, opt source.Options) error {
	src, err := source.Open(ctx, location, opt)
	if err != nil {
		return err
	}
	some, err := src.Any(ctx)
	if err == nil && !some {
		err = steps.Wrong("give the folder or prefix that holds the recording's audio files, one per participant", "there is no recording at %q", location)
	}
	return err
}

func digest(ctx context.Context, st store.Store, key string, h io.Writer) error {
	rc, info, err := st.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("read the recording: %w", err)
	}
	defer rc.Close()
	fmt.Fprintf(h, "%d:%s %d:", len(key), key, info.Size)
	_, err = io.Copy(h, rc)
	return err
}

type counting struct {
	io.Reader
	count func(n int)
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.count(n)
	return n, err
}
