// Package storetest is what every store must do, as tests: a new store is done
// when Run passes on it.
//
// It promises to use nothing but the interface, to keep every test in a store
// of its own, and to need no cloud and no sleep. It cannot show what happens at
// a power cut, nor what a server's answers look like when it refuses; the
// stores' own tests do that.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trackscribe/trackscribe/internal/store"
)

// Run checks a store. open is called once for each test and gives it an empty
// store; what has to be closed it leaves to t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	tests := []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		// What is written can be read.
		{"round trip", roundTrip},
		{"large stream", largeStream},
		{"overwrite", overwrite},
		{"range", ranges},
		{"json", jsonHelpers},
		{"verify", verify},

		// What is not there, or must not be.
		{"missing object", missingObject},
		{"delete", deleteTwice},
		{"bad keys", badKeys},
		{"purge", purge},
		{"remains", remains},

		// Listing.
		{"list empty", listEmpty},
		{"list order", listOrder},
		{"list prefix", listPrefix},
		{"list pages", listPages},
		{"list stops", listStops},
		{"list folders", listFolders},

		// All or nothing.
		{"create once", createOnce},
		{"create race", createRace},
		{"interrupted put", interruptedPut},
		{"canceled put", canceledPut},
		{"canceled get", canceledGet},
		{"concurrent put and get", concurrentPutGet},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// sample is n bytes that do not repeat, made while they are read.
func sample(n int64, seed byte) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

// sum is the size and SHA-256 of all that r gives.
func sum(t *testing.T, r io.Reader) (int64, string) {
	t.Helper()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return n, hex.EncodeToString(h.Sum(nil))
}

func put(t *testing.T, s store.Store, key, content string) store.Info {
	t.Helper()
	// A bare io.Reader: stores must not depend on Seek or Len.
	info, err := s.Put(t.Context(), key, io.MultiReader(bytes.NewReader([]byte(content))), store.PutOptions{})
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return info
}

func get(ctx context.Context, s store.Store, key string) (string, error) {
	rc, info, err := s.Get(ctx, key)
	if err != nil {
		return "", err
	}
	defer rc.Close()
	data, err := io.ReadAll(rc)
	if err == nil && int64(len(data)) != info.Size {
		err = fmt.Errorf("read %d bytes, Info says %d", len(data), info.Size)
	}
	return string(data), err
}

func wantContent(t *testing.T, s store.Store, key, want string) {
	t.Helper()
	got, err := get(t.Context(), s, key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	if got != want {
		t.Errorf("Get(%q) = %s, want %s", key, brief(got), brief(want))
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if diff := cmp.Diff(want, err, cmpopts.EquateErrors()); diff != "" {
		t.Errorf("%s: error is %v, want %v", what, err, want)
	}
}

func brief(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q... (%d bytes)", s[:40], len(s))
	}
	return fmt.Sprintf("%q", s)
}

func keys(t *testing.T, s store.Store, prefix string) []string {
	t.Helper()
	var got []string
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		got = append(got, info.Key)
	}
	return got
}
