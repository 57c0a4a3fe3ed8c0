package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/store"
)

func createOnce(t *testing.T, s store.Store) {
	once := store.PutOptions{IfAbsent: true}
	if _, err := s.Put(t.Context(), "dir/key", strings.NewReader("first"), once); err != nil {
		t.Fatalf("Put of a new key: %v", err)
	}
	_, err := s.Put(t.Context(), "dir/key", strings.NewReader("second"), once)
	wantError(t, "Put of an existing key", err, store.ErrExists)
	wantDescribed(t, err, "dir/key")
	wantContent(t, s, "dir/key", "first")
	put(t, s, "dir/key", "third")
	wantContent(t, s, "dir/key", "third")
	if err := s.Delete(t.Context(), "dir/key"); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if _, err := s.Put(t.Context(), "dir/key", strings.NewReader("fourth"), once); err != nil {
		t.Errorf("Put of a deleted key: %v", err)
	}
}

func createRace(t *testing.T, s store.Store) {
	const writers = 16
	// Nobody's source ends before everybody's Put has begun to read: all have
	// then passed whatever look at the key a store takes at first.
	var begun, done sync.WaitGroup
	begun.Add(writers)
	errs := make([]error, writers)
	for i := range writers {
		done.Go(func() {
			var once sync.Once
			src := io.MultiReader(strings.NewReader(fmt.Sprintf("writer %d", i)), readerFunc(func([]byte) (int, error) {
				once.Do(begun.Done)
				begun.Wait()
				return 0, io.EOF
			}))
			_, errs[i] = s.Put(t.Context(), "lock", src, store.PutOptions{IfAbsent: true})
		})
	}
	done.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("writers %d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, store.ErrExists):
			t.Errorf("writer %d: error is %v, want ErrExists", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	wantContent(t, s, "lock", fmt.Sprintf("writer %d", winner))
	if diff := cmp.Diff([]string{"lock"}, keys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// sizes are those of a source that stops in the middle: at once, in what S3
// sends as one request, and after parts of an upload were sent.
var sizes = []int64{0, 1000, 12 << 20}

func interruptedPut(t *testing.T, s store.Store) {
	errBroken := errors.New("the source broke")
	put(t, s, "old", "the old object")
	for _, size := range sizes {
		for _, key := range []string{"old", "new/key"} {
			broken := io.MultiReader(sample(size, 2), readerFunc(func([]byte) (int, error) { return 0, errBroken }))
			_, err := s.Put(t.Context(), key, broken, store.PutOptions{})
			wantError(t, fmt.Sprintf("Put(%q) that breaks after %d bytes", key, size), err, errBroken)
			if store.IsTransient(err) {
				t.Errorf("error %v is transient, its cause is not", err)
			}
		}
	}
	// The source's own verdict holds: a broken download may be tried again.
	for _, broken := range []error{
		io.ErrUnexpectedEOF,
		&store.Error{Op: "read", Key: "elsewhere", Transient: true, Err: errors.New("odd")},
	} {
		_, err := s.Put(t.Context(), "new/key", readerFunc(func([]byte) (int, error) { return 0, broken }), store.PutOptions{})
		if !errors.Is(err, broken) || !store.IsTransient(err) {
			t.Errorf("error is %v, want %v, transient", err, broken)
		}
		if e := (*store.Error)(nil); !errors.As(err, &e) || e.Op != "put" || e.Key != "new/key" {
			t.Errorf("error %v does not name the put and its key", err)
		}
	}
	wantUntouched(t, s)
}

func canceledPut(t *testing.T, s store.Store) {
	put(t, s, "old", "the old object")
	for _, size := range sizes {
		for _, key := range []string{"old", "new/key"} {
			ctx, cancel := context.WithCancel(t.Context())
			// The source goes on after the cancellation: the store must stop.
			src := io.MultiReader(sample(size, 3), readerFunc(func(p []byte) (int, error) {
				cancel()
				return len(p), nil
			}))
			_, err := s.Put(ctx, key, src, store.PutOptions{})
			wantError(t, fmt.Sprintf("Put(%q) canceled after %d bytes", key, size), err, context.Canceled)
			if store.IsTransient(err) {
				t.Errorf("error %v is transient", err)
			}
		}
	}
	wantUntouched(t, s)
}

func wantUntouched(t *testing.T, s store.Store) {
	t.Helper()
	wantContent(t, s, "old", "the old object")
	if diff := cmp.Diff([]string{"old"}, keys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	// And the store still works.
	put(t, s, "new/key", "now")
	wantContent(t, s, "new/key", "now")
}

func canceledGet(t *testing.T, s store.Store) {
	if _, err := s.Put(t.Context(), "key", sample(4<<20, 4), store.PutOptions{}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rc, _, err := s.Get(ctx, "key")
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	defer rc.Close()
	if _, err := io.ReadFull(rc, make([]byte, 1000)); err != nil {
		t.Fatalf("read: %v", err)
	}
	cancel()
	_, err = io.Copy(io.Discard, rc)
	wantError(t, "read after cancel", err, context.Canceled)
	_, _, err = s.Get(ctx, "key")
	wantError(t, "Get after cancel", err, context.Canceled)
}

// concurrentPutGet reads a key while it is overwritten. Every version consists
// of one byte repeated, with a length that belongs to that byte, so that a mix
// of two versions shows.
func concurrentPutGet(t *testing.T, s store.Store) {
	const versions, readers = 12, 4
	version := func(i int) string { return strings.Repeat(string(rune('a'+i)), 200_000+1000*i) }
	put(t, s, "key", version(0))
	group, ctx := errgroup.WithContext(t.Context())
	stop := make(chan struct{})
	group.Go(func() error {
		defer close(stop)
		for i := 1; i < versions; i++ {
			if _, err := s.Put(ctx, "key", strings.NewReader(version(i)), store.PutOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
	for range readers {
		group.Go(func() error {
			for {
				got, err := get(ctx, s, "key")
				if err != nil {
					return err
				}
				if got == "" || got != version(int(got[0]-'a')) {
					return fmt.Errorf("read %s, which no version is", brief(got))
				}
				select {
				case <-stop:
					return nil
				default:
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	wantContent(t, s, "key", version(versions-1))
}
