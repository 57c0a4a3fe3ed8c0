package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/store"
)

func listEmpty(t *testing.T, s store.Store) {
	for _, prefix := range []string{"", "a", "a/b/"} {
		if got := keys(t, s, prefix); len(got) > 0 {
			t.Errorf("List(%q) = %q, want nothing", prefix, got)
		}
	}
}

func listOrder(t *testing.T, s store.Store) {
	// A file system sorts names, a store sorts keys: a slash comes after a dash
	// and a dot, and before a digit.
	want := []string{"a", "b-", "b.txt", "b/0", "b/x/y", "b/x0", "b0", "B", "é", "日本/z", "z/z/z/z"}
	for i, key := range want {
		put(t, s, key, strings.Repeat("x", i))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for info, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		stat, err := s.Stat(t.Context(), info.Key)
		if err != nil {
			t.Fatalf("Stat(%q): %v", info.Key, err)
		}
		info.Version, stat.Version = "", "" // a listing has none
		if diff := cmp.Diff(stat, info); diff != "" {
			t.Errorf("Info (-Stat +List):\n%s", diff)
		}
	}
}

func listPrefix(t *testing.T, s store.Store) {
	all := []string{
		"recordings/r1/runs/a/run.json",
		"recordings/r1/runs/b/receipts/mix.json",
		"recordings/r1/runs/b/run.json",
		"recordings/r10/runs/a/run.json",
		"recordings/r2/result/title",
		"recordings0",
	}
	for _, key := range all {
		put(t, s, key, "x")
	}
	for _, prefix := range []string{
		"", "r", "recordings", "recordings/", "recordings/r1", "recordings/r1/", "recordings/r1/runs/b",
		"recordings/r1/runs/b/r", "recordings/r1/runs/b/run.json", "recordings/r1/runs/b/run.json/", "recordings/r1/run",
		"recordings/r3", "x/y/z", "recordings/.", "recordings/..",
	} {
		var want []string
		for _, key := range all {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		if diff := cmp.Diff(want, keys(t, s, prefix)); diff != "" {
			t.Errorf("List(%q) (-want +got):\n%s", prefix, diff)
		}
	}
}

// listPages needs more keys than S3 puts on one page of a listing, 1000.
func listPages(t *testing.T, s store.Store) {
	const n = 1030
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	want := make([]string, n)
	for i := range want {
		want[i] = fmt.Sprintf("dir%d/%04d", i%2, i)
		group.Go(func() error {
			_, err := s.Put(ctx, want[i], strings.NewReader("x"), store.PutOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatalf("Put: %v", err)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(t, s, "dir")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func listStops(t *testing.T, s store.Store) {
	for _, key := range []string{"a/1", "a/2", "b/1"} {
		put(t, s, key, "x")
	}
	seen := 0
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		seen++
		break
	}
	if seen != 1 {
		t.Errorf("saw %d objects after break, want 1", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	seen = 0
	for _, err := range s.List(ctx, "") {
		wantError(t, "List with a canceled context", err, context.Canceled)
		seen++
	}
	if seen != 1 {
		t.Errorf("a canceled List yielded %d times, want its error once", seen)
	}
}

func listFolders(t *testing.T, s store.Store) {
	for _, key := range []string{"a", "b/x", "b/y/z", "b-c/x", "b.d/x", "bb/x/y/z", "é/x"} {
		put(t, s, key, "x")
	}
	for prefix, want := range map[string][]string{
		"": {"b", "b-c", "b.d", "bb", "é"}, "b/": {"y"}, "bb/x/": {"y"}, "a/": nil, "none/": nil,
	} {
		var got []string
		for name, err := range s.Folders(t.Context(), prefix) {
			if err != nil {
				t.Fatalf("Folders(%q): %v", prefix, err)
			}
			got = append(got, name)
		}
		slices.Sort(got) // "b-" and "b/" stand in another order as prefixes than as names
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Folders(%q) (-want +got):\n%s", prefix, diff)
		}
	}
	for _, err := range s.Folders(t.Context(), "b") {
		if err == nil {
			t.Error("a prefix without its slash is taken")
		}
	}
}
