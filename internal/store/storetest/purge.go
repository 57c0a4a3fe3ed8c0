package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/store"
)

// purger returns the store as one that can forget. One that cannot is right
// too, and then has nothing to show here.
func purger(t *testing.T, s store.Store) store.Purger {
	t.Helper()
	p, ok := s.(store.Purger)
	if !ok {
		t.Skip("the store is no Purger")
	}
	return p
}

func remaining(t *testing.T, p store.Purger, prefix string) []string {
	t.Helper()
	var got []string
	for key, err := range p.Remains(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("Remains(%q): %v", prefix, err)
		}
		got = append(got, key)
	}
	slices.Sort(got)
	return got
}

func purge(t *testing.T, s store.Store) {
	p := purger(t, s)
	for _, key := range []string{"a/audio", "a/audio", "a/audio.json", "a/b/audio", "b/audio"} {
		put(t, s, key, "content of "+key)
	}
	for range 2 { // what is absent is purged already
		if err := p.Purge(t.Context(), "a/audio"); err != nil {
			t.Fatalf("Purge: %v", err)
		}
		want := []string{"a/audio.json", "a/b/audio", "b/audio"}
		if diff := cmp.Diff(want, keys(t, s, "")); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, remaining(t, p, "")); diff != "" {
			t.Errorf("what remains (-want +got):\n%s", diff)
		}
	}
	wantContent(t, s, "a/b/audio", "content of a/b/audio")
	put(t, s, "a/audio", "new")
	wantContent(t, s, "a/audio", "new")
	wantError(t, "Purge of a bad key", p.Purge(t.Context(), "a//b"), store.ErrBadKey)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "Purge with a canceled context", p.Purge(ctx, "a/audio"), context.Canceled)
	wantContent(t, s, "a/audio", "new")
}

func remains(t *testing.T, s store.Store) {
	p := purger(t, s)
	if got := remaining(t, p, ""); len(got) > 0 {
		t.Errorf("in an empty store remain %q", got)
	}
	for _, key := range []string{"a/1", "a/2", "ab/1", "b/1"} {
		put(t, s, key, "x")
	}
	for prefix, want := range map[string][]string{
		"": {"a/1", "a/2", "ab/1", "b/1"}, "a": {"a/1", "a/2", "ab/1"}, "a/": {"a/1", "a/2"}, "a/2": {"a/2"}, "c/": nil,
	} {
		if diff := cmp.Diff(want, remaining(t, p, prefix)); diff != "" {
			t.Errorf("Remains(%q) (-want +got):\n%s", prefix, diff)
		}
	}
	seen := 0
	for range p.Remains(t.Context(), "") {
		seen++
		break
	}
	if seen != 1 {
		t.Errorf("saw %d keys after break, want 1", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range p.Remains(ctx, "") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Remains with a canceled context: error is %v", err)
		}
		seen++
	}
	if seen != 2 {
		t.Error("a canceled Remains did not yield its error once")
	}
}
