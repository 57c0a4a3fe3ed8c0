package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// midway is a run in the middle, with a task in every state.
func midway(now time.Time) argo.Status {
	at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	began := []argo.Attempt{{Pod: "p", Started: at(-10)}}
	done := []argo.Attempt{{Pod: "p", Started: at(-10), Finished: at(-4)}}
	failed := argo.Attempt{Pod: "q", Started: at(-20), Finished: at(-15), Failed: true, Message: "no answer"}
	task := func(step string, track int, state engine.State, attempts []argo.Attempt, message, hint string) argo.Task {
		t := argo.Task{Step: step, Track: track, State: state, Attempts: attempts, Message: message, Hint: hint}
		if state.Ended() && len(attempts) > 0 {
			t.Took = 6 * time.Second
		}
		return t
	}
	s := argo.Status{Workflow: "standup-r1", Recording: "standup", Run: "r1", State: engine.Running, Started: at(-30)}
	s.Tasks = []argo.Task{
		task("get-recording", -1, engine.Succeeded, done, "", ""),
		task("pad-track", 0, engine.Cached, done, "", ""),
		task("pad-track", 1, engine.Running, began, "", ""),
		task("pad-track", 2, engine.Queued, []argo.Attempt{{Pod: "r", Started: at(-9), Pending: true}}, "no node has room", "make room"),
		task("pad-track", 3, argo.Waiting, nil, "", ""),
		task("detect-topics", -1, engine.Retrying, []argo.Attempt{failed}, "no answer", ""),
		task("generate-title", -1, engine.Failed, []argo.Attempt{failed, failed}, "still no answer", "ask again"),
		task("post-zulip", -1, engine.Skipped, done, "Zulip is not configured", ""),
		task("finalize", -1, argo.Waiting, nil, "", ""),
	}
	s.Tasks[2].Fraction = 0.5
	s.Tasks[6].Optional = true
	return s
}

func TestTreeLines(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	want := `✔ get-recording          done in 6.0s
● pad-track              1 of 4 tracks
  ✔ track 0              done before, taken over
  ● track 1              50%, 10.0s
  ○ track 2              waits for its pod: no node has room
    hint: make room
  ○ track 3
↻ detect-topics          attempt 1 failed, will be tried again: no answer
✖ generate-title         failed, the run goes on without it: still no answer (attempt 2)
  hint: ask again
  ↻ attempt 1            no answer
- post-zulip             skipped: Zulip is not configured
○ finalize`
	if diff := cmp.Diff(want, strings.Join(treeLines(midway(now), now, false), "\n")); diff != "" {
		t.Error(diff)
	}
	if colored := strings.Join(treeLines(midway(now), now, true), "\n"); !strings.Contains(colored, "\x1b[31m✖\x1b[0m") {
		t.Errorf("no colours: %q", colored)
	}
}

func TestLiveScreen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	screen := (&liveTree{width: 70}).screen(midway(now), now)
	text := strings.Join(screen, "\n")
	for _, want := range []string{
		"recording standup, run r1: running for 30.0s",
		"● pad-track            ━━━━━━━━┈┈┈┈┈┈┈┈┈┈┈┈ 1 of 4 tracks",
		"  ● track 1             50%, 10.0s",
		"↻ detect-topics        ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈ attempt 1 failed, will",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, line := range screen {
		if n := len([]rune(line)); n > 70 {
			t.Errorf("%d wide: %s", n, line)
		}
	}
	// What was drawn is drawn over, however many lines there are the next time.
	var out strings.Builder
	l := &liveTree{w: &out, width: 70}
	for range 2 {
		if err := l.show(midway(now), nil); err != nil {
			t.Fatal(err)
		}
	}
	if up := fmt.Sprintf("\x1b[%dA", len(screen)); strings.Count(out.String(), up) != 1 {
		t.Errorf("the cursor does not go back %d lines", len(screen))
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59 * time.Second: "59s", 90 * time.Second: "1m", 47 * time.Hour: "47h", 49 * time.Hour: "2d",
	} {
		if got := age(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

// TestUnified compares with the program diff.
func TestUnified(t *testing.T) {
	t.Parallel()
	numbers := func(skip ...int) string {
		var b strings.Builder
		for i := range 40 {
			switch {
			case len(skip) > 0 && i == skip[0]:
				skip = skip[1:]
			default:
				fmt.Fprintln(&b, "line", i)
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct{ a, b string }{
		"equal":   {numbers(), numbers()},
		"new":     {"", numbers(3)},
		"gone":    {numbers(), ""},
		"far":     {numbers(), numbers(3, 30)},
		"close":   {numbers(), numbers(10, 15)},
		"changed": {numbers(), strings.ReplaceAll(numbers(), "line 20\n", "new\nlines\n")},
		"ends":    {numbers(0), numbers(39)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := unified("a", "b", c.a, c.b)
			if (c.a == c.b) != (got == "") {
				t.Fatalf("got %q", got)
			}
			diff := testenv.Program(t, "diff")
			dir := t.TempDir()
			for file, text := range map[string]string{"a": c.a, "b": c.b} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := exec.Command(diff, "-u", "--label", "a", "--label", "b", filepath.Join(dir, "a"), filepath.Join(dir, "b")).Output()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}
