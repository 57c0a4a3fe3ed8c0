package notice_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/serve/notice"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/internal/zulip"
	"github.com/trackscribe/trackscribe/internal/zulip/zuliptest"
)

// house is a store, a Zulip server and a gate before it.
type house struct {
	store store.Store
	fake  *zuliptest.Server
	gate  *faulttest.Gate
	url   string
}

func newHouse(t *testing.T) house {
	t.Helper()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	h := house{store: st, fake: zuliptest.New()}
	h.gate = &faulttest.Gate{Service: h.fake}
	s := httptest.NewServer(h.gate)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

// process is a notifier as a process that starts makes it.
func (h house) process() *notice.Notifier { return h.at(h.url, zuliptest.Channel, 0) }

func (h house) at(url, channel string, timeout time.Duration) *notice.Notifier {
	c := zulip.New(zulip.Options{Realm: url, Email: zuliptest.Email, Key: zuliptest.Key, Channel: channel, Topic: "recordings", Timeout: timeout})
	return notice.New(notice.Options{Store: h.store, Zulip: c, UI: "https://notes.example.com/"})
}

func tell(ctx context.Context, n *notice.Notifier) error {
	return n.Failed(ctx, "standup", "run-1", "transcribe-track[2]", "no answer", "is it up?")
}

func (h house) wantPosted(t *testing.T, n int) {
	t.Helper()
	if got := len(h.fake.Messages()); got != n {
		t.Errorf("%d messages, want %d", got, n)
	}
}

func (h house) wantClaimed(t *testing.T, want bool) {
	t.Helper()
	_, err := h.store.Stat(t.Context(), notice.Key("standup", "run-1"))
	if got := err == nil; got != want {
		t.Errorf("claimed: %v (%v), want %v", got, err, want)
	}
}

func TestOncePerRun(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 3 { // each time a process that has just started
		if err := tell(t.Context(), h.process()); err != nil {
			t.Fatal(err)
		}
	}
	h.wantPosted(t, 1)
	want := "**A recording failed**: standup\n**Step**: transcribe-track[2]\u2060\n**Error**: no answer\n**Hint**: is it up?\n" +
		"**Run**: run-1\n**Link**: https://notes.example.com/recordings/standup"
	for _, m := range h.fake.Messages() {
		if diff := cmp.Diff(want, m.Content); diff != "" {
			t.Error(diff)
		}
	}
	if err := h.process().Failed(t.Context(), "standup", "run-2", "", "", ""); err != nil {
		t.Fatal(err)
	}
	h.wantPosted(t, 2)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := tell(t.Context(), h.process()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h.wantPosted(t, 1)
}

func TestDownThenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// Nobody is given this port who asks for a free one.
	if err := tell(t.Context(), h.at("http://127.0.0.1:1", zuliptest.Channel, 0)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v, want one of a refused connection", err)
	}
	h.wantClaimed(t, false)
	if err := tell(t.Context(), h.process()); err != nil {
		t.Fatal(err)
	}
	h.wantPosted(t, 1)
}

func TestRefusedByZulip(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := tell(t.Context(), h.at(h.url, "elsewhere", 0)); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("error %v, want Zulip's", err)
	}
	h.wantClaimed(t, false)
	if err := tell(t.Context(), h.process()); err != nil { // once the channel is set right
		t.Fatal(err)
	}
	h.wantPosted(t, 1)
}

// Every way to fail either gives the claim back or holds it.
func TestFaults(t *testing.T) {
	t.Parallel()
	unsure := map[string]bool{
		"500": true, "502": true, "hang": true, "reset mid-body": true, "truncated JSON": true, "wrong content type": true, "slow drip": true,
	}
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.gate.Shut(f, -1)
			if err := tell(t.Context(), h.at(h.url, zuliptest.Channel, f.Patience())); err == nil || strings.Contains(err.Error(), zuliptest.Key) {
				t.Errorf("error %v", err)
			}
			h.wantClaimed(t, unsure[f.Name])
			h.gate.Open()
			if err := tell(t.Context(), h.process()); err != nil {
				t.Error(err)
			}
			if unsure[f.Name] {
				h.wantPosted(t, 0)
			} else {
				h.wantPosted(t, 1)
			}
		})
	}
}

// A message whose answer was lost is there; it is not posted again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fake.LoseAnswer()
	if err := tell(t.Context(), h.process()); err == nil {
		t.Error("no error for a lost answer")
	}
	if err := tell(t.Context(), h.process()); err != nil {
		t.Fatal(err)
	}
	h.wantPosted(t, 1)
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	nasty := "@**all** `x` [a](https://evil.example.com)\n# head\n```spoiler\n" + strings.Repeat("@**all** ", 9000)
	if err := h.process().Failed(t.Context(), "standup", "run-1", nasty, nasty, nasty); err != nil {
		t.Fatal(err)
	}
	for _, m := range h.fake.Messages() {
		for _, bad := range []string{"@*", "`", "](", "evil.example", "\n#"} {
			if strings.Contains(m.Content, bad) {
				t.Errorf("the message has %q", bad)
			}
		}
		if n := len([]rune(m.Content)); n > 10000 || strings.Count(m.Content, "\n") != 5 {
			t.Errorf("%d characters, %d line ends", n, strings.Count(m.Content, "\n"))
		}
	}
	h.wantPosted(t, 1)
}

func TestNobodyIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := tell(t.Context(), notice.New(notice.Options{Store: h.store})); err != nil {
		t.Error(err)
	}
	if err := h.process().Failed(t.Context(), "../x", "run-1", "", "", ""); err == nil {
		t.Error("took an id that is none")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := tell(stopped, h.process()); err == nil {
		t.Error("told after the end")
	}
	h.wantClaimed(t, false)
	h.wantPosted(t, 0)
}
