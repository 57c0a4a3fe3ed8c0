package daily_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
)

func start(t *testing.T) (*dailytest.Server, *daily.Client) {
	t.Helper()
	s := dailytest.New()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, daily.NewClient(daily.ClientOptions{URL: srv.URL, Key: dailytest.Key})
}

func TestParticipantsOfAllPages(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 99, 100, 101, 200, 250} {
		s, c := start(t)
		var people []map[string]any
		for i := range n {
			people = append(people, map[string]any{"participant_id": fmt.Sprintf("p-%03d", i), "user_name": "somebody"})
		}
		s.Meet("m", people)
		got, err := c.Participants(t.Context(), "m")
		if err != nil || len(got) != n {
			t.Errorf("%d participants of %d: %v", len(got), n, err)
		}
		if calls := len(s.Requests()); calls > n/100+1 {
			t.Errorf("%d calls for %d participants", calls, n)
		}
	}
}

// TestListsThatDoNotGoOn asks a server that knows no cursors.
func TestListsThatDoNotGoOn(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"data":[%s{"id":"last","participant_id":"last"}]}`, strings.Repeat(`{"id":"x","participant_id":"x"},`, 99))
	}))
	t.Cleanup(srv.Close)
	c := daily.NewClient(daily.ClientOptions{URL: srv.URL, Key: dailytest.Key})
	if _, err := c.Participants(t.Context(), "m"); err != nil || calls.Load() != 2 {
		t.Errorf("%d calls for participants: %v", calls.Swap(0), err)
	}
	calls.Store(0)
	for _, err := range c.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls for recordings", n)
	}
}

func TestUnknownMeeting(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	if got, err := c.Participants(t.Context(), "unknown"); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestListingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	for i := range 150 {
		s.Add(map[string]any{"id": fmt.Sprint(i)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	for _, err := range c.Recordings(ctx) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			break
		}
		if n++; n == 100 {
			cancel()
		}
	}
	if n != 100 {
		t.Errorf("%d recordings before the end", n)
	}
	cancel()
}

func TestRawTracks(t *testing.T) {
	t.Parallel()
	some, none := []daily.Track{{Type: "audio"}}, []daily.Track{}
	for name, c := range map[string]struct {
		rec  daily.Recording
		want bool
	}{
		"type says so":        {daily.Recording{Type: "raw-tracks"}, true},
		"type says otherwise": {daily.Recording{Type: "cloud", Tracks: &some}, false},
		"tracks":              {daily.Recording{Tracks: &some}, true},
		"no audio at all":     {daily.Recording{Tracks: &none}, true},
		"nothing":             {daily.Recording{}, true},
		"a mixed file":        {daily.Recording{S3Key: "d/r/1.mp4"}, false},
		"where tracks lie":    {daily.Recording{S3Key: "d/r/1763980200000"}, true},
	} {
		if got := c.rec.RawTracks(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestParseLocation(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]struct {
		id      string
		ok, bad bool
	}{
		"daily:7f6d9c1a-5b0e": {"7f6d9c1a-5b0e", true, false},
		"s3://bucket/x":       {"s3://bucket/x", false, false},
		"./daily:x":           {"./daily:x", false, false},
		"daily:":              {"", true, true},
		"daily:../secret":     {"../secret", true, true},
		"daily:a b":           {"a b", true, true},
	} {
		id, ok, err := daily.ParseLocation(location)
		if id != want.id || ok != want.ok || (err != nil) != want.bad {
			t.Errorf("%q: %q, %v, %v", location, id, ok, err)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			url, gate := faulttest.Start(t, f)
			c := daily.NewClient(daily.ClientOptions{URL: url, Key: dailytest.Key})
			for name, call := range map[string]func(context.Context) error{
				"recording": func(ctx context.Context) error { _, _, err := c.Recording(ctx, "x"); return err },
				"check":     c.Check,
				"recordings": func(ctx context.Context) (err error) {
					for _, err = range c.Recordings(ctx) {
						break
					}
					return err
				},
				"participants": func(ctx context.Context) error { _, err := c.Participants(ctx, "x"); return err },
			} {
				gate.Open()
				gate.Shut(f, -1)
				ctx, cancel := context.WithTimeout(t.Context(), 2*f.Patience())
				err := call(ctx)
				cancel()
				if f.Name == "404" && name == "participants" {
					continue // after the last page; see above
				}
				f.Check(t, gate, err)
			}
		})
	}
}
