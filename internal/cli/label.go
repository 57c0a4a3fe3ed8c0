package cli

import (
	"fmt"
	"sync"

	"github.com/vbauerster/mpb/v8/decor"
)

// ANSI colours; plain has none.
const (
	plain = ""
	gray  = "\x1b[90m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
)

// A label is a piece of text that one goroutine sets and another shows.
type label struct {
	color bool
	mu    sync.Mutex
	value string
	style string
}

func (l *label) set(value, style string) {
	const longest = 60
	if r := []rune(value); len(r) > longest {
		value = string(r[:longest-1]) + "…"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value, l.style = value, style
}

func (l *label) text(decor.Statistics) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.color || l.style == plain {
		return l.value
	}
	return l.style + l.value + "\x1b[0m"
}

func count(done, total int) string { return fmt.Sprintf("%d of %d tracks", done, total) }
