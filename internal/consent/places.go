package consent

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
)

// silent are the kinds of files in the store that cannot be heard. What is none
// of them counts as audio, so that no new kind is forgotten.
var silent = []string{".json", ".txt", ".vtt", ".md", ".html", ".png", ".yaml"}

// A Place is a part of what the store has of a recording. It implements
// [github.com/trackscribe/trackscribe/steps/cleanupconsent.Place].
type Place struct {
	store     store.Store
	recording string
	has       func(key string) bool
}

// Audio is whatever of a recording can be heard: padded and mixed tracks,
// chunks, raw tracks that were copied to the store, audio.webm.
func Audio(s store.Store, recording string) *Place {
	return &Place{s, recording, func(key string) bool {
		return !slices.Contains(silent, strings.ToLower(path.Ext(key)))
	}}
}

// Text is whatever of a recording can be read or seen, but what tells of its
// runs, of its side effects and of consent, and the index of its result.
func Text(s store.Store, recording string) *Place {
	kept := []string{run.Runs(recording), run.ResultKey(recording, "effects/"), run.ResultKey(recording, resultFile), run.ConsentKey(recording)}
	return &Place{s, recording, func(key string) bool {
		return slices.Contains(silent, strings.ToLower(path.Ext(key))) &&
			!slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(key, k) })
	}}
}

// Left implements the place.
func (p *Place) Left(ctx context.Context) ([]string, error) {
	pr, err := purger(p.store)
	if err != nil {
		return nil, err
	}
	var keys []string
	for key, err := range pr.Remains(ctx, run.Root(p.recording)) {
		if err != nil {
			return nil, err
		}
		if p.has(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Erase implements the place.
func (p *Place) Erase(ctx context.Context, name string) error {
	pr, err := purger(p.store)
	if err != nil {
		return err
	}
	return pr.Purge(ctx, name)
}

func purger(s store.Store) (store.Purger, error) {
	p, ok := s.(store.Purger)
	if !ok {
		return nil, steps.Bad("", "the store at %s cannot delete for good", s.URL())
	}
	return p, nil
}
