package folder

import (
	"context"
	"iter"
)

// Purge is Delete: a folder keeps nothing else of an object. What a killed
// process left in the staging folder has no key any more; it goes with the
// sweep (see the package's doc).
func (s *Store) Purge(ctx context.Context, key string) error { return s.Delete(ctx, key) }

// Remains yields the keys that List does.
func (s *Store) Remains(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for info, err := range s.List(ctx, prefix) {
			if !yield(info.Key, err) {
				return
			}
		}
	}
}
