package source

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/getrecording"
)

// errKeeps says that a source is a store that cannot be made to forget.
var errKeeps = errors.New("the source cannot delete for good")

// Left returns the names of the recording's files that can be heard, at
// whatever version: its audio, screen and video tracks. Everything else at the
// source, such as recording.json and event files, is none of them.
func (s *Source) Left(ctx context.Context) ([]string, error) {
	p, ok := s.store.(store.Purger)
	if !ok {
		return nil, errKeeps
	}
	var keys []string
	for key, err := range p.Remains(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("list the source: %w", err)
		}
		if dir := path.Dir(key); (dir == "." || dir == "tracks") && getrecording.IsMedia(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Erase removes a file of the recording for good, with its former versions.
func (s *Source) Erase(ctx context.Context, name string) error {
	p, ok := s.store.(store.Purger)
	if !ok {
		return errKeeps
	}
	if err := p.Purge(ctx, name); err != nil {
		return fmt.Errorf("delete at the source: %w", err)
	}
	return nil
}
