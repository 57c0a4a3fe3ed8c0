// Package logtest has logs for tests: what is logged goes to a function, a line
// at a time, of which the first attribute is the level.
package logtest

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
)

type lines func(line string)

// Write implements [io.Writer]. A handler writes one line at a time.
func (f lines) Write(b []byte) (int, error) {
	f(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// New returns a log of which each line is told.
func New(tell func(line string)) *slog.Logger {
	return slog.New(slog.NewTextHandler(lines(tell), &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{} // the test's output has it
			}
			return a
		},
	}))
}

// To returns the test's log. Nothing is written there any more once the test is
// being cleaned up: some of what it started may still come to its end.
func To(t testing.TB) *slog.Logger {
	t.Helper()
	var mu sync.Mutex
	over := false
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
	})
	return New(func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			t.Logf("%s", line)
		}
	})
}
